"""What the methods of a pool return, shaped as in `multiprocessing.pool`, and the tasks behind them.

A result of apply is its own task, which saves one object per call; a map or imap has one `Item` or `Chunk` per task.
The pool settles tasks; a result is over when all of its tasks are.  `facts` (and `typing`) are loaded when somebody
asks for them: that spares a forked worker 0.8 MiB.
"""

from __future__ import annotations

import reprlib
import sys
import threading
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable, Iterator
from multiprocessing import TimeoutError as PoolTimeoutError

from .errors import PoolError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from .facts import Failure, Progress, TaskFacts

    Callback = Callable[[Any], object] | None

    class Task(Protocol):
        """What a worker is to call, with what, and who is told.  ``retries`` are left; ``attempt`` counts from 1."""

        function: Callable[..., Any]
        args: tuple[Any, ...]
        kwds: dict[str, Any] | None
        retries: int
        attempt: int

        def settle(self, success: bool, value: Any) -> None:
            """It is over: ``value`` is what it returned, or the exception that it raised or was lost by."""

        def retried(self) -> None:
            """It was lost and is to be run again."""

        def facts(self) -> TaskFacts:
            """Which task this is."""


MAX_FAILURES = 100

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


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
            self._failure = _failure(self, value)
        self.function = self.args = self.kwds = None  # type: ignore[assignment]  # they may be large
        self._value = value
        if callback := self._callback if success else self._error_callback:
            _call(callback, value)
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
        if self._success is None and self._lock.acquire(timeout=_limit(timeout)):
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
        from .facts import Progress

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
        return _task_facts(self.call, 0, 0, 1, name_of(self.function), _arguments(self.args, self.kwds), self.attempt)


class Item:
    """One task of a map or an imap; ``args`` are those of one call."""

    __slots__ = ("args", "attempt", "function", "index", "result", "retries")
    kwds: dict[str, Any] | None = None

    def __init__(
        self, result: ManyResults, index: int, function: Callable[..., Any], args: tuple[Any, ...], retries: int
    ) -> None:
        self.result = result
        self.index = index
        self.function = function
        self.args = args
        self.retries = retries
        self.attempt = 1

    def settle(self, success: bool, value: Any) -> None:
        """Called by the pool."""
        self.result.settle(self, success, value)

    def retried(self) -> None:
        """Called by the pool."""
        self.result.count_retry()

    def facts(self) -> TaskFacts:
        """Which task this is."""
        written = _arguments(self.args, None)
        return _task_facts(self.result.call, self.index, self.index, 1, name_of(self.function), written, self.attempt)


class Chunk(Item):
    """Several calls as one task; ``args`` are (the user's function, the items)."""

    __slots__ = ()

    def facts(self) -> TaskFacts:
        """Which task this is."""
        function, items = self.args
        first = self.index * self.result.chunksize
        return _task_facts(
            self.result.call, self.index, first, len(items), name_of(function), _repr.repr(items), self.attempt
        )


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
            self._failures.append(_failure(item, error))

    def _progress(self, total: int | None) -> Progress:
        from .facts import Progress

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
        self._event.wait(timeout)

    def get(self, timeout: float | None = None) -> list[Any]:
        """The list; raises the first exception of a task, or `multiprocessing.TimeoutError`."""
        if not self._event.wait(timeout):
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
            _call(callback, value)
        self._callback = self._error_callback = None
        self._pool = None
        self._event.set()


class IMapIterator(ManyResults):
    """What imap returns: the results as they come, in the order of the iterable."""

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
        """The next result; raises StopIteration at the end, `multiprocessing.TimeoutError`, or what the task raised."""
        with self._changed:
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

    __next__ = next  # noqa: A003 - the method, under its other name

    def settle(self, item: Item, success: bool, value: Any) -> None:
        """Called by the pool."""
        if not success:
            self._count_failure(item, value)
        with self._changed:
            self._over += 1
            self._arrive(item.index, success, value)
            self._changed.notify()

    def abandon(self, index: int, error: BaseException) -> None:
        """Called by the pool: the error comes in the place of the first item that is missing."""
        with self._changed:
            self._over += 1
            if isinstance(error, PoolError):
                self._lost += 1
            else:
                self._failed += 1
            self._arrive(index, False, error)
            self._total = index + 1
            self._changed.notify_all()

    def set_length(self, length: int) -> None:
        """Called by the pool."""
        with self._changed:
            self._total = length
            self._changed.notify_all()

    def progress(self) -> Progress:
        """How far it is, in tasks: chunks, where there are some."""
        return self._progress(self._total)

    def _arrive(self, index: int, success: bool, value: Any) -> None:
        self._early[index] = success, value
        while self._next in self._early:
            self._ready.append(self._early.pop(self._next))
            self._next += 1


class IMapUnorderedIterator(IMapIterator):
    """What imap_unordered returns: the results as they come."""

    def _arrive(self, index: int, success: bool, value: Any) -> None:
        self._ready.append((success, value))
        self._next += 1


class ChunkedIterator:
    """An imap with chunks: the items of one chunk after the other."""

    def __init__(self, chunks: IMapIterator) -> None:
        self._chunks = chunks
        self._items: Iterator[Any] = iter(())
        self.call = chunks.call
        self.progress = chunks.progress
        self.failures = chunks.failures

    def __iter__(self) -> Iterator[Any]:
        return self

    def next(self, timeout: float | None = None) -> Any:
        """As `IMapIterator.next`."""
        for item in self._items:
            return item
        self._items = iter(self._chunks.next(timeout))
        return self.next(timeout)

    __next__ = next  # noqa: A003 - the method, under its other name


def _task_facts(*fields: Any) -> TaskFacts:
    from .facts import TaskFacts

    return TaskFacts(*fields)


def _failure(task: Task, error: BaseException) -> Failure:
    from .facts import Failure

    return Failure(task.facts(), error)


def name_of(function: Any) -> str:
    """``module.qualname`` of what a task calls."""
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    module = getattr(function, "__module__", None)
    return str(name) if module in (None, "builtins", "__main__") else f"{module}.{name}"


def _arguments(args: tuple[Any, ...] | None, kwds: dict[str, Any] | None) -> str:
    try:
        parts = [_repr.repr(value) for value in (args or ())[:6]]
        parts += [f"{name}={_repr.repr(value)}" for name, value in list((kwds or {}).items())[:6]]
    except Exception as error:  # noqa: BLE001 - the repr of users' objects is users' code
        return f"<no repr: {type(error).__name__}>"
    return ", ".join(parts)


def _limit(timeout: float | None) -> float:
    return -1 if timeout is None else max(0.0, min(timeout, threading.TIMEOUT_MAX))


def _call(callback: Callable[[Any], object], value: Any) -> None:
    """A callback of the user's; what it raises is shown and disturbs nothing."""
    try:
        callback(value)
    except BaseException:  # noqa: BLE001 - it runs in the pool's thread, where nobody could catch it
        sys.excepthook(*sys.exc_info())
