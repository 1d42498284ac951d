"""Calls of a pool with other retries and limits, in the stdlib's signatures."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_CALLS = ("apply_async", "map", "map_async", "starmap", "starmap_async", "imap", "imap_unordered")


class Options:
    """What `Pool.options` returns: the calls of the pool, each with these options; the stub has their types."""

    apply_async: Callable[..., Any]

    def __init__(self, pool: Any, options: dict[str, Any]) -> None:
        for name in _CALLS:
            setattr(self, name, partial(getattr(pool, name), **options))

    def apply(self, func: Callable[..., Any], args: Iterable[Any] = (), kwds: Mapping[str, Any] = {}) -> Any:
        """As `Pool.apply`, whose signature has no options."""
        return self.apply_async(func, args, kwds).get()
