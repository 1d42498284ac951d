"""The pool functions as the supervisor sees them: what the job form needs."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from . import pooled
from ._catalogue import Parameter, first_line, parameters
from ._declare import POOLED, PoolDeclaration


@dataclass(frozen=True, kw_only=True)
class PoolFunction:
    """One function; ``target`` is where it is found, ``example`` a job that shows its effect."""

    name: str
    title: str
    description: str
    look_at: str
    target: str
    parameters: tuple[Parameter, ...]
    example: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return everything that the job form needs, as JSON."""
        return deepcopy(asdict(self))


@cache
def discover() -> dict[str, PoolFunction]:
    """Return all functions of `workers.pooled`; raises ValueError for a name that is used twice."""
    found: dict[str, PoolFunction] = {}
    for function in vars(pooled).values():
        declared = getattr(function, "__dict__", {}).get(POOLED)
        if isinstance(declared, PoolDeclaration):
            if declared.name in found:
                raise ValueError(f"duplicate pool function name: {declared.name}")
            found[declared.name] = _told(function, declared)
    return found


def _told(function: Callable[..., Any], declared: PoolDeclaration) -> PoolFunction:
    return PoolFunction(
        name=declared.name,
        title=declared.title,
        description=first_line(function.__doc__),
        look_at=declared.look_at,
        target=f"{function.__module__}:{function.__qualname__}",
        parameters=tuple(parameters(function)),
        example={"args": None, "iterable": None, "chunksize": None} | declared.example,
    )
