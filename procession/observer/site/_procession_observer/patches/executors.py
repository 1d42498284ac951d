"""Report pools of `concurrent.futures.process`."""

from _weakref import ref

from .. import making
from ..line import LINE
from ..making import address_key, key_of
from ..wrapping import HIDDEN, wrap
from . import ending, tasking
from .processes import POOL
from .threads import WIDE, tell_thread

# The threads of executors that are reported to use only what they were given.
_MANAGERS = []  # type: ignore[var-annotated]


def patch(module):
    wrap(module.ProcessPoolExecutor, "__init__", making.made_by(_describe))
    wrap(module, "_process_worker", _process_worker)
    thread = vars(getattr(module, "_ExecutorManagerThread", object))
    if hasattr(module, "_ExecutorManagerThread"):
        wrap(module._ExecutorManagerThread, "__init__", _note_manager)
        _watch_callbacks(module._base.Future)
    for name in ("_terminate_broken", "terminate_broken"):  # the second calls the first, where both exist
        if name in thread:
            wrap(module._ExecutorManagerThread, name, _terminate_broken)
            break
    if "_force_shutdown" in vars(module.ProcessPoolExecutor):
        wrap(module.ProcessPoolExecutor, "_force_shutdown", _force_shutdown)


def _note_manager(original):
    def __init__(self, *args, **kwargs):
        with HIDDEN:
            original(self, *args, **kwargs)
        _MANAGERS.append(ref(self))

    return __init__


def _watch_callbacks(cls):
    cls = next((one for one in cls.__mro__ if "add_done_callback" in vars(one)), None)
    if cls is not None and not hasattr(cls.add_done_callback, "__wrapped__"):
        wrap(cls, "add_done_callback", _add_done_callback)


def _add_done_callback(original):
    """The threads of executors call them, and they may use anything."""

    def add_done_callback(self, fn):
        while _MANAGERS:
            _widen(_MANAGERS.pop()())
        with HIDDEN:
            return original(self, fn)

    return add_done_callback


def _widen(thread):
    try:
        if thread is not None:
            setattr(thread, WIDE, True)
            if thread.is_alive():
                tell_thread(thread)
    except Exception:
        LINE.missed()


def _describe(self, fds):
    key = address_key(self)
    setattr(self._call_queue, POOL, key)
    parts = {"inqueue": key_of(self._call_queue), "outqueue": key_of(self._result_queue)}
    return "pool", key, parts, {"cache": id(self._pending_work_items), "length": self._max_workers}


def _process_worker(original):
    def _process_worker(call_queue, result_queue, *args, **kwargs):
        call_queue, result_queue = tasking.around(call_queue, result_queue, _look)
        with HIDDEN:
            return original(call_queue, result_queue, *args, **kwargs)

    return _process_worker


def _terminate_broken(original):
    """A worker has died; the executor ends the others."""

    def _terminate_broken(self, *args, **kwargs):
        ending.tell(list(self.processes.values()))
        with HIDDEN:
            return original(self, *args, **kwargs)

    return _terminate_broken


def _force_shutdown(original):
    """``terminate_workers()`` and ``kill_workers()``, since Python 3.14."""

    def _force_shutdown(self, *args, **kwargs):
        ending.tell(list((self._processes or {}).values()))
        with HIDDEN:
            return original(self, *args, **kwargs)

    return _force_shutdown


def _look(item):
    """Return (function, number of items) of a work item; `map` wraps the function in a partial `_process_chunk`."""
    function = item.fn
    chunk = getattr(getattr(function, "func", None), "__name__", "") == "_process_chunk"
    return (function.args[0], len(item.args[0])) if chunk else (function, 1)
