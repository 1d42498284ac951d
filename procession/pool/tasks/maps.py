"""What map returns, shaped as in `multiprocessing.pool`, and what it has in common with imap: many tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing import TimeoutError as PoolTimeoutError

from procession.pool.errors import PoolError

from .apply import call_back, refuse_in_callback
from .task import failure_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.facts import Failure, Progress

    from .apply import Callback
    from .task import Item

MAX_FAILURES = 100


class ManyResults:
    """What the results of map and imap have in common: they count their tasks."""

    def __init__(self, pool: object, call: int, chunksize: int) -> None:
        self._pool = pool
        self.call = call
        self.chunksize = chunksize
        self._over = self._failed = self._lost = self._retried = 0
        self._failures: list[Failure] = []
        #: Set by the source when the first tasks are taken from it.
        self.started = False

    def settle(self, item: Item, success: bool, value: Any) -> None:
        """One task is over."""
        raise NotImplementedError

    def abandon(self, index: int, error: BaseException) -> None:
        """There will be no tasks from ``index`` on: the iterable raised ``error``, or the pool has ended."""
        raise NotImplementedError

    def set_length(self, length: int) -> None:
        """There are that many tasks: the iterable has come to its end."""

    def failures(self) -> tuple[Failure, ...]:
        """The tasks that failed or were lost, with their exceptions; the first 100 of them."""
        return tuple(self._failures)

    def progress(self) -> Progress:
        """How far it is, in tasks: chunks, where there are some."""
        raise NotImplementedError

    def count_retry(self) -> None:
        """A task was lost and is to be run again."""
        self._retried += 1

    def _count_failure(self, item: Item, error: BaseException) -> None:
        if isinstance(error, PoolError):
            self._lost += 1
        else:
            self._failed += 1
        if len(self._failures) < MAX_FAILURES:
            self._failures.append(failure_of(item, error))

    def _progress(self, total: int | None) -> Progress:
        from procession.pool.facts import Progress

        return Progress(
            total=total,
            done=self._over - self._failed - self._lost,
            failed=self._failed,
            lost=self._lost,
            retried=self._retried,
            started=self.started,
        )


class MapResult(ManyResults):
    """The result of map_async and starmap_async: a list in the order of the iterable."""

    def __init__(
        self, pool: object, call: int, chunksize: int, length: int, callback: Callback, error_callback: Callback
    ) -> None:
        super().__init__(pool, call, chunksize)
        self._total = -(-length // chunksize)
        self._values: list[Any] = [None] * length
        self._callback, self._error_callback = callback, error_callback
        self._error: BaseException | None = None
        self._event = threading.Event()
        if not length:
            self._pool = None
            self._event.set()

    def settle(self, item: Item, success: bool, value: Any) -> None:
        """Called by the pool."""
        if not success:
            self._count_failure(item, value)
            self._error = self._error or value
        elif self.chunksize == 1:
            self._values[item.index] = value
        else:
            first = item.index * self.chunksize
            self._values[first : first + self.chunksize] = value
        self._over += 1
        if self._over == self._total:
            self._finish()

    def abandon(self, index: int, error: BaseException) -> None:
        """Called by the pool."""
        self._error = self._error or error
        missing = self._total - index
        if isinstance(error, PoolError):
            self._lost += missing
        else:
            self._failed += missing
        self._over += missing
        if missing and self._over == self._total:
            self._finish()

    def set_length(self, length: int) -> None:
        """Called by the pool."""
        if length < self._total:
            self.abandon(length, ValueError(f"the iterable ended after {length} of {self._total} chunks"))

    def ready(self) -> bool:
        """Whether all tasks are over."""
        return self._event.is_set()

    def successful(self) -> bool:
        """Whether all returned; raises ValueError where not all are over."""
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._error is None

    def wait(self, timeout: float | None = None) -> None:
        """Until all are over, or ``timeout`` seconds."""
        if not self._event.is_set():
            refuse_in_callback(self._pool, self._callback or self._error_callback)
            self._event.wait(timeout)

    def get(self, timeout: float | None = None) -> list[Any]:
        """The list; raises the first exception of a task, or `multiprocessing.TimeoutError`."""
        self.wait(timeout)
        if not self._event.is_set():
            raise PoolTimeoutError
        if self._error is not None:
            raise self._error
        return self._values

    def partial(self) -> list[Any]:
        """What is there so far, None where nothing is: also of a map that failed."""
        return list(self._values)

    def progress(self) -> Progress:
        """How far it is, in tasks: chunks, where there are some."""
        return self._progress(self._total)

    def _finish(self) -> None:
        if self._error is None:
            callback, value = self._callback, self._values
        else:
            callback, value = self._error_callback, self._error  # type: ignore[assignment]
        if callback:
            self._pool._call_back(lambda: self._tell(callback, value))  # type: ignore[attr-defined]
        else:
            self._end()

    def _tell(self, callback: Callable[[Any], object], value: Any) -> None:
        call_back(callback, value)
        self._end()

    def _end(self) -> None:
        self._callback = self._error_callback = None
        self._pool = None
        self._event.set()
