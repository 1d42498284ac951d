"""The decorators that declare workloads, and functions of `workers.pooled`; parameters have their bounds beside types.

::

    @workload("sleep", look_at="The state: running, at no CPU.", stuck_after_s=ALL_DAY)
    def sleep(seconds: Annotated[float, Range(0, 86_400), "how long to sleep"] = 60) -> None:
        '''Sleeps, then exits with code 0.'''

Kept light: every child that runs a workload loads this module.  `workers._catalogue` reads the declarations.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])

DECLARED = "__workload__"
# `procession.pool_host` finds the catalogue's functions by this attribute, without loading the rest of it.
POOLED = "__pool_function__"
# For workloads that are idle on purpose: a limit on idle time that nobody reaches.
ALL_DAY = 86_400.0


class BadParameter(ValueError):
    """A parameter is invalid; ``args`` are (its name, what is wrong and what is allowed)."""

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
    """The bounds of a number, both inclusive."""

    def __init__(self, minimum: float, maximum: float) -> None:
        self.minimum = minimum
        self.maximum = maximum


class Choices:
    """The allowed values of a string."""

    def __init__(self, *values: str) -> None:
        self.values = values


class Declaration:
    """The arguments of the decorator; the rest is in signature and docstring."""

    def __init__(self, name: str, title: str, look_at: str, defaults: dict[str, Any]) -> None:
        self.name = name
        self.title = title
        self.look_at = look_at
        self.defaults = defaults


def workload(name: str, *, look_at: str, title: str | None = None, **defaults: Any) -> Callable[[T], T]:
    """Declare a function or `multiprocessing.Process` subclass as a workload, and return it unchanged.

    ``look_at`` says what to see on the page; ``defaults`` are fields of `app.records.process.LaunchSpec`
    (``start_method``, ``daemon``, ``auto_join``, ``grace_s``, ``stuck_after_s``, ``restart``).
    """

    def declare(target: T) -> T:
        told = Declaration(name, title or name.replace("-", " ").capitalize(), look_at, defaults)
        setattr(target, DECLARED, told)
        return target

    return declare


class PoolDeclaration:
    """The arguments of `pool_function`."""

    def __init__(self, name: str, title: str, look_at: str, example: dict[str, Any]) -> None:
        self.name = name
        self.title = title
        self.look_at = look_at
        self.example = example


def pool_function(name: str, *, look_at: str, example: dict[str, Any], title: str | None = None) -> Callable[[T], T]:
    """Declare a function for pool workers, and return it unchanged.

    ``example`` is a job that shows its effect: ``method``, ``args`` or ``iterable``, ``chunksize``.
    """

    def declare(target: T) -> T:
        setattr(target, POOLED, PoolDeclaration(name, title or name.replace("-", " ").capitalize(), look_at, example))
        return target

    return declare
