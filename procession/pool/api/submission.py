"""Make tasks of the calls of a pool and pass them to its dispatcher."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count, islice
from multiprocessing.pool import mapstar  # type: ignore[attr-defined]
from multiprocessing.process import BaseProcess

from procession.pool.tasks.handed_in import HandedInTask, HandedInTasks
from procession.pool.tasks.iterators import ChunkedIterator, IMapIterator, OrderedResults
from procession.pool.tasks.maps import ManyResults, MapResult
from procession.pool.tasks.sources import Source, arguments, is_endless, is_plain
from procession.pool.tasks.task import Item

from .oversight import Oversight

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.apply import Callback


class Submission(Oversight):
    """The part of a `Pool` that map and imap have in common."""

    _pool: list[BaseProcess]
    _calls: count[int]
    _retries: int
    _timeout_s: float | None

    def _map_async(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Any],
        mapper: Callable[[Any], list[Any]],
        chunksize: int | None = None,
        callback: Callback = None,
        error_callback: Callback = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> MapResult:
        """Make tasks of which each calls ``mapper((func, items))``; every kind of map comes here, as in the stdlib."""
        self._check_running()
        items: Any = iterable if hasattr(iterable, "__len__") else list(iterable)
        length = len(items)
        if chunksize is None:
            chunksize = -(-length // (len(self._pool) * 4 or 4))
        result = MapResult(self, next(self._calls), max(chunksize, 1), length, callback, error_callback)
        if length:
            self._feed(result, func, items, length, mapper=mapper, limits=self._limits(retries, timeout_s))
        return result

    def _imap(
        self,
        kinds: tuple[type[IMapIterator], type[OrderedResults]],
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int,
        buffersize: int | None,
        limits: tuple[int, float | None],
    ) -> IMapIterator | ChunkedIterator:
        self._check_running()
        if chunksize < 1:
            raise ValueError(f"Chunksize must be 1+, not {chunksize:n}")
        if buffersize is not None and not isinstance(buffersize, int):
            raise TypeError("buffersize must be an integer or None")
        if buffersize is not None and buffersize < 1:
            raise ValueError("buffersize must be None or > 0")
        iterator, results = kinds
        dispatcher = self._dispatcher
        took = None if buffersize is None else dispatcher.feed
        result = results(self, next(self._calls), chunksize, took, dispatcher.drop)
        ahead = None if buffersize is None else dispatcher.workforce.wanted + buffersize
        self._feed(result, func, iterable, None, mapper=mapstar, limits=limits, most_ahead=ahead)
        return iterator(result) if chunksize == 1 else ChunkedIterator(iterator(result))

    def _feed(
        self,
        result: ManyResults,
        func: Callable[..., Any],
        iterable: Iterable[Any],
        most: int | None,
        *,
        mapper: Callable[[Any], list[Any]],
        limits: tuple[int, float | None],
        most_ahead: int | None = None,
    ) -> None:
        again, timeout_s = limits
        unbounded = not hasattr(iterable, "__len__")
        plain, endless = is_plain(iterable), is_endless(iterable)
        if most is not None:
            iterable = islice(iterable, most)  # a list may grow while it is mapped
        called, kind, calls = arguments(func, iterable, result.chunksize, mapper=mapper)
        source = Source(result, called, kind, calls, again)
        source.unbounded, source.is_endless, source.most_ahead = unbounded, endless, most_ahead
        source.timeout_s = timeout_s
        source.is_plain = plain and (mapper is mapstar or kind is not Item)  # arguments may be anything
        self._dispatcher.enqueue(source)

    def _submit_tasks(self, tasks: Iterable[Any], set_length: Callable[[int], object] | None) -> None:
        """Execute tasks that the program has made itself; see `HandedInTasks`."""
        result = HandedInTasks(self, next(self._calls), set_length)
        source = Source(result, None, HandedInTask, result.noting_the_job(tasks), self._retries)
        source.is_plain = False
        source.timeout_s = self._timeout_s
        self._dispatcher.enqueue(source)

    def _limits(self, retries: int | None, timeout_s: float | None) -> tuple[int, float | None]:
        """Return the retries and the time limit of a call: those that were given, or the pool's."""
        again = self._retries if retries is None else checked_retries(retries)
        return again, self._timeout_s if timeout_s is None else checked_timeout(timeout_s)

    def _cancel(self, result: object, *, kill: bool) -> bool:
        return self._dispatcher.cancel(result, kill=kill)

    def _call_back(self, call: Callable[[], object]) -> None:
        self._dispatcher.callbacks.add(call)

    def _would_wait_for_ever(self, *, calls_back: bool) -> bool:
        """Return whether the calling thread would wait for ever for a result; ``calls_back``: one with a callback."""
        dispatcher = self._dispatcher
        return dispatcher.is_blocked_by_caller() or (calls_back and dispatcher.callbacks.is_current())


def is_int(value: object, least: int) -> bool:
    return isinstance(value, int) and value >= least


def checked_retries(retries: int) -> int:
    if not is_int(retries, 0):
        raise ValueError(f"retries must be an int of at least 0, not {retries!r}")
    return retries


def checked_timeout(timeout_s: float) -> float:
    given: object = timeout_s
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not given > 0:
        raise ValueError(f"timeout_s must be a number of seconds greater than 0, not {timeout_s!r}")
    return timeout_s
