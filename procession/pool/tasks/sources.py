"""Make tasks of an iterable when workers have room for them.

The pool's own thread iterates lists and other plain containers.  Any other iterable may block, even on results that
this thread has to deliver: a thread of its own iterates it (`feeder`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count, islice, repeat
from multiprocessing.pool import mapstar, starmapstar  # type: ignore[attr-defined]

from procession.pool.worker_process.main import run_chunk, run_starred_chunk

from .maps import ManyResults
from .task import Chunk, Item, MappedChunk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: Types whose iteration neither runs the user's code nor blocks.
_PLAIN = frozenset(
    (
        *(list, tuple, range, str, bytes, bytearray, dict, set, frozenset, deque, count, repeat),
        *(type(iter(kind())) for kind in (list, tuple, str, bytes, dict, set)),
        type(iter(range(0))),
    )
)

#: What a worker runs for each mapper of the stdlib.
_CHUNKS = {mapstar: run_chunk, starmapstar: run_starred_chunk}


def is_plain(iterable: object) -> bool:
    return type(iterable) in _PLAIN


def arguments(
    function: Callable[..., Any], iterable: Iterable[Any], chunksize: int, *, mapper: Callable[[Any], list[Any]]
) -> tuple[Callable[..., Any], type[Item], Iterator[tuple[Any, ...]]]:
    """Return (what a worker calls, the kind of task, an iterator of the tasks' arguments).

    A chunk is run as ``mapper((function, items))``.
    """
    if mapper not in _CHUNKS:
        return mapper, MappedChunk, zip(_chunks(function, iterable, chunksize))
    if chunksize == 1:
        return function, Item, map(tuple, iterable) if mapper is starmapstar else zip(iterable)
    return _CHUNKS[mapper], Chunk, _chunks(function, iterable, chunksize)


class Source:
    """Tasks of one call, in order.

    ``over``: there are no more; ``starved``: none right now; ``unbounded``: perhaps they never end.
    """

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
        """Make up to ``count`` tasks; an exception of the iterable ends the source and goes to the result."""
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
        """End the source; the result gets ``error`` for the tasks that were not made."""
        if not self.over:
            self.over = True
            self.result.abandon(self.taken, error)


class FedSource(Source):
    """A source that gets its items from a `feeder.Feeder`; ``queued`` says that it is in the pool's queue."""

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
        """Note that the iterable has ended, or raised ``error``; called by the feeder."""
        self._end.append(error)

    def abandon(self, error: BaseException) -> None:
        """End the source as `Source.abandon` does; the feeder stops at its next item."""
        super().abandon(error)
        self._hungry()

    def take(self, count: int) -> list[Item]:
        """Make up to ``count`` tasks of the items that were fed."""
        ended = bool(self._end)  # read before ``fed``: the feeder writes it after
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
