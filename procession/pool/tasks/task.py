"""The tasks of a pool: what a worker is to call, and who is told.

`facts` (and `typing`) are loaded when somebody asks for them: that spares a forked worker 0.8 MiB.
"""

from __future__ import annotations

import reprlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from procession.pool.facts import Failure, TaskFacts

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

    class Results(Protocol):
        """Where the results of several tasks are collected; ``call`` is the number of the call, from 1."""

        call: int
        chunksize: int

        def settle(self, task: Item, success: bool, value: Any) -> None:
            """A task is over."""

        def count_retry(self) -> None:
            """A task was lost and is to be run again."""


_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


class Item:
    """One task of a map or an imap; ``args`` are those of one call."""

    __slots__ = ("args", "attempt", "function", "index", "result", "retries")
    kwds: dict[str, Any] | None = None

    def __init__(
        self, result: Results, index: int, function: Callable[..., Any], args: tuple[Any, ...], retries: int
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
        return task_facts(
            self.result.call, self.index, self.index, 1, name_of(self.function), written(self.args, None), self.attempt
        )


class Chunk(Item):
    """Several calls as one task; ``args`` are (the user's function, the items)."""

    __slots__ = ()

    def facts(self) -> TaskFacts:
        """Which task this is."""
        function, items = self.args
        first = self.index * self.result.chunksize
        arguments = _safely(_repr.repr, items)
        return task_facts(self.result.call, self.index, first, len(items), name_of(function), arguments, self.attempt)


def task_facts(*fields: Any) -> TaskFacts:
    from procession.pool.facts import TaskFacts

    return TaskFacts(*fields)


def failure_of(task: Task, error: BaseException) -> Failure:
    from procession.pool.facts import Failure

    return Failure(task.facts(), error)


def name_of(function: Any) -> str:
    """``module.qualname`` of what a task calls."""
    return _safely(_name, function)


def written(args: tuple[Any, ...] | None, kwds: dict[str, Any] | None) -> str:
    return _safely(_written, args or (), kwds or {})


def _name(function: Any) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    module = getattr(function, "__module__", None)
    return str(name) if module in (None, "builtins", "__main__") else f"{module}.{name}"


def _written(args: tuple[Any, ...], kwds: dict[str, Any]) -> str:
    parts = [_repr.repr(value) for value in args[:6]]
    parts += [f"{name}={_repr.repr(value)}" for name, value in list(kwds.items())[:6]]
    return ", ".join(parts)


def _safely(say: Callable[..., str], *of: Any) -> str:
    try:
        return say(*of)
    except Exception as error:  # noqa: BLE001 - what users' objects say of themselves is users' code
        return f"<no repr: {type(error).__name__}>"
