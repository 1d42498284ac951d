"""The result of map, as in `multiprocessing.pool`, and what it has in common with imap: many tasks."""

from __future__ import annotations

import threading
from collections.abc import Callable
from multiprocessing import TimeoutError as PoolTimeoutError
from multiprocessing.pool import MapResult as StandardMapResult
from multiprocessing.pool import job_counter  # type: ignore[attr-defined]

from procession.pool.errors import PoolError

from .apply import call_back, refuse_in_callback
from .task import Item, failure_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.facts import Failure, Progress

    from .apply import Callback
    from .task import Describe

MAX_FAILURES = 100


class ManyResults:
    """Base of the results of map and imap: counts their tasks."""

    _total: int | None

    def __init__(self, pool: Any, call: int, chunksize: int) -> None:
        self._pool: Any = pool
        self._job = next(job_counter)
        self.call = call
        self.chunksize = chunksize
        self._over = self._failed = self._lost = self._retried = 0
        self._failures: list[tuple[Describe, BaseException]] = []
        #: Set by the source when its first tasks are taken.
        self.started = False

    def settle(self, item: Item, success: bool, value: Any, describe: Describe | None = None) -> None:
        """End one task; called by the pool."""
        raise NotImplementedError

    def abandon(self, index: int, error: BaseException) -> None:
        """End the call without tasks from ``index`` on: the iterable raised ``error``, or the pool has ended."""
        raise NotImplementedError

    def give_up(self, error: BaseException) -> None:
        """End the call with an error if tasks were never settled; called at the end of a pool that has failed."""

    def set_length(self, length: int) -> None:
        """Note how many tasks there are: the iterable has ended."""

    def cancel(self, *, kill: bool = False) -> bool:
        """Cancel the tasks that have not started, with ``kill`` also those that run, by killing their workers.

        Return whether nothing of the call runs any more although it had not ended.
        """
        pool = self._pool
        return self._over != self._total and pool is not None and bool(pool._cancel(self, kill=kill))

    def failures(self) -> tuple[Failure, ...]:
        """Return the first 100 tasks that failed or were lost, with their exceptions."""
        return tuple(failure_of(*failed) for failed in self._failures)

    def progress(self) -> Progress:
        """Return the progress, in tasks (chunks, where there are some)."""
        from procession.pool.facts import Progress

        return Progress(
            total=self._total,
            done=self._over - self._failed - self._lost,
            failed=self._failed,
            lost=self._lost,
            retried=self._retried,
            started=self.started,
        )

    def count_retry(self) -> None:
        """Note that a task was lost and is run again."""
        self._retried += 1

    def _enter_pool(self) -> None:
        """Let the pool know this call."""
        self._pool._cache[self._job] = self

    def _leave_pool(self) -> None:
        """Let the pool forget this call, and be forgotten: all tasks have ended."""
        if self._pool is not None:
            self._pool._cache.pop(self._job, None)
            self._pool = None

    def _count_failure(self, describe: Describe, error: BaseException) -> None:
        self._count_error(error)
        if len(self._failures) < MAX_FAILURES:
            self._failures.append((describe, error))

    def _count_error(self, error: BaseException, tasks: int = 1) -> None:
        if isinstance(error, PoolError):
            self._lost += tasks
        else:
            self._failed += tasks


class MapResult(ManyResults, StandardMapResult):  # type: ignore[type-arg]  # as AsyncResult
    """The result of map_async and starmap_async: a list in the order of the iterable."""

    _total: int

    def __init__(
        self, pool: Any, call: int, chunksize: int, length: int, callback: Callback, error_callback: Callback
    ) -> None:
        super().__init__(pool, call, chunksize)
        self._total = -(-length // chunksize)
        self._value: list[Any] = [None] * length
        self._callback, self._error_callback = callback, error_callback
        self._error: BaseException | None = None
        self._event = threading.Event()
        if length:
            self._enter_pool()
        else:
            self._pool = None
            self._event.set()

    @property
    def _number_left(self) -> int:
        """How many tasks have not ended; programs that reach into the stdlib's result read it."""
        return self._total - self._over

    def settle(self, item: Item, success: bool, value: Any, describe: Describe | None = None) -> None:
        if not success:
            self._count_failure(describe or item.describe(), value)
            self._error = self._error or value
        elif type(item) is Item:
            self._value[item.index] = value
        else:
            first = item.index * self.chunksize
            self._value[first : first + self.chunksize] = value
        self._over += 1
        if self._over == self._total:
            self._finish()

    def abandon(self, index: int, error: BaseException) -> None:
        """End all tasks from ``index`` on with an error; called by the pool."""
        self._error = self._error or error
        missing = self._total - index
        self._count_error(error, missing)
        self._over += missing
        if missing and self._over == self._total:
            self._finish()

    def give_up(self, error: BaseException) -> None:
        self.abandon(self._over, error)

    def set_length(self, length: int) -> None:
        if length < self._total:
            self.abandon(length, ValueError(f"the iterable ended after {length} of {self._total} chunks"))

    def ready(self) -> bool:
        """Return whether all tasks have ended."""
        return self._event.is_set()

    def successful(self) -> bool:
        """Return whether all tasks returned; raises ValueError before all have ended."""
        if not self.ready():
            raise ValueError(f"{self!r} not ready")
        return self._error is None

    def wait(self, timeout: float | None = None) -> None:
        """Wait until all tasks have ended, at most ``timeout`` seconds."""
        if not self._event.is_set():
            refuse_in_callback(self._pool, self._callback or self._error_callback)
            self._event.wait(timeout)

    def get(self, timeout: float | None = None) -> list[Any]:
        """Return the list; raises the first exception of a task, or `multiprocessing.TimeoutError`."""
        self.wait(timeout)
        if not self._event.is_set():
            raise PoolTimeoutError
        if self._error is not None:
            raise self._error
        return self._value

    def partial(self) -> list[Any]:
        """Return the results so far, None for missing ones; also of a map that failed."""
        return list(self._value)

    def _finish(self) -> None:
        if self._error is None:
            callback, value = self._callback, self._value
        else:
            callback, value = self._error_callback, self._error  # type: ignore[assignment]
        if callback:
            self._pool._call_back(lambda: self._call_back_and_end(callback, value))
        else:
            self._end()

    def _call_back_and_end(self, callback: Callable[[Any], object], value: Any) -> None:
        call_back(callback, value)
        self._end()

    def _end(self) -> None:
        self._callback = self._error_callback = None
        self._leave_pool()
        self._event.set()
