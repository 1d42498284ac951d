"""Report the handlers, alarms and wake-up descriptors that a process sets: a signal can end what it waits for."""

import os
from _signal import NSIG, SIGALRM, SIGINT, default_int_handler, getsignal  # type: ignore[import-not-found]
from _thread import get_native_id
from time import monotonic_ns

from ..json_text import encoded
from ..line import LINE, tell
from ..wrapping import HIDDEN, wrap

# Handlers that raise, by signal.
_RAISING = {}  # type: ignore[var-annotated]


def patch(module):
    """Patch `signal`, and report the handlers that are set."""
    wrap(module, "signal", _signal)
    wrap(module, "set_wakeup_fd", _set_wakeup_fd)
    wrap(module, "alarm", _sets_alarm)
    wrap(module, "setitimer", _sets_alarm)
    for number in range(1, NSIG):
        handler = getsignal(number)
        if callable(handler) and handler is not default_int_handler:
            tell_handler(number, handler)


def _signal(original):
    """Report which resources a handler can use: it can end a wait in which its process is blocked."""

    def signal(signalnum, handler):
        with HIDDEN:
            before = original(signalnum, handler)
        if callable(handler) or callable(before):
            tell_handler(int(signalnum), handler)
        return before

    return signal


def tell_handler(number, handler):
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
        if number == SIGALRM:
            _tell_alarm()
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
            _tell_alarm()
        except Exception:
            LINE.missed()
        return before

    return sets_alarm


def _tell_alarm():
    from . import alarms

    alarms.tell(SIGALRM in _RAISING)


def tell_interruptible(frame):
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
