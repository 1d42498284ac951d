"""Report pools: `multiprocessing.pool`.  Workers that a pool is about to end are reported before: others may end them
too."""

import os

from .. import making
from ..line import LINE
from ..making import address_key, key_of
from ..wrapping import HIDDEN, wrap
from . import ending, tasking
from .processes import POOL
from .threads import WIDE, tell_thread

_CHUNKS = ("mapstar", "starmapstar")


def patch(module):
    _observe(module)
    if os.environ.get("PROCESSION_SAFE_POOL") == "1" and module.__name__ == "multiprocessing.pool":
        from .. import safe_pool

        safe_pool.patch(module)


def _observe(module):
    made = making.made_by(_describe)
    wrap(module.Pool, "__init__", lambda original: _unless_threads(module, original, made(original)))
    wrap(module.Pool, "_setup_queues", _setup_queues)
    wrap(module.Pool, "_terminate_pool", _terminate_pool)
    wrap(module, "worker", _worker)
    wrap(module.ApplyResult, "__init__", _with_callbacks)
    wrap(module.IMapIterator, "__init__", _with_iterable)


def _unless_threads(module, original, watched):
    def __init__(self, *args, **kwargs):
        with HIDDEN:
            (original if isinstance(self, module.ThreadPool) else watched)(self, *args, **kwargs)

    return __init__


def _describe(self, fds):
    parts = {
        "inqueue": key_of(self._inqueue),
        "outqueue": key_of(self._outqueue),
        "changes": key_of(self._change_notifier),
    }
    facts = {"cache": id(self._cache), "length": self._processes, "initializer": name_of(self._initializer)}
    return "pool", address_key(self), parts, facts


def name_of(initializer):
    """Return what a function is called; None without one."""
    return None if initializer is None else getattr(initializer, "__qualname__", type(initializer).__name__)


def _setup_queues(original):
    """Mark the queue before the first worker starts, so that the worker's pool is known."""

    def _setup_queues(self):
        with HIDDEN:
            original(self)
        setattr(self._inqueue, POOL, address_key(self))

    return _setup_queues


def _terminate_pool(original):
    """Covers all causes: terminate(), the end of a with block or of the program, a collected pool."""

    def _terminate_pool(cls, taskqueue, inqueue, outqueue, pool, *args, **kwargs):
        if getattr(inqueue, POOL, None) is not None:
            ending.tell(pool)
        with HIDDEN:
            return original(cls, taskqueue, inqueue, outqueue, pool, *args, **kwargs)

    return _terminate_pool


def _with_callbacks(original):
    """The threads of a pool call the callbacks of the program, which may use anything."""

    def __init__(self, pool, *args, **kwargs):
        with HIDDEN:
            original(self, pool, *args, **kwargs)
        if any(map(callable, args)) or any(map(callable, kwargs.values())):
            _widen(pool, "_result_handler", "_task_handler")

    return __init__


def _with_iterable(original):
    """One of them goes through the iterable of imap()."""

    def __init__(self, pool, *args, **kwargs):
        with HIDDEN:
            original(self, pool, *args, **kwargs)
        _widen(pool, "_task_handler")

    return __init__


def _widen(pool, *names):
    try:
        for name in names:
            thread = getattr(pool, name, None)
            if thread is not None and not hasattr(thread, WIDE):
                setattr(thread, WIDE, True)
                tell_thread(thread)
    except Exception:
        LINE.missed()


def _worker(original):
    def worker(inqueue, outqueue, *args, **kwargs):
        if hasattr(inqueue, "_writer"):  # not the queue of a ThreadPool
            inqueue, outqueue = tasking.around(inqueue, outqueue, _look)
        with HIDDEN:
            return original(inqueue, outqueue, *args, **kwargs)

    return worker


def _look(task):
    _, _, function, arguments, _ = task
    if arguments and getattr(function, "__name__", "") in _CHUNKS:
        function, items = arguments[0]
        return function, len(items)
    return function, 1
