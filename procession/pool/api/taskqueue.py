"""`Pool._taskqueue`, which programs that reach into the stdlib's Pool read and put tasks into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sized
from weakref import WeakMethod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    #: Tasks as ``(job, index, function, args, kwds)``, and what to call with their number.
    Tasks = tuple[Iterable[Any], Callable[[int], object] | None]


class TaskQueue:
    """Passes tasks on to the pool; its size is the number of calls that wait."""

    def __init__(self, waiting: Sized, submit: Callable[..., None]) -> None:
        """``submit`` is a method of the pool, to which no reference is kept: then it ends when nobody has it."""
        self._waiting = waiting
        self._submit = WeakMethod(submit)

    def put(self, tasks: Tasks) -> None:
        """Have the tasks executed; their results go to the result objects in `Pool._cache`."""
        if submit := self._submit():
            submit(*tasks)

    def qsize(self) -> int:
        return len(self._waiting)

    def empty(self) -> bool:
        return not self._waiting
