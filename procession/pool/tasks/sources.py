"""Make tasks of an iterable when workers have room for them.

The pool's main thread iterates lists and other plain containers.  Any other iterable may block, even on results that
this thread has to deliver: another one iterates it (`preparing`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import count, cycle, islice, repeat
from multiprocessing.pool import mapstar, starmapstar  # type: ignore[attr-defined]
from operator import length_hint

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

_UNLIMITED = 2**62
#: What a worker runs for each mapper of the stdlib.
_CHUNKS = {mapstar: run_chunk, starmapstar: run_starred_chunk}


def is_endless(iterable: object) -> bool:
    """Return whether it certainly never ends."""
    return type(iterable) in (count, cycle) or (type(iterable) is repeat and length_hint(iterable, -1) == -1)


def is_plain(iterable: object) -> bool:
    """Return whether iterating it neither runs code of the program nor blocks."""
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

    ``over``: there are no more; ``unbounded``: perhaps they never end; ``is_endless``: they certainly do not;
    ``is_plain``: making them runs no code of the program; ``are_large``: their arguments are no small scalars;
    ``most_ahead``: how many there may be whose results nobody has taken.
    """

    unbounded = False
    is_endless = False
    is_plain = True
    most_ahead: int | None = None
    timeout_s: float | None = None

    def __init__(
        self,
        result: ManyResults,
        function: Any,
        kind: type[Item],
        arguments: Iterator[tuple[Any, ...]],
        retries: int,
    ) -> None:
        self.over = False
        self.result = result
        self.taken = 0
        self.are_large = kind is not Item
        self._function = function
        self._kind = kind
        self._arguments = arguments
        self._retries = retries
        self._has_ended = False
        self._error: BaseException | None = None
        self.abandoned_with: BaseException | None = None

    @property
    def needs_preparing(self) -> bool:
        return self.are_large or not self.is_plain

    def room(self) -> int:
        """Return how many more tasks may be made before results are taken."""
        result: Any = self.result
        if self.most_ahead is None or result.is_dropped:
            return _UNLIMITED
        unread: int = self.taken - result.read
        return max(0, self.most_ahead - unread)

    def is_broken_off(self) -> bool:
        """Return whether nobody wants the rest: the program has left the loop over results that may never end."""
        result: Any = self.result
        return self.unbounded and getattr(result, "is_dropped", False) and (self.is_endless or result.read > 0)

    def take(self, count: int) -> list[Item]:
        """Make up to ``count`` tasks, and no more than there is `room` for; call `conclude` after it."""
        result, kind, function, retries = self.result, self._kind, self._function, self._retries
        count = min(count, self.room())
        index = self.taken
        tasks: list[Item] = []
        result.started = True
        try:
            for args in islice(self._arguments, count):
                tasks.append(kind(result, index, function, args, retries))
                index += 1
        except BaseException as error:  # noqa: BLE001 - the iterable is the program's
            self._has_ended, self._error = True, error
        if self.timeout_s is not None:
            for task in tasks:
                task.timeout_s = self.timeout_s
        self.taken = index
        self._has_ended |= len(tasks) < count
        return tasks

    def conclude(self) -> None:
        """Pass on to the result that the iterable has ended, or raised; call it with the lock of the pool held."""
        if not self._has_ended or self.over:
            return
        if self._error:
            self.abandon(self._error)
        else:
            self.over = True
            self.result.set_length(self.taken)

    def abandon(self, error: BaseException) -> None:
        """End the source; the result gets ``error`` for the tasks that were not made."""
        if not self.over:
            self.over = True
            self.abandoned_with = error
            self.result.abandon(self.taken, error)


def _chunks(
    function: Callable[..., Any], iterable: Iterable[Any], chunksize: int
) -> Iterator[tuple[Callable[..., Any], tuple[Any, ...]]]:
    items = iter(iterable)
    while chunk := tuple(islice(items, chunksize)):
        yield function, chunk
