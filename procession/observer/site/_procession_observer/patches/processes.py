"""Report processes: `multiprocessing.process`, the first of its modules that a program loads.  Sends Hello.

The parent encodes a forked child's first message before the fork, see `line`.  Also reports the threads that a process
starts and the handlers that it sets.  One module, because each import costs every process 0.1 ms.
"""

import atexit
import os
import sys
from _signal import NSIG, SIGALRM, SIGINT, default_int_handler, getsignal  # type: ignore[import-not-found]
from _thread import _count, get_ident, get_native_id
from time import monotonic_ns

from .. import STARTING
from ..json_text import encoded, named, quoted
from ..line import JOINED, LINE, WAITING, call, tell
from ..page import UNMAPPED, WORDS
from ..wrapping import HIDDEN, hide, wrap

POOL = "_procession_pool"  # attribute of a pool's task queue: the key of the pool
WIDE = "_procession_wide"  # attribute of a thread that was reported again, because it may use anything
_METHODS = {method: b'"%s"' % method.encode() for method in ("fork", "spawn", "forkserver")}
# The first module that was patched.
_PATCHED = []  # type: ignore[var-annotated]
# How many threads there were at the last fork, of this process or, before its own first fork, of its parent; and what
# the others were called, as JSON.
_THREADS = [None, b"[]"]
# Handlers that raise, by signal.
_RAISING = {}  # type: ignore[var-annotated]
# Reported threads: in which second, and how many.
_THREADS_OF = [0, 0]
_MOST_THREADS = 100
# These call the target.
_THEIR_RUN = frozenset(("Thread.run", "BaseProcess.run"))


def patch(module):
    """Patch `multiprocessing.process`, or a copy of it; what all share only once."""
    if not _PATCHED:
        _PATCHED.append(module)
        os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
        atexit.register(LINE.end)
        LINE.open()
    wrap(module.BaseProcess, "start", _start)
    wrap(module.BaseProcess, "_bootstrap", _bootstrap)
    wrap(module.BaseProcess, "join", _join)
    if _PATCHED[0] is module:
        _patch_all(module.threading, module.signal)


def _patch_all(threading, signal):
    wrap(threading.Thread, "start", _start_thread)
    if "_make_invoke_excepthook" in vars(threading):
        wrap(threading, "_make_invoke_excepthook", _make_invoke_excepthook)
    wrap(signal, "signal", _signal)
    wrap(signal, "set_wakeup_fd", _set_wakeup_fd)
    wrap(signal, "alarm", _sets_alarm)
    wrap(signal, "setitimer", _sets_alarm)
    for number in range(1, NSIG):
        handler = getsignal(number)
        if callable(handler) and handler is not default_int_handler:
            _tell_handler(number, handler)


def _before_fork():
    _THREADS[:] = _threads() if _count() else (1, b"[]")


def _threads():
    try:
        from .. import forking

        count, names = forking.others()
        return count + 1, encoded(names).encode("ascii")
    except Exception:
        return _count() + 1, b"[]"


def _after_fork():
    WORDS[0] = UNMAPPED
    try:
        if WAITING:
            LINE.forget_waiting()
        if get_ident() not in STARTING:
            LINE.open()
    except Exception:
        LINE.missed()


def _start(original):
    def start(self):
        if WORDS[0] is UNMAPPED:
            LINE.pass_page()
        thread = get_ident()
        birth, facts = _described(self)
        STARTING[thread] = birth
        try:
            result = original(self)
        except BaseException as error:
            if isinstance(error, Exception):
                LINE.say("refused", name=_short(getattr(self, "_name", "")), error=_line(error))
            hide(error)
            raise
        finally:
            STARTING.pop(thread, None)
        try:
            popen = self._popen
            method = _METHODS.get(popen.method) or quoted(str(popen.method)).encode("ascii")
            sentinel = getattr(popen, "sentinel", None)
            sentinel = b"%d" % sentinel if type(sentinel) is int else b"null"
            tell(
                b'{"kind":"started","child":%d,"start_method":%s,"sentinel":%s,"at":%d,%s'
                % (popen.pid, method, sentinel, monotonic_ns(), facts)
            )
        except Exception:
            LINE.missed()
        return result

    return start


def _described(process):
    """Return the beginning of the child's first message, and the end of the parent's.

    Called before the start, which deletes the target.
    """
    try:
        target = getattr(process, "_target", None)
        role = _role(target, getattr(process, "_args", ()))
        both = '"name":%s,"daemon":%s' % (
            quoted(_short(process._name)),
            "true" if process._config.get("daemon") else "false",
        )
        facts = '%s,"target":%s,"cls":%s,"role":%s,"reaches":%s}' % (
            both,
            "null" if target is None else quoted(named(target)),
            quoted(type(process).__name__),
            "null" if role is None else quoted(role),
            encoded(_reach(process, "_target", "_args", "_kwargs")),
        )
        birth = '{"kind":"born","program":%s,%s,"parent":%d' % (LINE.program, both, os.getpid())
        return birth.encode("ascii"), facts.encode("ascii")
    except Exception:
        return None, b'"name":"","daemon":false}'


def _reach(runner, target, args, kwargs):
    """Return the keys of the resources that a process or thread can use, by its run() or target; None for any."""
    from .. import reach  # most processes start none

    if type(runner).run.__qualname__ not in _THEIR_RUN:
        return reach.reached(runner.run)
    given = vars(runner)
    return reach.reached(given.get(target), given.get(args), given.get(kwargs))


def _start_thread(original):
    """Report which resources a thread of the program can use: any other has no part in a wait for them."""

    def start(self):
        told = _reports_threads()
        try:
            # Before the start: the thread deletes its target when it ends.
            reaches = _reach(self, "_target", "_args", "_kwargs") if told else None
        except Exception:
            reaches = None
        with HIDDEN:
            original(self)
        if told:
            tell_thread(self, None if hasattr(self, WIDE) else reaches)

    return start


def tell_thread(thread, reaches=None):
    """Report the resources that a thread can use, None for any; the last report counts."""
    try:
        told = '{"kind":"thread","tid":%d,"name":%s,"reaches":%s,"at":%d}' % (
            thread.native_id,
            quoted(_short(thread.name)),
            encoded(reaches),
            monotonic_ns(),
        )
        tell(told.encode("ascii"))
    except Exception:
        LINE.missed()


def _make_invoke_excepthook(original):
    """Report a thread that dies of an exception, by the hook that it then calls: its traceback has no frame of ours."""

    def _make_invoke_excepthook():
        invoke = original()

        def invoke_excepthook(thread):
            try:
                if _reports_threads():
                    from . import dying

                    dying.tell(thread)
            except Exception:
                LINE.missed()
            invoke(thread)

        return invoke_excepthook

    return _make_invoke_excepthook


def _signal(original):
    """Report which resources a handler can use: it can end a wait in which its process is blocked."""

    def signal(signalnum, handler):
        with HIDDEN:
            before = original(signalnum, handler)
        if callable(handler) or callable(before):
            _tell_handler(int(signalnum), handler)
        return before

    return signal


def _tell_handler(number, handler):
    try:
        from .. import reach

        function = getattr(handler, "func", handler)
        # What asyncio.run() does on Ctrl-C is what Python does without a handler.
        default = handler is default_int_handler or getattr(function, "__qualname__", "") == "Runner._on_sigint"
        handles = callable(handler) and not default
        # Those of an event loop only tell the loop, which runs when its process is not blocked.
        if handles and reach.raises(handler):
            _RAISING[number] = handler
        else:
            _RAISING.pop(number, None)
        of_loop = str(getattr(function, "__module__", "")).startswith("asyncio.")
        told = '{"kind":"handling","signal":%d,"over":%s,"reaches":%s,"at":%d}' % (
            number,
            "false" if handles else "true",
            encoded([] if of_loop else reach.reached(handler) if handles else None),
            monotonic_ns(),
        )
        tell(told.encode("ascii"))
    except Exception:
        LINE.missed()


def _set_wakeup_fd(original):
    """Report the descriptor that each handled signal writes to: it can end a wait for the other end."""

    def set_wakeup_fd(fd, *args, **kwargs):
        with HIDDEN:
            before = original(fd, *args, **kwargs)
        try:
            from .. import following

            keys = encoded([following.key_of_fd(fd)]) if fd >= 0 else "null"
            over = "false" if fd >= 0 else "true"
            told = '{"kind":"handling","signal":0,"over":%s,"reaches":%s,"at":%d}' % (over, keys, monotonic_ns())
            tell(told.encode("ascii"))
        except Exception:
            LINE.missed()
        return before

    return set_wakeup_fd


def _sets_alarm(original):
    """Report an alarm that will end what the main thread waits for, by the process or by a handler that raises."""

    def sets_alarm(*args):
        with HIDDEN:
            before = original(*args)
        try:
            from . import alarms

            alarms.tell(SIGALRM in _RAISING)
        except Exception:
            LINE.missed()
        return before

    return sets_alarm


def _reports_threads():
    """Return whether to report one more thread: a hundred a second at most."""
    second = monotonic_ns() // 1_000_000_000
    if _THREADS_OF[0] != second:
        _THREADS_OF[:] = second, 0
    _THREADS_OF[1] += 1
    return _THREADS_OF[1] <= _MOST_THREADS


def _short(name):
    """Cut a name, so that the message keeps its size limit."""
    return str(name)[:200]


def _role(target, arguments):
    if getattr(target, "__name__", "") == "_run_server":
        return "manager"
    pool = getattr(arguments[0] if arguments else target, POOL, None)
    if pool is None and getattr(target, "__module__", "") == "procession.pool.worker_process.main":
        pool = _safe_pool()
    return None if pool is None else "pool:" + pool


def _safe_pool():
    """Return the key of the safe pool that is being made."""
    from ..making import NESTING  # most processes need not load it

    return "%d-%x" % (os.getpid(), NESTING.within[0]) if NESTING.within else None


def _line(error):
    return ("%s: %s" % (type(error).__name__, error))[:500]


def _bootstrap(original):
    def _bootstrap(self, *args, **kwargs):
        birth = STARTING.pop(get_ident(), None)
        try:
            told = birth and birth + b',"threads":%d,"threads_of_parent":%s,"at":%d}' % (*_THREADS, monotonic_ns())
            born = told is not None and call(told)
        except Exception:
            born = False
        if not born:
            _tell_booted(self)
        with HIDDEN:
            code = original(self, *args, **kwargs)
        status = code if isinstance(code, int) else 1
        tell(b'{"kind":"exiting","exitcode":%d,"at":%d}' % (status, monotonic_ns()))
        return code

    return _bootstrap


def _tell_booted(process):
    try:
        told = '{"kind":"booted","name":%s,"parent":%d,"daemon":%s,"threads":%s,"threads_of_parent":%s,"at":%d}' % (
            quoted(_short(process._name)),
            process._parent_pid or 0,
            "true" if process._config.get("daemon") else "false",
            "null" if _THREADS[0] is None else _THREADS[0],
            _THREADS[1].decode("ascii"),
            monotonic_ns(),
        )
        tell(told.encode("ascii"))
    except Exception:
        LINE.missed()


def _tell_interruptible(frame):
    """Report what the callers of a join go on to use if a signal raises there; return these signals.

    Of Ctrl-C, if one of them expects it; of other signals, if their handlers raise.
    """
    told = []
    try:
        if get_native_id() != os.getpid():
            return told
        frames = []
        while frame is not None:
            frames.append(frame)
            frame = frame.f_back
        expects = any("KeyboardInterrupt" in one.f_code.co_names for one in frames)
        handlers = dict(_RAISING)
        if expects and getsignal(SIGINT) is default_int_handler:
            handlers[SIGINT] = None
        for number, handler in handlers.items():
            from .. import reach

            keys = reach.reached(handler) if handler else []
            if keys is not None:
                keys = sorted({*keys, *(key for one in frames for key in reach.used_after(one))})
                word = '{"kind":"handling","signal":%d,"reaches":%s,"at":%d}'
                tell((word % (number, encoded(keys), monotonic_ns())).encode("ascii"))
                told.append(number)
    except Exception:
        LINE.missed()
    return told


def _join(original):
    def join(self, timeout=None):
        popen = getattr(self, "_popen", None)
        child = getattr(popen, "pid", None)
        if timeout is not None or type(child) is not int or popen.returncode is not None:
            with HIDDEN:
                return original(self, timeout)
        JOINED[0] = None
        interruptible = _tell_interruptible(sys._getframe(1))
        tell(b'{"kind":"joining","child":%d,"at":%d}' % (child, monotonic_ns()))
        try:
            return original(self, timeout)
        except BaseException as error:
            hide(error)
            raise
        finally:
            for number in interruptible:
                _tell_handler(number, getsignal(number))
            # "joined" also ends the waiting.
            if JOINED[0] != child:
                tell(b'{"kind":"joining","child":%d,"over":true,"at":%d}' % (child, monotonic_ns()))

    return join
