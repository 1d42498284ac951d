# The types of the pool, generic as those of `multiprocessing.pool` are in typeshed.
from collections.abc import Callable, Iterable, Mapping
from multiprocessing import pool as _standard
from multiprocessing.context import BaseContext
from typing import Any, TypeVar

from .errors import PoolBroken as PoolBroken
from .errors import PoolError as PoolError
from .errors import PoolTerminated as PoolTerminated
from .errors import TaskCancelled as TaskCancelled
from .errors import TaskTimeout as TaskTimeout
from .errors import WorkerLost as WorkerLost
from .facts import Failure, Progress, Statistics, WorkerEnd

__all__ = [
    "Pool",
    "PoolBroken",
    "PoolError",
    "PoolTerminated",
    "TaskCancelled",
    "TaskTimeout",
    "WorkerLost",
    "get_context",
]

_S = TypeVar("_S")
_T = TypeVar("_T")

class _Call:
    call: int
    def cancel(self, *, kill: bool = False) -> bool: ...
    def progress(self) -> Progress: ...
    def failures(self) -> tuple[Failure, ...]: ...

class _AsyncResult(_Call, _standard.ApplyResult[_T]): ...

class _MapResult(_Call, _standard.MapResult[_T]):
    def partial(self) -> list[_T | None]: ...

class _IMapIterator(_Call, _standard.IMapIterator[_T]): ...

class _Options:
    def apply(self, func: Callable[..., _T], args: Iterable[Any] = (), kwds: Mapping[str, Any] = {}) -> _T: ...
    def apply_async(
        self,
        func: Callable[..., _T],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callable[[_T], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> _AsyncResult[_T]: ...
    def map(self, func: Callable[[_S], _T], iterable: Iterable[_S], chunksize: int | None = None) -> list[_T]: ...
    def map_async(
        self,
        func: Callable[[_S], _T],
        iterable: Iterable[_S],
        chunksize: int | None = None,
        callback: Callable[[list[_T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> _MapResult[_T]: ...
    def starmap(
        self, func: Callable[..., _T], iterable: Iterable[Iterable[Any]], chunksize: int | None = None
    ) -> list[_T]: ...
    def starmap_async(
        self,
        func: Callable[..., _T],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callable[[list[_T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
    ) -> _MapResult[_T]: ...
    def imap(
        self, func: Callable[[_S], _T], iterable: Iterable[_S], chunksize: int = 1, buffersize: int | None = None
    ) -> _IMapIterator[_T]: ...
    def imap_unordered(
        self, func: Callable[[_S], _T], iterable: Iterable[_S], chunksize: int = 1, buffersize: int | None = None
    ) -> _IMapIterator[_T]: ...

class Pool(_standard.Pool):
    def __init__(
        self,
        processes: int | None = None,
        initializer: Callable[..., object] | None = None,
        initargs: Iterable[Any] = (),
        maxtasksperchild: int | None = None,
        context: Any | None = None,
        *,
        retries: int = 0,
        timeout_s: float | None = None,
    ) -> None: ...
    def apply_async(
        self,
        func: Callable[..., _T],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callable[[_T], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> _AsyncResult[_T]: ...
    def map(
        self,
        func: Callable[[_S], _T],
        iterable: Iterable[_S],
        chunksize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> list[_T]: ...
    def map_async(
        self,
        func: Callable[[_S], _T],
        iterable: Iterable[_S],
        chunksize: int | None = None,
        callback: Callable[[list[_T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> _MapResult[_T]: ...
    def starmap(
        self,
        func: Callable[..., _T],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> list[_T]: ...
    def starmap_async(
        self,
        func: Callable[..., _T],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callable[[list[_T]], object] | None = None,
        error_callback: Callable[[BaseException], object] | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> _MapResult[_T]: ...
    def imap(  # type: ignore[override]  # typeshed allows a chunksize of None, which raises
        self,
        func: Callable[[_S], _T],
        iterable: Iterable[_S],
        chunksize: int = 1,
        buffersize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> _IMapIterator[_T]: ...
    def imap_unordered(  # type: ignore[override]
        self,
        func: Callable[[_S], _T],
        iterable: Iterable[_S],
        chunksize: int = 1,
        buffersize: int | None = None,
        *,
        retries: int | None = None,
        timeout_s: float | None = None,
    ) -> _IMapIterator[_T]: ...
    def options(self, *, retries: int | None = None, timeout_s: float | None = None) -> _Options: ...
    def join(self, timeout: float | None = None) -> bool: ...  # type: ignore[override]  # the stdlib's returns None
    def resize(self, processes: int) -> None: ...
    def statistics(self) -> Statistics: ...
    def suspend_worker(self, pid: int) -> None: ...
    def resume_worker(self, pid: int) -> None: ...
    def terminate_worker(self, pid: int, timeout: float | None = 5.0) -> WorkerEnd: ...
    def kill_worker(self, pid: int, timeout: float | None = 5.0) -> WorkerEnd: ...

_Pool = Pool

class _Context(BaseContext):
    def Pool(self, *args: Any, **kwds: Any) -> _Pool: ...  # noqa: N802 - the name in the stdlib

def get_context(method: str | None = None) -> _Context: ...
