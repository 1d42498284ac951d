"""Processes: `multiprocessing.process`, the first module of it that every program loads.  Says Hello."""

import atexit
import os
from _thread import _count

from .line import LINE
from .making import NESTING, POOL
from .wording import named
from .wrapping import wrap


class _Fork:
    """How many threads there were when this process was forked; None where it was not."""

    threads = None


def patch(module):
    os.register_at_fork(before=_before_fork, after_in_child=_after_fork)
    atexit.register(LINE.end)
    LINE.open()
    wrap(module.BaseProcess, "start", _start)
    wrap(module.BaseProcess, "_bootstrap", _bootstrap)
    wrap(module.BaseProcess, "join", _join)


def _before_fork():
    _Fork.counted = _count() + 1


def _after_fork():
    _Fork.threads = _Fork.counted
    NESTING.within = []
    try:
        LINE.renew()
    except Exception:
        LINE.missed()


def _start(original):
    def start(self):
        facts = _facts(self)
        try:
            result = original(self)
        except Exception as error:
            LINE.say("refused", name=facts.get("name", ""), error=_line(error))
            raise
        popen = getattr(self, "_popen", None)
        if popen is not None:
            method, sentinel = str(getattr(popen, "method", "")), getattr(popen, "sentinel", None)
            LINE.say("started", child=popen.pid, start_method=method, sentinel=sentinel, **facts)
        return result

    return start


def _facts(process):
    """Before the start, which deletes the target."""
    try:
        target = getattr(process, "_target", None)
        return {
            "name": _short(process._name),
            "daemon": bool(process._config.get("daemon")),
            "target": None if target is None else named(target),
            "cls": type(process).__name__,
            "role": _role(target, getattr(process, "_args", ())),
        }
    except Exception:
        return {"name": "", "daemon": False}


def _short(name):
    """A word has its limit, and with a name of ten thousand letters nothing would be told at all."""
    return str(name)[:200]


def _role(target, arguments):
    if getattr(target, "__name__", "") == "_run_server":
        return "manager"
    pool = getattr(arguments[0], POOL, None) if arguments else None
    if pool is None and NESTING.within and getattr(target, "__module__", "") == "procession.pool.worker":
        pool = "%d-%x" % (LINE.pid, NESTING.within[0])  # a safe pool that is just being made
    return None if pool is None else "pool:" + pool


def _line(error):
    return ("%s: %s" % (type(error).__name__, error))[:500]


def _bootstrap(original):
    def _bootstrap(self, *args, **kwargs):
        try:
            daemon = bool(self._config.get("daemon"))
            LINE.say(
                "booted", name=_short(self._name), parent=self._parent_pid or 0, daemon=daemon, threads=_Fork.threads
            )
        except Exception:
            LINE.missed()
        code = original(self, *args, **kwargs)
        LINE.say("exiting", exitcode=code if isinstance(code, int) else 1)
        return code

    return _bootstrap


def _join(original):
    def join(self, timeout=None):
        popen = getattr(self, "_popen", None)
        child = getattr(popen, "pid", None)
        if timeout is not None or child is None or popen.returncode is not None:
            return original(self, timeout)
        LINE.say("joining", child=child)
        try:
            return original(self, timeout)
        finally:
            LINE.say("joining", child=child, over=True)

    return join
