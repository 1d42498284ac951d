"""Encode tasks as frames for a worker: each function once per worker, small scalars in batches, all else separately.

Only immutable arguments without references may share the pickle of a batch: in one pickle, two equal objects can
become the same object.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType

from procession.pool.worker_process.main import BATCH, FRAME, FUNCTION, TASK, TASK_IN_RING
from procession.pool.worker_process.pickling import PROTOCOL, dumps
from procession.pool.worker_process.ring import RingWriter

from .channel import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.task import Task

_NUMBERED = frozenset((FunctionType, BuiltinFunctionType, type))
_SMALL = frozenset((int, float, bool, type(None)))
_SIZED = frozenset((str, bytes))
_MAX_IN_BATCH = 2048
#: Arguments of at least this size go through shared memory, where they fit.
_LARGE = 32 * 1024
#: At most so much of them at once: they should fit into the ring, and other workers need tasks too.
_ENOUGH = 1024 * 1024


class Encoded:
    """The frames, the tasks in them in order, those that cannot be pickled with the error, and those not encoded."""

    def __init__(
        self, frames: list[Buffer], sent: list[Task], failed: list[tuple[Task, Exception]], rest: Sequence[Task]
    ) -> None:
        self.frames, self.sent, self.failed, self.rest = frames, sent, failed, rest


class Encoder:
    """Encodes tasks; a function has the same number for all workers."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def encode(self, tasks: Sequence[Task], known: set[int], ring: RingWriter) -> Encoded:
        """Encode the tasks, or only the first of them where their arguments are large.

        ``known`` are the numbers of the functions that the worker has; new ones are added.  Large arguments are written
        to ``ring`` at once.
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
            try:  # only pickling: an error inside a frame would corrupt all that follow
                if type(function) is int:  # type: ignore[comparison-overlap]  # a worker would take it for a function's number
                    raise TypeError("'int' object is not callable")
                if function is not last and type(function) in _NUMBERED:
                    number, definition = self._number(function, known)
                    last = function
                if function is not last or task.kwds or not _is_small(task.args):
                    payload = dumps((number if function is last else function, task.args, task.kwds))
            except Exception as error:  # noqa: BLE001 - pickling runs the user's code; the task fails with its error
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
        """Return the function's number and the payload that defines it, empty where the worker knows it."""
        number = self._numbers.get(function, len(self._numbers))
        if number in known:
            return number, b""
        definition = pickle.dumps((number, bytes(dumps(function))), PROTOCOL)
        self._numbers[function] = number
        return number, definition


class _Frames:
    """Frames to send, in order; small scalars are collected into a batch."""

    def __init__(self, ring: RingWriter) -> None:
        #: Tasks with small scalars as arguments: function number, arguments, function number, arguments …
        self.batch: list[Any] = []
        self._buffers: list[Buffer] = []
        self._ring = ring
        #: Size of the large arguments so far, in bytes.
        self.large = 0

    def add_task(self, payload: Buffer) -> None:
        if len(payload) < _LARGE:
            self.add(TASK, payload)
            return
        self.large += len(payload)
        if self._ring.write(0, TASK, payload):
            self.add(TASK_IN_RING, b"")
        else:
            self.add(TASK, payload)

    def add(self, kind: int, payload: Buffer) -> None:
        self._end_batch()
        self._buffers.append(FRAME.pack(len(payload), kind))
        if payload:
            self._buffers.append(payload)

    def take(self) -> list[Buffer]:
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
