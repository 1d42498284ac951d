"""The result of apply_async, as in `multiprocessing.pool`; `maps` has the result of map, `iterators` that of imap.

It is also the task itself, which saves an object per call; a map or imap has an `Item` or `Chunk` per task.  The pool
settles tasks; a result is ready when all its tasks are settled.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from _thread import allocate_lock
from collections.abc import Callable, Mapping
from multiprocessing import TimeoutError as PoolTimeoutError
from multiprocessing.pool import ApplyResult, job_counter  # type: ignore[attr-defined]

from procession.pool.errors import PoolError

from .task import arguments_text, failure_of, name_of, task_facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.facts import Failure, Progress, TaskFacts

    from .task import Describe

    Callback = Callable[[Any], object] | None


class AsyncResult(ApplyResult):  # type: ignore[type-arg]  # a type variable would load typing
    """The result of apply_async, and its task; a subclass of the stdlib's, with nothing of its code."""

    payload: tuple[int | None, bytes | memoryview] | None = None
    timeout_s: float | None = None
    needs_preparing = False

    def __init__(
        self,
        pool: Any,
        call: int,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwds: Mapping[str, Any] | None,
        callback: Callback,
        error_callback: Callback,
        retries: int,
    ) -> None:
        self._pool: Any = pool  # keeps the pool alive until the task is settled
        self._job = next(job_counter)
        pool._cache[self._job] = self
        self.call = call
        self.function = function
        self.args = args
        self.kwds = kwds
        self._callback = callback
        self._error_callback = error_callback
        self.retries = retries
        self.attempt = 1
        self._success: bool | None = None
        self._value: Any = None
        self._failure: tuple[Describe, BaseException] | None = None
        # Who waits acquires and releases it: an Event would be a Condition and two locks.
        self._lock = allocate_lock()
        self._lock.acquire()

    def settle(self, success: bool, value: Any, describe: Describe | None = None) -> None:
        """End the task: ``value`` is what it returned or its exception; called by the pool."""
        if not success:
            self._failure = describe or self.describe(), value
        self.function = self.args = self.kwds = self.payload = None  # type: ignore[assignment]  # may be large
        self._value = value
        if callback := self._callback if success else self._error_callback:
            self._pool._call_back(lambda: self._call_back_and_end(callback, success))
        else:
            self._end(success)

    def give_up(self, error: BaseException) -> None:
        """End the task with an error if it was never settled; called at the end of a pool that has failed."""
        if self.args is not None:
            self.settle(False, error)

    def _call_back_and_end(self, callback: Callable[[Any], object], success: bool) -> None:
        call_back(callback, self._value)
        self._end(success)

    def _end(self, success: bool) -> None:
        self._callback = self._error_callback = None
        self._success = success
        self._pool._cache.pop(self._job, None)
        self._pool = None
        self._lock.release()

    def ready(self) -> bool:
        """Return whether the task has ended."""
        return self._success is not None

    def successful(self) -> bool:
        """Return whether the task returned a value; raises ValueError before it has ended."""
        if self._success is None:
            raise ValueError(f"{self!r} not ready")
        return self._success

    def wait(self, timeout: float | None = None) -> None:
        """Wait until the task has ended, at most ``timeout`` seconds."""
        if self._success is None:
            refuse_in_callback(self._pool, self._callback or self._error_callback)
            if timeout is None:
                with self._lock:  # released also where a signal handler raises
                    pass
            elif self._lock.acquire(timeout=_limit(timeout)):
                self._lock.release()

    def get(self, timeout: float | None = None) -> Any:
        """Return what the function returned; raises what it raised, `multiprocessing.TimeoutError` or `PoolError`."""
        if self._success is None:
            self.wait(timeout)
        if self._success:
            return self._value
        if self._success is None:
            raise PoolTimeoutError
        raise self._value

    def cancel(self, *, kill: bool = False) -> bool:
        """Cancel the task if it has not started, with ``kill`` also afterwards, by killing its worker.

        Return whether it was cancelled; then `get` raises `TaskCancelled`.
        """
        pool = self._pool
        if pool is None or self.args is None:  # it is settled
            return False
        return bool(pool._cancel(self, kill=kill))

    def progress(self) -> Progress:
        """Return the progress of this one task."""
        from procession.pool.facts import Progress

        lost = self._success is False and isinstance(self._value, PoolError)
        return Progress(
            total=1,
            done=self._success is True,
            failed=self._success is False and not lost,
            lost=lost,
            retried=self.attempt - 1,
            started=self._success is not None,
        )

    def failures(self) -> tuple[Failure, ...]:
        """Return the task with its exception if it failed."""
        return (failure_of(*self._failure),) if self._failure else ()

    def retried(self) -> None:
        """Do nothing: `attempt` counts the retries."""

    def facts(self) -> TaskFacts:
        """Return which task this is."""
        return self.describe()()

    def describe(self) -> Describe:
        """Return what returns which task this is; that calls the repr of its arguments."""
        call, function, args, kwds, attempt = self.call, self.function, self.args, self.kwds, self.attempt
        return lambda: task_facts(call, 0, 0, 1, name_of(function), arguments_text(args, kwds), attempt)


def refuse_in_callback(pool: Any, callback: Callback = None) -> None:
    """Raise RuntimeError where the caller would wait for ever: in code that the pool itself runs; in a callback, for a
    result with a callback (they run one after the other)."""
    if pool is not None and pool._would_wait_for_ever(calls_back=callback is not None):
        raise RuntimeError("the pool is waiting for this code to return: the result would never be ready")


def _limit(timeout: float) -> float:
    return max(0.0, min(timeout, threading.TIMEOUT_MAX))


def call_back(callback: Callable[[Any], object], value: Any) -> None:
    """Call a callback; show what it raises, and go on."""
    try:
        callback(value)
    except BaseException:  # noqa: BLE001 - raised in a thread of the pool, where no caller could catch it
        show_exception()


def show_exception() -> None:
    """Pass the current exception to sys.excepthook, which may be the user's, and raise or exit."""
    with contextlib.suppress(BaseException):
        sys.excepthook(*sys.exc_info())
