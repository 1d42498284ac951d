"""From tasks to frames for a worker: functions once per worker, small scalars in batches, everything else by itself.

One pickle for a whole batch is only right for arguments that nobody can change and that hold nothing else: in one
pickle two equal objects may become one.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType

from procession.pool.worker.pickling import PROTOCOL, dumps
from procession.pool.worker.ring import RingWriter
from procession.pool.worker.worker import BATCH, FRAME, FUNCTION, TASK, TASK_IN_RING

from .channel import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.task import Task

_NUMBERED = frozenset((FunctionType, BuiltinFunctionType, type))
_SMALL = frozenset((int, float, bool, type(None)))
_SIZED = frozenset((str, bytes))
_MAX_IN_BATCH = 2048
#: From this size on arguments go through shared memory, where there is room.
_LARGE = 32 * 1024
#: Of those no more than this at once: what is sent should find its place in the ring, and others want some too.
_ENOUGH = 1024 * 1024


class Encoded:
    """The frames, the tasks in them in their order, those that cannot be pickled with the reason, and the untouched."""

    def __init__(
        self,
        frames: list[Buffer],
        sent: list[Task],
        failed: list[tuple[Task, Exception]],
        rest: Sequence[Task],
    ) -> None:
        self.frames, self.sent, self.failed, self.rest = frames, sent, failed, rest


class Encoder:
    """Numbers the functions that were sent, for all workers alike."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def encode(self, tasks: Sequence[Task], known: set[int], ring: RingWriter) -> Encoded:
        """What to send for these tasks, or for the first of them where their arguments are large.

        ``known`` are the numbers of the functions that the worker has; it is brought up to date.  ``ring`` takes large
        arguments at once.
        """
        frames = _Frames(ring)
        last: Any = None
        number, definition = 0, b""
        sent: list[Task] = []
        failed: list[tuple[Task, Exception]] = []
        for number_of_task, task in enumerate(tasks):
            if frames.large >= _ENOUGH:
                return Encoded(frames.take(), sent, failed, tasks[number_of_task:])
            function, payload = task.function, None
            try:  # nothing but the pickling: an error in the middle of a frame would spoil all that follow
                if type(function) is int:  # type: ignore[comparison-overlap]  # to a worker, the number of a function
                    raise TypeError("'int' object is not callable")
                if function is not last and type(function) in _NUMBERED:
                    number, definition = self._number(function, known)
                    last = function
                if function is not last or task.kwds or not _is_small(task.args):
                    payload = dumps((number if function is last else function, task.args, task.kwds))
            except Exception as error:  # noqa: BLE001 - pickling runs the user's code; the error is the task's result
                failed.append((task, error))
                continue
            if function is last and definition:
                frames.add(FUNCTION, definition)
                known.add(number)
                definition = b""
            if payload is None:
                frames.batch += (number, task.args)
            else:
                frames.add_task(payload)
            sent.append(task)
        return Encoded(frames.take(), sent, failed, ())

    def _number(self, function: Any, known: set[int]) -> tuple[int, bytes]:
        """Its number, and what tells it to a worker; nothing where that is known."""
        number = self._numbers.get(function, len(self._numbers))
        if number in known:
            return number, b""
        definition = pickle.dumps((number, bytes(dumps(function))), PROTOCOL)
        self._numbers[function] = number
        return number, definition


class _Frames:
    """What goes out, in order; scalars wait for others of their kind."""

    def __init__(self, ring: RingWriter) -> None:
        #: Tasks whose arguments are small scalars: number of the function, arguments, number, arguments …
        self.batch: list[Any] = []
        self._buffers: list[Buffer] = []
        self._ring = ring
        #: Bytes of large arguments.
        self.large = 0

    def add_task(self, payload: Buffer) -> None:
        """A task of its own."""
        if len(payload) < _LARGE:
            self.add(TASK, payload)
            return
        self.large += len(payload)
        if self._ring.write(0, TASK, payload):
            self.add(TASK_IN_RING, b"")
        else:
            self.add(TASK, payload)

    def add(self, kind: int, payload: Buffer) -> None:
        """A frame of its own."""
        self._end_batch()
        self._buffers.append(FRAME.pack(len(payload), kind))
        if payload:
            self._buffers.append(payload)

    def take(self) -> list[Buffer]:
        """All of it."""
        self._end_batch()
        return self._buffers

    def _end_batch(self) -> None:
        if self.batch:
            payload = pickle.dumps(self.batch, PROTOCOL)
            self.batch = []
            self._buffers.append(FRAME.pack(len(payload), BATCH))
            self._buffers.append(payload)


def _is_small(args: Sequence[Any]) -> bool:
    for value in args:
        kind = type(value)
        if kind not in _SMALL and (kind not in _SIZED or len(value) > _MAX_IN_BATCH):
            return False
    return True
