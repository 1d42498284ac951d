"""Calls of a pool with other retries and limits, in the stdlib's signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.apply import Callback


class Options:
    """What `Pool.options` returns: the calls of the pool, each with these options; the stub has their types."""

    def __init__(self, pool: Any, options: dict[str, Any]) -> None:
        self._pool, self._options = pool, options

    def apply(self, func: Callable[..., Any], args: Iterable[Any] = (), kwds: Mapping[str, Any] = {}) -> Any:
        """As `Pool.apply`."""
        return self.apply_async(func, args, kwds).get()

    def apply_async(
        self,
        func: Callable[..., Any],
        args: Iterable[Any] = (),
        kwds: Mapping[str, Any] = {},
        callback: Callback = None,
        error_callback: Callback = None,
    ) -> Any:
        """As `Pool.apply_async`."""
        return self._pool.apply_async(func, args, kwds, callback, error_callback, **self._options)

    def map(self, func: Callable[[Any], Any], iterable: Iterable[Any], chunksize: int | None = None) -> Any:
        """As `Pool.map`."""
        return self._pool.map(func, iterable, chunksize, **self._options)

    def map_async(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int | None = None,
        callback: Callback = None,
        error_callback: Callback = None,
    ) -> Any:
        """As `Pool.map_async`."""
        return self._pool.map_async(func, iterable, chunksize, callback, error_callback, **self._options)

    def starmap(self, func: Callable[..., Any], iterable: Iterable[Iterable[Any]], chunksize: int | None = None) -> Any:
        """As `Pool.starmap`."""
        return self._pool.starmap(func, iterable, chunksize, **self._options)

    def starmap_async(
        self,
        func: Callable[..., Any],
        iterable: Iterable[Iterable[Any]],
        chunksize: int | None = None,
        callback: Callback = None,
        error_callback: Callback = None,
    ) -> Any:
        """As `Pool.starmap_async`."""
        return self._pool.starmap_async(func, iterable, chunksize, callback, error_callback, **self._options)

    def imap(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Any:
        """As `Pool.imap`."""
        return self._pool.imap(func, iterable, chunksize, buffersize, **self._options)

    def imap_unordered(
        self,
        func: Callable[[Any], Any],
        iterable: Iterable[Any],
        chunksize: int = 1,
        buffersize: int | None = None,
    ) -> Any:
        """As `Pool.imap_unordered`."""
        return self._pool.imap_unordered(func, iterable, chunksize, buffersize, **self._options)
