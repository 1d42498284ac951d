"""Report processes: `multiprocessing.process`, the first of its modules that a program loads.  Sends Hello.

The parent encodes a forked child's first message before the fork, see `line`.
"""

import atexit
import os
import sys
from _signal import getsignal  # type: ignore[import-not-found]
from _thread import _count, get_ident
from time import monotonic_ns

from .. import STARTING
from ..json_text import encoded, named, quoted, short
from ..line import JOINED, LINE, WAITING, call, tell
from ..page import UNMAPPED, WORDS
from ..wrapping import HIDDEN, hide, wrap
from . import handlers, threads

POOL = "_procession_pool"  # attribute of a pool's task queue: the key of the pool
_METHODS = {method: b'"%s"' % method.encode() for method in ("fork", "spawn", "forkserver")}
# The first module that was patched.
_PATCHED = []  # type: ignore[var-annotated]
# How many threads there were at the last fork, of this process or, before its own first fork, of its parent; and what
# the others were called, as JSON.
_THREADS = [None, b"[]"]


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
        threads.patch(module.threading)
        handlers.patch(module.signal)


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
                LINE.say("refused", name=short(getattr(self, "_name", "")), error=_line(error))
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
            quoted(short(process._name)),
            "true" if process._config.get("daemon") else "false",
        )
        facts = '%s,"target":%s,"cls":%s,"role":%s,"reaches":%s}' % (
            both,
            "null" if target is None else quoted(named(target)),
            quoted(type(process).__name__),
            "null" if role is None else quoted(role),
            encoded(threads.reach_of(process, "_target", "_args", "_kwargs")),
        )
        birth = '{"kind":"born","program":%s,%s,"parent":%d' % (LINE.program, both, os.getpid())
        return birth.encode("ascii"), facts.encode("ascii")
    except Exception:
        return None, b'"name":"","daemon":false}'


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
            quoted(short(process._name)),
            process._parent_pid or 0,
            "true" if process._config.get("daemon") else "false",
            "null" if _THREADS[0] is None else _THREADS[0],
            _THREADS[1].decode("ascii"),
            monotonic_ns(),
        )
        tell(told.encode("ascii"))
    except Exception:
        LINE.missed()


def _join(original):
    def join(self, timeout=None):
        popen = getattr(self, "_popen", None)
        child = getattr(popen, "pid", None)
        if timeout is not None or type(child) is not int or popen.returncode is not None:
            with HIDDEN:
                return original(self, timeout)
        JOINED[0] = None
        interruptible = handlers.tell_interruptible(sys._getframe(1))
        tell(b'{"kind":"joining","child":%d,"at":%d}' % (child, monotonic_ns()))
        try:
            return original(self, timeout)
        except BaseException as error:
            hide(error)
            raise
        finally:
            for number in interruptible:
                handlers.tell_handler(number, getsignal(number))
            # "joined" also ends the waiting.
            if JOINED[0] != child:
                tell(b'{"kind":"joining","child":%d,"over":true,"at":%d}' % (child, monotonic_ns()))

    return join
