"""The tasks of a pool: what a worker is to call, and where the result goes.

`facts` (and `typing`) are loaded only when needed, which saves 0.8 MiB in each forked worker.
"""

from __future__ import annotations

import reprlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, Protocol

    from procession.pool.facts import Failure, TaskFacts

    Describe = Callable[[], TaskFacts]

    class Task(Protocol):
        """What a worker is to call.  ``retries`` are those left; ``attempt`` counts from 1; ``timeout_s`` is its limit.

        ``payload`` is None until it is pickled: the number of the function (None where it is pickled with the
        arguments), and the pickle.
        """

        function: Callable[..., Any]
        args: tuple[Any, ...]
        kwds: Mapping[str, Any] | None
        retries: int
        attempt: int
        timeout_s: float | None
        payload: tuple[int | None, bytes | memoryview] | None
        needs_preparing: bool  # before it can be sent; of a plain source, whoever sends it finds out

        def settle(self, success: bool, value: Any, describe: Describe | None = None) -> None:
            """End the task: ``value`` is what it returned, or the exception that it raised or was lost by.

            ``describe`` returns which task it was; without it, `describe` is called when somebody asks for that.
            """

        def retried(self) -> None:
            """Note that it was lost and is run again."""

        def describe(self) -> Describe:
            """Return what returns which task this is; that calls the repr of its arguments."""

    class Results(Protocol):
        """Collects the results of several tasks; ``call`` is the number of the call, from 1."""

        call: int
        chunksize: int

        def settle(self, task: Item, success: bool, value: Any, describe: Describe | None = None) -> None:
            """End one task."""

        def count_retry(self) -> None:
            """Note that a task was lost and is run again."""


_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = 60


class Item:
    """One task of a map or an imap; ``args`` are the arguments of one call."""

    __slots__ = ("args", "attempt", "function", "index", "payload", "result", "retries", "timeout_s")
    needs_preparing = False
    kwds: Mapping[str, Any] | None = None

    def __init__(
        self, result: Results, index: int, function: Callable[..., Any], args: tuple[Any, ...], retries: int
    ) -> None:
        self.result = result
        self.index = index
        self.function = function
        self.args = args
        self.retries = retries
        self.attempt = 1
        self.timeout_s: float | None = None
        self.payload: tuple[int | None, bytes | memoryview] | None = None

    def settle(self, success: bool, value: Any, describe: Describe | None = None) -> None:
        self.result.settle(self, success, value, describe)

    def retried(self) -> None:
        self.result.count_retry()

    def facts(self) -> TaskFacts:
        return self.describe()()

    def describe(self) -> Describe:
        call, index, function, args, attempt = self.result.call, self.index, self.function, self.args, self.attempt
        return lambda: task_facts(call, index, index, 1, name_of(function), arguments_text(args, None), attempt)


class Chunk(Item):
    """Several calls as one task; ``args`` are (the user's function, the items)."""

    __slots__ = ()

    def describe(self) -> Describe:
        function, items = self._call()
        call, index, attempt = self.result.call, self.index, self.attempt
        first = index * self.result.chunksize
        return lambda: task_facts(
            call, index, first, len(items), name_of(function), _safely(_repr.repr, items), attempt
        )

    def _call(self) -> tuple[Any, ...]:
        return self.args


class MappedChunk(Chunk):
    """A chunk that a mapper of the program calls; ``args`` are ((the user's function, the items),)."""

    __slots__ = ()

    def _call(self) -> tuple[Any, ...]:
        called: tuple[Any, ...] = self.args[0]
        return called


def task_facts(*fields: Any) -> TaskFacts:
    from procession.pool.facts import TaskFacts

    return TaskFacts(*fields)


def failure_of(describe: Describe, error: BaseException) -> Failure:
    from procession.pool.facts import Failure

    return Failure(describe(), error)


def described(task: Task) -> Describe:
    """Return what returns which task it is, without a reference to its arguments; calls their repr now."""
    facts = task.describe()()
    return lambda: facts


def name_of(function: Any) -> str:
    """Return ``module.qualname`` of what a task calls."""
    return _safely(_name, function)


def arguments_text(args: tuple[Any, ...] | None, kwds: Mapping[str, Any] | None) -> str:
    return _safely(_arguments_text, args or (), kwds or {})


def _name(function: Any) -> str:
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    module = getattr(function, "__module__", None)
    return str(name) if module in (None, "builtins", "__main__") else f"{module}.{name}"


def _arguments_text(args: tuple[Any, ...], kwds: Mapping[str, Any]) -> str:
    parts = [_repr.repr(value) for value in args[:6]]
    parts += [f"{name}={_repr.repr(value)}" for name, value in list(kwds.items())[:6]]
    return ", ".join(parts)


def _safely(say: Callable[..., str], *of: Any) -> str:
    try:
        return say(*of)
    except Exception as error:  # noqa: BLE001 - a __repr__ is the user's code
        return f"<no repr: {type(error).__name__}>"
