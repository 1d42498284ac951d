"""The results of imap and imap_unordered, one by one.

The pool knows the results, and only the program has the iterator: when nobody has it any more, nobody will read the
rest.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing import TimeoutError as PoolTimeoutError
from multiprocessing.pool import IMapIterator as StandardIterator
from multiprocessing.pool import IMapUnorderedIterator as StandardUnorderedIterator

from .apply import refuse_in_callback
from .maps import ManyResults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .task import Describe, Item


class OrderedResults(ManyResults):
    """The results of one imap, in the order of the iterable.

    ``read`` counts those that the program has taken, ``is_dropped`` says that it will take no more.  ``took`` is called
    after each, ``dropped`` once.
    """

    def __init__(
        self,
        pool: Any,
        call: int,
        chunksize: int,
        took: Callable[[], object] | None = None,
        dropped: Callable[[OrderedResults], object] | None = None,
    ) -> None:
        super().__init__(pool, call, chunksize)
        self._total: int | None = None
        self._cond = threading.Condition(threading.Lock())
        self._items: deque[tuple[bool, Any]] = deque()
        self._unsorted: dict[int, tuple[bool, Any]] = {}
        self._index = 0
        self._took, self._dropped = took, dropped
        self._enter_pool()
        self.read = 0
        self.is_dropped = False

    def next(self, timeout: float | None) -> Any:
        """Return the next result; raises StopIteration, `multiprocessing.TimeoutError`, or what the task raised."""
        with self._cond:
            if not self._items and self._index != self._total:
                refuse_in_callback(self._pool)
            self._cond.wait_for(lambda: self._items or self._index == self._total, timeout)
            if self._items:
                success, value = self._items.popleft()
                self.read += 1
            elif self._index == self._total:
                self._pool = None
                raise StopIteration from None
            else:
                raise PoolTimeoutError from None
        if self._took:
            self._took()
        if success:
            return value
        raise value

    def drop(self) -> None:
        """Note that nobody will take the rest.  Takes no lock: the garbage collector calls it, in any thread."""
        if not self.is_dropped and self._index != self._total:
            self.is_dropped = True
            self._items.clear()
            if self._dropped:
                self._dropped(self)

    def settle(self, item: Item, success: bool, value: Any, describe: Describe | None = None) -> None:
        if not success:
            self._count_failure(describe or item.describe(), value)
        with self._cond:
            self._over += 1
            self._arrive(item.index, success, value)
            self._forget_if_over()
            self._cond.notify()

    def abandon(self, index: int, error: BaseException) -> None:
        """End the iteration with an error at the first missing item; called by the pool."""
        with self._cond:
            self._over += 1
            self._count_error(error)
            self._arrive(index, False, error)
            self._end_after(index + 1)

    def give_up(self, error: BaseException) -> None:
        if self._index != self._total:
            self.abandon(self._index, error)

    def set_length(self, length: int) -> None:
        with self._cond:
            self._end_after(length)

    def _end_after(self, length: int) -> None:
        self._total = length
        self._forget_if_over()
        self._cond.notify_all()

    def _forget_if_over(self) -> None:
        if self._index == self._total and self._pool is not None:
            self._pool._cache.pop(self._job, None)

    def _arrive(self, index: int, success: bool, value: Any) -> None:
        self._unsorted[index] = success, value
        while self._index in self._unsorted:
            self._append(self._unsorted.pop(self._index))

    def _append(self, result: tuple[bool, Any]) -> None:
        self._index += 1
        if not self.is_dropped:
            self._items.append(result)
        else:
            self._items.clear()


class UnorderedResults(OrderedResults):
    """The results of one imap_unordered, as they come."""

    def _arrive(self, index: int, success: bool, value: Any) -> None:
        self._append((success, value))


class IMapIterator(StandardIterator):  # type: ignore[type-arg]  # a type variable would load typing
    """What imap returns.  Takes the results one by one; when it is deleted, they are dropped."""

    def __init__(self, results: OrderedResults) -> None:
        self._results = results
        self._job = results._job
        self.call = results.call
        self.cancel = results.cancel
        self.progress = results.progress
        self.failures = results.failures

    def __iter__(self) -> IMapIterator:
        return self

    def next(self, timeout: float | None = None) -> Any:
        """Return the next result; raises StopIteration, `multiprocessing.TimeoutError`, or what the task raised."""
        return self._results.next(timeout)

    __next__ = next  # noqa: A003 - the stdlib has both names

    @property
    def _length(self) -> int | None:
        return self._results._total

    @property
    def _index(self) -> int:
        return self._results._index

    def __del__(self) -> None:
        if results := self.__dict__.get("_results"):
            results.drop()


class IMapUnorderedIterator(IMapIterator, StandardUnorderedIterator):  # type: ignore[type-arg]
    """What imap_unordered returns."""


class ChunkedIterator:
    """Yields the items of an imap with chunks, one chunk after the other."""

    def __init__(self, chunks: IMapIterator) -> None:
        self._chunks = chunks
        self._items: Iterator[Any] = iter(())
        self.call = chunks.call
        self.cancel = chunks.cancel
        self.progress = chunks.progress
        self.failures = chunks.failures

    def __iter__(self) -> Iterator[Any]:
        return self

    def next(self, timeout: float | None = None) -> Any:
        """Return the next item; raises as `IMapIterator.next`."""
        for item in self._items:
            return item
        self._items = iter(self._chunks.next(timeout))
        return self.next(timeout)

    __next__ = next  # noqa: A003 - the stdlib has both names
