"""The calls of a pool: what `multiprocessing.pool.Pool` has, with retries and time limits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from multiprocessing.pool import RUN, mapstar, starmapstar  # type: ignore[attr-defined]

from procession.pool.tasks.apply import AsyncResult
from procession.pool.tasks.iterators import (
    ChunkedIterator,
    IMapIterator,
    IMapUnorderedIterator,
    OrderedResults,
    UnorderedResults,
)
from procession.pool.tasks.maps import MapResult

from .options import Options
from .submission import Submission

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.apply import Callback


class Calls(Submission):
    """The part of a `Pool` that programs call to have something executed."""

    def apply(self, func: Callable[..., Any], args: Iterable[Any] = (), kwds: Mapping[str, Any] = {}) -> Any:
        """Call ``func(*args, **kwds)`` in a worker and return its result, or raise what it raises."""
        if type(self).apply_async is not Calls.apply_async:
            return self.apply_async(func, args, kwds).get()
        self._check_running()
        result = AsyncResult(self, next(self._calls), func, tuple(args), kwds, None, None, self._retries)
        result.timeout_s = self._timeout_s
        self._dispatcher.call(result)
        return result.get()

    def apply_async(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> AsyncResult:
        """Call ``func(*args, **kwds)`` in a worker; return a result object at once."""
        if self._state != RUN:
            raise ValueError("Pool not running")
        again, limit_s = self._limits(retries, timeout_s)
        result = AsyncResult(self, next(self._calls), func, tuple(args), kwds, callback, error_callback, again)
        result.timeout_s = limit_s
        self._dispatcher.submit(result)
        return result

    def map(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> list[Any]:
        """Return ``list(map(func, iterable))``, computed by all workers in tasks of ``chunksize`` items."""
        return self._map_async(func, iterable, mapstar, chunksize, **_given(retries, timeout_s)).get()

    def map_async(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> MapResult:
        """As `map`, but return a result object at once."""
        return self._map_async(
            func, iterable, mapstar, chunksize, callback, error_callback, **_given(retries, timeout_s)
        )

    def starmap(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> list[Any]:
        """As `map`; each item is a tuple of arguments."""
        return self._map_async(func, iterable, starmapstar, chunksize, **_given(retries, timeout_s)).get()

    def starmap_async(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> MapResult:
        """As `starmap`, but return a result object at once."""
        return self._map_async(
            func, iterable, starmapstar, chunksize, callback, error_callback, **_given(retries, timeout_s)
        )

    def imap(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int = 1,
        buffersize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> IMapIterator | ChunkedIterator:
        """Iterate over the results in the order of the iterable, whose items are taken as they are needed.

        With a ``buffersize``, no more tasks are started ahead of the results that were taken: as many as there are
        workers, and so many more.
        """
        return self._imap(
            (IMapIterator, OrderedResults), func, iterable, chunksize, buffersize, self._limits(retries, timeout_s)
        )

    def imap_unordered(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int = 1,
        buffersize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> IMapIterator | ChunkedIterator:
        """As `imap`, in the order in which the tasks finish."""
        return self._imap(
            (IMapUnorderedIterator, UnorderedResults),
            func,
            iterable,
            chunksize,
            buffersize,
            self._limits(retries, timeout_s),
        )

    def options(self, *, retries: int | None = None, timeout_s: float | None = None) -> Options:
        """Return the calls of this pool, with the stdlib's signatures, for other retries or another time limit.

        A task that runs longer than ``timeout_s`` is ended with its worker, and raises `TaskTimeout`.
        """
        self._limits(retries, timeout_s)  # raises for wrong ones
        return Options(self, _given(retries, timeout_s))


def _given(retries: int | None, timeout_s: float | None) -> dict[str, Any]:
    """Leave out what was not given: a subclass may override `Pool._map_async` with the stdlib's signature."""
    return {name: value for name, value in (("retries", retries), ("timeout_s", timeout_s)) if value is not None}
