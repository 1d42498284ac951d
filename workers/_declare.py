"""How a theme declares its workloads, and `workers.pooled` its functions: one decorator, and bounds beside the types.

::

    @workload("sleep", look_at="The state: running, at no CPU.", stuck_after_s=ALL_DAY)
    def sleep(seconds: Annotated[float, Range(0, 86_400), "how long"] = 60) -> None:
        '''Sleeps, then ends with exit code 0.'''

Kept light, because every child that runs a workload loads it; `workers._catalogue` reads what is declared
here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])

DECLARED = "__workload__"
# `procession.pool_host` finds a function of the catalogue by this, without the rest of the catalogue.
POOLED = "__pool_function__"
# For what is idle on purpose: a limit on no progress that nobody reaches.
ALL_DAY = 86_400.0


class BadParameter(ValueError):
    """A parameter is wrong; ``args`` are (its name, what is wrong and what is allowed)."""

    @property
    def name(self) -> str:
        """The name of the parameter."""
        return str(self.args[0])

    @property
    def reason(self) -> str:
        """What is wrong, and what is allowed."""
        return str(self.args[1])

    def __str__(self) -> str:
        return f"{self.name}: {self.reason}"


class Range:
    """The bounds of a number, both allowed."""

    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum = minimum
        self.maximum = maximum


class Choices:
    """The values that a text may have."""

    def __init__(self, *values: str) -> None:
        self.values = values


class Declaration:
    """What the decorator was told; the rest is in the signature and the docstring."""

    def __init__(self, name: str, title: str, look_at: str, defaults: dict[str, Any]) -> None:
        self.name = name
        self.title = title
        self.look_at = look_at
        self.defaults = defaults


def workload(name: str, *, look_at: str, title: str | None = None, **defaults: Any) -> Callable[[T], T]:
    """Declare a function or a `multiprocessing.Process` subclass as a workload, and leave it as it is.

    ``look_at`` says what the page shows of it; ``defaults`` are fields of `app.records.process.LaunchSpec`
    (``start_method``, ``daemon``, ``auto_join``, ``grace_s``, ``stuck_after_s``, ``restart``).
    """

    def declare(target: T) -> T:
        told = Declaration(name, title or name.replace("-", " ").capitalize(), look_at, defaults)
        setattr(target, DECLARED, told)
        return target

    return declare


class PoolDeclaration:
    """What `pool_function` was told."""

    def __init__(self, name: str, title: str, look_at: str, example: dict[str, Any]) -> None:
        self.name = name
        self.title = title
        self.look_at = look_at
        self.example = example


def pool_function(name: str, *, look_at: str, example: dict[str, Any], title: str | None = None) -> Callable[[T], T]:
    """Declare a function as one that the workers of a pool run, and leave it as it is.

    ``example`` is a job that shows what there is to see: ``method``, ``args`` or ``iterable``, ``chunksize``.
    """

    def declare(target: T) -> T:
        setattr(target, POOLED, PoolDeclaration(name, title or name.replace("-", " ").capitalize(), look_at, example))
        return target

    return declare
