"""The pools that are compared, behind one small face; each is imported only in the process that measures it.

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
        """Submit so many calls at once, then get their results."""

    def apply(self, function: Function, *args: Any) -> Any:
        """One call, there and back."""

    def map(self, function: Function, items: Iterable[Any], chunksize: int | None) -> list[Any]:
        """The results in order; None leaves the size of the chunks to the pool."""

    def submit(self, function: Function, *args: Any) -> Any:
        """Something for `ready` and `value`."""

    def ready(self, handle: Any) -> bool:
        """Whether `value` would answer at once."""

    def value(self, handle: Any) -> Any:
        """The result, or its exception."""

    def close(self) -> None:
        """End the workers."""


@dataclass
class PoolShaped:
    """What has the stdlib's face."""

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
    """What has the face of concurrent.futures."""

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
    """Like an executor, with a timeout in the second place and a map of its own."""

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
    """A local cluster; every call is told to be another (`pure=False`)."""

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
