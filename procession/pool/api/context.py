"""Contexts of `multiprocessing` whose pools are ours."""

from __future__ import annotations

import multiprocessing

from .pool import Pool

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Context:
    """A context of `multiprocessing` with our ``Pool``; everything else is the stdlib's."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def Pool(self, *args: Any, **kwds: Any) -> Pool:  # noqa: N802 - the stdlib's name
        """Return a `Pool` with the start method of this context."""
        return Pool(*args, **{"context": self._context, **kwds})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


def get_context(method: str | None = None) -> Context:
    """Return a context as `multiprocessing.get_context` does; raises ValueError for an unknown start method."""
    return Context(multiprocessing.get_context(method))
