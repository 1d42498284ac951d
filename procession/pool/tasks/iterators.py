"""The results of imap and imap_unordered, one by one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from multiprocessing import TimeoutError as PoolTimeoutError

from .apply import refuse_in_callback
from .maps import ManyResults

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .task import Item


class IMapIterator(ManyResults):
    """The results of imap, in the order of the iterable."""

    def __init__(self, pool: object, call: int, chunksize: int) -> None:
        super().__init__(pool, call, chunksize)
        self._total: int | None = None
        self._changed = threading.Condition(threading.Lock())
        self._ready: deque[tuple[bool, Any]] = deque()
        self._early: dict[int, tuple[bool, Any]] = {}
        self._next = 0

    def __iter__(self) -> Iterator[Any]:
        return self

    def next(self, timeout: float | None = None) -> Any:
        """Return the next result; raises StopIteration, `multiprocessing.TimeoutError`, or what the task raised."""
        with self._changed:
            if not self._ready and self._next != self._total:
                refuse_in_callback(self._pool)
            self._changed.wait_for(lambda: self._ready or self._next == self._total, timeout)
            if self._ready:
                success, value = self._ready.popleft()
            elif self._next == self._total:
                self._pool = None
                raise StopIteration from None
            else:
                raise PoolTimeoutError from None
        if success:
            return value
        raise value

    __next__ = next  # noqa: A003 - the stdlib has both names

    def settle(self, item: Item, success: bool, value: Any) -> None:
        if not success:
            self._count_failure(item, value)
        with self._changed:
            self._over += 1
            self._arrive(item.index, success, value)
            self._changed.notify()

    def abandon(self, index: int, error: BaseException) -> None:
        """End the iteration with an error at the first missing item; called by the pool."""
        with self._changed:
            self._over += 1
            self._count_error(error)
            self._arrive(index, False, error)
            self._total = index + 1
            self._changed.notify_all()

    def set_length(self, length: int) -> None:
        with self._changed:
            self._total = length
            self._changed.notify_all()

    def _arrive(self, index: int, success: bool, value: Any) -> None:
        self._early[index] = success, value
        while self._next in self._early:
            self._ready.append(self._early.pop(self._next))
            self._next += 1


class IMapUnorderedIterator(IMapIterator):
    """The results of imap_unordered, as they come."""

    def _arrive(self, index: int, success: bool, value: Any) -> None:
        self._ready.append((success, value))
        self._next += 1


class ChunkedIterator:
    """Yields the items of an imap with chunks, one chunk after the other."""

    def __init__(self, chunks: IMapIterator) -> None:
        self._chunks = chunks
        self._items: Iterator[Any] = iter(())
        self.call = chunks.call
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
