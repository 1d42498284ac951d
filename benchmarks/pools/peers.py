"""The compared pools behind one small interface; each is imported only in the process that measures it.

The loops are here and not in the measures, so that what is timed is the pool's own calls: a wrapper around each of
them would be a tenth of what a fast pool takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

Function = Callable[..., object]


class Opened(Protocol):
    """A pool that is ready for calls."""

    def many(self, function: Function, args: tuple[Any, ...], count: int) -> list[Any]:
        """Submit many calls at once, then get their results."""

    def apply(self, function: Function, *args: Any) -> Any:
        """Make one call and return its result."""

    def map(self, function: Function, items: Iterable[Any], chunksize: int | None) -> list[Any]:
        """Return the results in order; with ``None`` the pool chooses the chunk size."""

    def submit(self, function: Function, *args: Any) -> Any:
        """Submit a call and return a handle for `ready` and `value`."""

    def ready(self, handle: Any) -> bool:
        """Return whether `value` would return at once."""

    def value(self, handle: Any) -> Any:
        """Return the result, or raise its exception."""

    def close(self) -> None:
        """End the workers."""


@dataclass
class PoolShaped:
    """A pool with the stdlib's interface."""

    pool: Any
    chunked: str = "chunksize"

    def many(self, function: Function, args: tuple[Any, ...], count: int) -> list[Any]:
        handles = [self.pool.apply_async(function, args) for _ in range(count)]
        return [handle.get() for handle in handles]

    def apply(self, function: Function, *args: Any) -> Any:
        return self.pool.apply(function, args)

    def map(self, function: Function, items: Iterable[Any], chunksize: int | None) -> list[Any]:
        result: list[Any] = self.pool.map(function, items, **{self.chunked: chunksize})
        return result

    def submit(self, function: Function, *args: Any) -> Any:
        return self.pool.apply_async(function, args)

    def ready(self, handle: Any) -> bool:
        return bool(handle.ready())

    def value(self, handle: Any) -> Any:
        return handle.get(1)

    def close(self) -> None:
        self.pool.terminate()
        if hasattr(self.pool, "join"):
            self.pool.join()


@dataclass
class ExecutorShaped:
    """A pool with the interface of concurrent.futures."""

    pool: Any
    shutdown: Callable[[], object]

    def many(self, function: Function, args: tuple[Any, ...], count: int) -> list[Any]:
        handles = [self.pool.submit(function, *args) for _ in range(count)]
        return [handle.result() for handle in handles]

    def apply(self, function: Function, *args: Any) -> Any:
        return self.pool.submit(function, *args).result()

    def map(self, function: Function, items: Iterable[Any], chunksize: int | None) -> list[Any]:
        return list(self.pool.map(function, items, **({"chunksize": chunksize} if chunksize else {})))

    def submit(self, function: Function, *args: Any) -> Any:
        return self.pool.submit(function, *args)

    def ready(self, handle: Any) -> bool:
        return bool(handle.done())

    def value(self, handle: Any) -> Any:
        return handle.result()

    def close(self) -> None:
        self.shutdown()


class Pebble(ExecutorShaped):
    """Like an executor, but with a timeout as second argument and its own map."""

    def many(self, function: Function, args: tuple[Any, ...], count: int) -> list[Any]:
        handles = [self.pool.schedule(function, args) for _ in range(count)]
        return [handle.result() for handle in handles]

    def apply(self, function: Function, *args: Any) -> Any:
        return self.pool.schedule(function, args).result()

    def map(self, function: Function, items: Iterable[Any], chunksize: int | None) -> list[Any]:
        return list(self.pool.map(function, items, chunksize=chunksize or 1).result())

    def submit(self, function: Function, *args: Any) -> Any:
        return self.pool.schedule(function, args)


@dataclass
class Dask:
    """A local cluster; results are never reused (`pure=False`)."""

    client: Any
    shutdown: Callable[[], object]

    def many(self, function: Function, args: tuple[Any, ...], count: int) -> list[Any]:
        handles = [self.client.submit(function, *args, pure=False) for _ in range(count)]
        return [handle.result() for handle in handles]

    def apply(self, function: Function, *args: Any) -> Any:
        return self.client.submit(function, *args, pure=False).result()

    def map(self, function: Function, items: Iterable[Any], chunksize: int | None) -> list[Any]:
        handles = self.client.map(function, list(items), pure=False)
        return list(self.client.gather(handles))

    def submit(self, function: Function, *args: Any) -> Any:
        return self.client.submit(function, *args, pure=False)

    def ready(self, handle: Any) -> bool:
        return bool(handle.done())

    def value(self, handle: Any) -> Any:
        return handle.result(1)

    def close(self) -> None:
        self.shutdown()


@dataclass
class Ray:
    """A cluster of one node; functions become remote at their first call."""

    ray: Any
    remote: dict[Function, Any]

    def many(self, function: Function, args: tuple[Any, ...], count: int) -> list[Any]:
        handles = [self.submit(function, *args) for _ in range(count)]
        return [self.ray.get(handle) for handle in handles]

    def apply(self, function: Function, *args: Any) -> Any:
        return self.ray.get(self.submit(function, *args))

    def map(self, function: Function, items: Iterable[Any], chunksize: int | None) -> list[Any]:
        return list(self.ray.get([self.submit(function, item) for item in items]))

    def submit(self, function: Function, *args: Any) -> Any:
        if function not in self.remote:
            self.remote[function] = self.ray.remote(function)
        return self.remote[function].remote(*args)

    def ready(self, handle: Any) -> bool:
        return bool(self.ray.wait([handle], timeout=0)[0])

    def value(self, handle: Any) -> Any:
        return self.ray.get(handle, timeout=1)

    def close(self) -> None:
        self.ray.shutdown()
