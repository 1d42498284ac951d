"""The pool as its users see it: the interface of `multiprocessing.pool.Pool`, and what it offers beyond."""

from __future__ import annotations

import multiprocessing
import os
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count, islice
from multiprocessing import util
from multiprocessing.pool import CLOSE, INIT, RUN, TERMINATE
from multiprocessing.process import BaseProcess

from procession.pool.tasks.apply import AsyncResult
from procession.pool.tasks.bookkeeping import Ledger
from procession.pool.tasks.feeder import Feeder
from procession.pool.tasks.iterators import ChunkedIterator, IMapIterator, IMapUnorderedIterator
from procession.pool.tasks.maps import ManyResults, MapResult
from procession.pool.tasks.sources import Source, arguments, is_plain

from .making import make_dispatcher, start_process
from .oversight import Oversight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.apply import Callback


class Pool(Oversight):
    """A pool of worker processes that can be killed at any moment: what they were executing raises `WorkerLost`.

    A drop-in for `multiprocessing.pool.Pool`, whose documentation holds for everything that has a name there; where
    the stdlib would hang, there is an exception.  Beyond it: ``retries`` (how often a task is run again after its
    worker was lost; also for a single call), `resize`, `statistics`, and verbs for one worker.  Linux only (5.3).
    """

    @staticmethod
    def Process(ctx: Any, *args: Any, **kwds: Any) -> Any:  # noqa: N802 - the stdlib's name, which some override
        """Make a worker's process."""
        return ctx.Process(*args, **kwds)

    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        maxtasksperchild: int | None = None,
        context: Any = None,
        *,
        retries: int = 0,
    ) -> None:
        """Raises ValueError or TypeError for a wrong argument, and whatever starting a process raises."""
        self._pool: list[BaseProcess] = []
        self._state = INIT
        self._ctx = context or multiprocessing.get_context()
        wanted = _cpus() if processes is None else processes
        if wanted < 1:
            raise ValueError("Number of processes must be at least 1")
        if maxtasksperchild is not None and not _is_int(maxtasksperchild, 1):
            raise ValueError("maxtasksperchild must be a positive int or None")
        if initializer is not None and not callable(initializer):
            raise TypeError("initializer must be a callable")
        self._retries = _checked_retries(retries)
        self._calls = count(1)
        self._ledger = Ledger()
        start = partial(start_process, self.Process, self._ctx, initializer, tuple(initargs), maxtasksperchild)
        self._dispatcher = make_dispatcher(self._ledger, self._pool, wanted, start, maxtasksperchild)
        try:
            for _ in range(wanted):
                self._dispatcher.crew.hire()
        except BaseException:
            self._dispatcher.terminate()
            raise
        self._dispatcher.start()
        # Knows nothing of this object, so that it can be collected; then, or at exit, the workers end.
        self._terminate = util.Finalize(self, self._dispatcher.terminate, exitpriority=15)
        self._state = RUN

    # One call

    def apply(self, func: Callable[..., Any], args: Iterable[Any] = (), kwds: dict[str, Any] = {}) -> Any:  # noqa: B006
        """Call ``func(*args, **kwds)`` in a worker and wait for what it returns or raises."""
        self._check_running()
        result = AsyncResult(self, next(self._calls), func, tuple(args), kwds, None, None, self._retries)
        self._dispatcher.call(result)
        return result.get()

    def apply_async(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] = (),
        kwds: dict[str, Any] = {},  # noqa: B006 - the stdlib's signature, and never changed
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        retries: int | None = None,
    ) -> AsyncResult:
        """Call it in a worker; the result is there at once, what it holds later."""
        if self._state != RUN:
            raise ValueError("Pool not running")
        again = self._retries if retries is None else _checked_retries(retries)
        result = AsyncResult(self, next(self._calls), func, tuple(args), kwds, callback, error_callback, again)
        self._dispatcher.submit(result)
        return result

    # Many calls

    def map(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        *,
        retries: int | None = None,
    ) -> list[Any]:
        """``list(map(func, iterable))`` by all workers, ``chunksize`` items as one task."""
        return self._map(func, iterable, chunksize, retries=retries).get()

    def map_async(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        retries: int | None = None,
    ) -> MapResult:
        """As `map`, without waiting."""
        return self._map(func, iterable, chunksize, callback, error_callback, retries=retries)

    def starmap(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        *,
        retries: int | None = None,
    ) -> list[Any]:
        """As `map`, each item being the arguments of one call."""
        return self._map(func, iterable, chunksize, starred=True, retries=retries).get()

    def starmap_async(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        retries: int | None = None,
    ) -> MapResult:
        """As `starmap`, without waiting."""
        return self._map(func, iterable, chunksize, callback, error_callback, starred=True, retries=retries)

    def imap(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int = 1,
        *,
        retries: int | None = None,
    ) -> IMapIterator | ChunkedIterator:
        """The results one by one, in the order of the iterable, which is asked for its items as they are needed."""
        return self._imap(IMapIterator, func, iterable, chunksize, retries)

    def imap_unordered(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int = 1,
        *,
        retries: int | None = None,
    ) -> IMapIterator | ChunkedIterator:
        """As `imap`, in the order in which they are done."""
        return self._imap(IMapUnorderedIterator, func, iterable, chunksize, retries)

    # Its end

    def close(self) -> None:
        """Take no more calls; the workers end when all are done."""
        if self._state == RUN:
            self._state = CLOSE
            self._dispatcher.closing = True
            self._dispatcher.wake()

    def terminate(self) -> None:
        """End the workers at once: what they execute raises `WorkerLost`, what waits `PoolTerminated`."""
        self._state = TERMINATE
        self._terminate()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the workers have ended, at most ``timeout`` seconds; whether they have.

        Raises ValueError unless `close` or `terminate` was called.
        """
        if self._state == RUN:
            raise ValueError("Pool is still running")
        if self._state not in (CLOSE, TERMINATE):
            raise ValueError("In unknown state")
        return self._dispatcher.join(timeout)

    def __enter__(self) -> Pool:
        self._check_running()
        return self

    def __exit__(self, *exception: object) -> None:
        self.terminate()

    def __del__(self, _warn: Any = warnings.warn, _running: str = RUN) -> None:
        if self._state == _running:
            _warn(f"unclosed running multiprocessing pool {self!r}", ResourceWarning, source=self)

    def __repr__(self) -> str:
        kind = type(self)
        return f"<{kind.__module__}.{kind.__qualname__} state={self._state} pool_size={len(self._pool)}>"

    def __reduce__(self) -> Any:
        raise NotImplementedError("pool objects cannot be passed between processes or pickled")

    # Parts

    def _map(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Any],
        chunksize: int | None,
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        starred: bool = False,
        retries: int | None,
    ) -> MapResult:
        self._check_running()
        items: Any = iterable if hasattr(iterable, "__len__") else list(iterable)
        length = len(items)
        if chunksize is None:
            chunksize = -(-length // (len(self._pool) * 4 or 4))
        result = MapResult(self, next(self._calls), max(chunksize, 1), length, callback, error_callback)
        if length:
            self._feed(result, func, items, length, starred=starred, retries=retries)
        return result

    def _imap(
        self,
        kind: type[IMapIterator],
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int,
        retries: int | None,
    ) -> IMapIterator | ChunkedIterator:
        self._check_running()
        if chunksize < 1:
            raise ValueError(f"Chunksize must be 1+, not {chunksize:n}")
        result = kind(self, next(self._calls), chunksize)
        self._feed(result, func, iterable, None, starred=False, retries=retries)
        return result if chunksize == 1 else ChunkedIterator(result)

    def _feed(
        self,
        result: ManyResults,
        func: Callable[..., Any],
        iterable: Iterable[Any],
        most: int | None,
        *,
        starred: bool,
        retries: int | None,
    ) -> None:
        again = self._retries if retries is None else _checked_retries(retries)
        plain, unbounded = is_plain(iterable), not hasattr(iterable, "__len__")
        if most is not None:
            iterable = islice(iterable, most)  # a list may grow while it is mapped
        if plain:
            called, kind, calls = arguments(func, iterable, result.chunksize, starred=starred)
            source = Source(result, called, kind, calls, again)
            source.unbounded = unbounded
            self._dispatcher.enqueue(source)
            return
        feeder = Feeder(result, func, iterable, starred=starred, retries=again, ready=self._dispatcher.offer)
        feeder.source.unbounded = unbounded
        self._dispatcher.announce(feeder.source)
        feeder.start()

    def _call_back(self, call: Callable[[], object]) -> None:
        self._dispatcher.callbacks.add(call)

    def _is_held_up(self, *, calls_back: bool) -> bool:
        """Whether a result would never come that somebody is about to wait for; it ``calls_back`` before it comes."""
        dispatcher = self._dispatcher
        return dispatcher.is_held_up() or (calls_back and dispatcher.callbacks.is_current())

    def _repopulate_pool(self) -> None:
        """As in the stdlib, for programs that reach into it."""
        self._dispatcher.wake()


def _is_int(value: object, least: int) -> bool:
    return isinstance(value, int) and value >= least


def _cpus() -> int:
    return len(os.sched_getaffinity(0)) or 1


def _checked_retries(retries: int) -> int:
    if not _is_int(retries, 0):
        raise ValueError(f"retries must be an int of at least 0, not {retries!r}")
    return retries
