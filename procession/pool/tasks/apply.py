"""What apply returns, shaped as in `multiprocessing.pool`; map's results are in `maps`, imap's in `iterators`.

It is its own task, which saves one object per call; a map or imap has one `Item` or `Chunk` per task.  The pool settles
tasks; a result is over when all of its tasks are.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from _thread import allocate_lock
from collections.abc import Callable
from multiprocessing import TimeoutError as PoolTimeoutError

from procession.pool.errors import PoolError

from .task import failure_of, name_of, task_facts, written

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.facts import Failure, Progress, TaskFacts

    Callback = Callable[[Any], object] | None


class AsyncResult:
    """The result of apply_async, and the task itself."""

    __slots__ = (
        "__weakref__",
        "_callback",
        "_error_callback",
        "_failure",
        "_lock",
        "_pool",
        "_success",
        "_value",
        "args",
        "attempt",
        "call",
        "function",
        "kwds",
        "retries",
    )

    def __init__(
        self,
        pool: object,
        call: int,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        kwds: dict[str, Any] | None,
        callback: Callback,
        error_callback: Callback,
        retries: int,
    ) -> None:
        # Keeps the pool alive until this is over.
        self._pool = pool
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
        self._failure: Failure | None = None
        # Whoever waits takes it and gives it back: an Event would be a Condition and two locks.
        self._lock = allocate_lock()
        self._lock.acquire()

    def settle(self, success: bool, value: Any) -> None:
        """Called by the pool."""
        if not success:
            self._failure = failure_of(self, value)
        self.function = self.args = self.kwds = None  # type: ignore[assignment]  # they may be large
        self._value = value
        if callback := self._callback if success else self._error_callback:
            self._pool._call_back(lambda: self._tell(callback, success))  # type: ignore[attr-defined]
            return
        self._callback = self._error_callback = None
        self._success = success
        self._pool = None
        self._lock.release()

    def _tell(self, callback: Callable[[Any], object], success: bool) -> None:
        call_back(callback, self._value)
        self._callback = self._error_callback = None
        self._success = success
        self._pool = None
        self._lock.release()

    def ready(self) -> bool:
        """Whether it is over."""
        return self._success is not None

    def successful(self) -> bool:
        """Whether it returned; raises ValueError where it is not over."""
        if self._success is None:
            raise ValueError(f"{self!r} not ready")
        return self._success

    def wait(self, timeout: float | None = None) -> None:
        """Until it is over, or ``timeout`` seconds."""
        if self._success is None:
            refuse_in_callback(self._pool, self._callback or self._error_callback)
            if timeout is None:
                with self._lock:  # others may wait, too: it is not left locked where a signal handler raises
                    pass
            elif self._lock.acquire(timeout=_limit(timeout)):
                self._lock.release()

    def get(self, timeout: float | None = None) -> Any:
        """What the function returned; raises what it raised, or `multiprocessing.TimeoutError`, or `PoolError`."""
        if self._success is None:
            self.wait(timeout)
        if self._success:
            return self._value
        if self._success is None:
            raise PoolTimeoutError
        raise self._value

    def progress(self) -> Progress:
        """How far it is: one task."""
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
        """The task with its exception, where it failed."""
        return (self._failure,) if self._failure else ()

    def retried(self) -> None:
        """Called by the pool."""

    def facts(self) -> TaskFacts:
        """Which task this is."""
        return task_facts(self.call, 0, 0, 1, name_of(self.function), written(self.args, self.kwds), self.attempt)


def refuse_in_callback(pool: Any, callback: Callback = None) -> None:
    """Raise RuntimeError where somebody is about to wait for what comes only after he has returned: a callback for a
    result that has one, too (they run one after the other), or code that the pool itself runs."""
    if pool is not None and pool._is_held_up(calls_back=callback is not None):
        raise RuntimeError(
            "this is called by the pool, which cannot go on before it returns: the result would never come"
        )


def _limit(timeout: float) -> float:
    return max(0.0, min(timeout, threading.TIMEOUT_MAX))


def call_back(callback: Callable[[Any], object], value: Any) -> None:
    """A callback of the user's; what it raises is shown and disturbs nothing."""
    try:
        callback(value)
    except BaseException:  # noqa: BLE001 - it runs in a thread of the pool's, where nobody could catch it
        show_exception()


def show_exception() -> None:
    """Show the present one; the hook is the user's too, and may raise or exit."""
    with contextlib.suppress(BaseException):
        sys.excepthook(*sys.exc_info())
