"""The tasks that an iterable becomes, made when a worker has room for them.

A list or another plain container is iterated by the pool's own thread.  Anything else may take its time, or wait for
results that this very thread has to deliver: it is asked in a thread of its own (`feeder`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice, repeat

from procession.pool.worker.worker import run_chunk, run_starred_chunk

from .maps import ManyResults
from .task import Chunk, Item

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: What is iterated without running anybody's code, nor waiting.
_PLAIN = frozenset(
    (
        *(list, tuple, range, str, bytes, bytearray, dict, set, frozenset, deque, count, repeat),
        *(type(iter(kind())) for kind in (list, tuple, str, bytes, dict, set)),
        type(iter(range(0))),
    )
)


def is_plain(iterable: object) -> bool:
    """Whether the pool's thread may iterate it."""
    return type(iterable) in _PLAIN


def arguments(
    function: Callable[..., Any], iterable: Iterable[Any], chunksize: int, *, starred: bool
) -> tuple[Callable[..., Any], type[Item], Iterator[tuple[Any, ...]]]:
    """(what a worker calls, the kind of task, the arguments of one task after the other)."""
    if chunksize == 1:
        return function, Item, map(tuple, iterable) if starred else zip(iterable)
    return run_starred_chunk if starred else run_chunk, Chunk, _chunks(function, iterable, chunksize)


class Source:
    """Tasks of one call, in order.  ``over`` when there are no more; ``starved`` when there are none right now;
    ``unbounded`` where nobody knows whether they ever come to an end."""

    starved = False
    unbounded = False

    def __init__(
        self,
        result: ManyResults,
        function: Callable[..., Any],
        kind: type[Item],
        arguments: Iterator[tuple[Any, ...]],
        retries: int,
    ) -> None:
        self.over = False
        self.result = result
        self.taken = 0
        self._function = function
        self._kind = kind
        self._arguments = arguments
        self._retries = retries

    def take(self, count: int) -> list[Item]:
        """Up to ``count`` tasks.  What the iterable raises ends it: the result is told."""
        result, kind, function, retries = self.result, self._kind, self._function, self._retries
        index = self.taken
        tasks: list[Item] = []
        result.started = True
        try:
            for args in islice(self._arguments, count):
                tasks.append(kind(result, index, function, args, retries))
                index += 1
        except Exception as error:  # noqa: BLE001 - the iterable is the user's
            self.taken = index
            self.abandon(error)
            return tasks
        self.taken = index
        if len(tasks) < count:
            self.over = True
            result.set_length(index)
        return tasks

    def abandon(self, error: BaseException) -> None:
        """Make no more tasks; the result gets ``error`` for those that were not made."""
        if not self.over:
            self.over = True
            self.result.abandon(self.taken, error)


class FedSource(Source):
    """A source whose arguments come from a `feeder.Feeder`; ``queued`` says that it stands in the pool's queue."""

    def __init__(
        self,
        result: ManyResults,
        function: Callable[..., Any],
        kind: type[Item],
        retries: int,
        hungry: Callable[[], None],
    ) -> None:
        super().__init__(result, function, kind, iter(()), retries)
        self.queued = False
        self.fed: deque[tuple[Any, ...]] = deque()
        self._hungry = hungry
        self._end: list[BaseException | None] = []

    @property
    def starved(self) -> bool:  # type: ignore[override]
        """Whether it waits for its feeder."""
        return not (self.over or self.fed or self._end)

    def end(self, error: BaseException | None) -> None:
        """Called by the feeder: nothing more will come, because of ``error`` or of the iterable's end."""
        self._end.append(error)

    def abandon(self, error: BaseException) -> None:
        """As `Source.abandon`; the feeder stops at its next item."""
        super().abandon(error)
        self._hungry()

    def take(self, count: int) -> list[Item]:
        """As `Source.take`, of what has been fed."""
        ended = bool(self._end)  # looked at first: the feeder feeds before it says so
        self.result.started = True
        tasks = [
            self._kind(self.result, self.taken + number, self._function, self.fed.popleft(), self._retries)
            for number in range(min(count, len(self.fed)))
        ]
        self.taken += len(tasks)
        if ended and not self.fed:
            if error := self._end[0]:
                self.abandon(error)
            else:
                self.over = True
                self.result.set_length(self.taken)
        self._hungry()
        return tasks


def _chunks(
    function: Callable[..., Any], iterable: Iterable[Any], chunksize: int
) -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    items = iter(iterable)
    while chunk := tuple(islice(items, chunksize)):
        yield function, chunk
