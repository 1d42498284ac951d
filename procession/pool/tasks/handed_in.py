"""Tasks that a program puts into `Pool._taskqueue` itself, as the istarmap recipe does, with results of the stdlib."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from .maps import ManyResults
from .task import Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .task import Describe


class HandedInTask(Item):
    """One task; made of ``(job, index, function, args, kwds)``, as the stdlib's pool sends it."""

    __slots__ = ("job", "kwds")

    def __init__(self, result: HandedInTasks, index: int, _: object, call: tuple[Any, ...], retries: int) -> None:
        self.job, index_there, function, args, self.kwds = call
        super().__init__(result, index_there, function, tuple(args), retries)


class HandedInTasks(ManyResults):
    """Passes the results of the tasks to the result objects that the program has put into `Pool._cache`.

    Does not enter the pool itself.
    """

    _total = None

    def __init__(self, pool: Any, call: int, set_length: Callable[[int], object] | None) -> None:
        super().__init__(pool, call, 1)
        self._set_length = set_length
        self._job_there: int | None = None
        self._end: tuple[int, BaseException] | None = None

    def noting_the_job(self, tasks: Iterable[Any]) -> Iterator[Any]:
        """Yield the tasks, and note which result they are for."""
        for task in tasks:
            self._job_there = task[0]
            if self._end:
                self.abandon(*self._end)
                return
            yield task

    def settle(self, item: Item, success: bool, value: Any, describe: Describe | None = None) -> None:
        if not success:
            self._count_failure(describe or item.describe(), value)
        self._over += 1
        assert isinstance(item, HandedInTask)
        self._pass_on(item.job, item.index, success, value)

    def abandon(self, index: int, error: BaseException) -> None:
        self._end = index, error
        if self._job_there is None:
            return  # until the first task is known
        self._count_error(error)
        self._pass_on(self._job_there, index, False, error)
        self.set_length(index + 1)

    def set_length(self, length: int) -> None:
        if set_length := self._set_length:
            self._pool._call_back(lambda: set_length(length))

    def _pass_on(self, job: int, index: int, success: bool, value: Any) -> None:
        if result := self._pool._cache.get(job):
            self._pool._call_back(lambda: result._set(index, (success, value)))  # calls the program's callbacks
