"""Encode tasks as frames for a worker: functions by number, small scalars in batches, all else separately.

Pickling anything but plain data may run code of the program, or take long, so it is done before (`Encoder.prepare`),
by a thread that holds no lock.  Only immutable arguments without references may share the pickle of a batch: in one
pickle, two equal objects can become the same object.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Sequence
from itertools import count
from types import BuiltinFunctionType, FunctionType

from procession.pool.worker_process.main import BATCH, FRAME, FUNCTION, LIMITED, TASK, TASK_IN_RING
from procession.pool.worker_process.pickling import PROTOCOL, dumps, has_reducer
from procession.pool.worker_process.ring import RingWriter

from .channel import Buffer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.task import Task
    from procession.pool.worker_process.queue_pickling import Dumps

_NUMBERED = frozenset((FunctionType, BuiltinFunctionType, type))
_SMALL = frozenset((int, float, bool, type(None)))
_SIZED = frozenset((str, bytes))
_CONTAINERS = frozenset((tuple, list, set, frozenset))
_MAX_IN_BATCH = 2048
#: How many values plain data may consist of.
_MOST_PLAIN = 50
#: Arguments of at least this size go through shared memory, where they fit.
_LARGE = 32 * 1024
#: At most so much of them at once: they should fit into the ring, and other workers need tasks too.
_ENOUGH = 1024 * 1024
#: Among the functions that a worker knows: it has been told that tasks with a time limit come.
IS_LIMITED = -1
#: What is larger is pickled again should the task have to be sent again.
_KEPT = 1024 * 1024


class Encoded:
    """The frames, the tasks in them in order, and those that were not encoded.

    ``met_unprepared``: the first of these has to be prepared.
    """

    def __init__(self, frames: list[Buffer], sent: list[Task], rest: Sequence[Task], *, met_unprepared: bool) -> None:
        self.frames, self.sent, self.rest, self.met_unprepared = frames, sent, rest, met_unprepared


class Encoder:
    """Encodes tasks; a function has the same number for all workers."""

    def __init__(self, dumps: Dumps = dumps) -> None:
        self._dumps = dumps
        #: Of functions that workers find by their module and name.
        self._numbers: dict[Any, int] = {}
        self._definitions: dict[int, bytes] = {}
        self._count = count()

    def pickle_plain(self, task: Task) -> bool:
        """Pickle the arguments if they are plain data and the function is found by name; return whether they are.

        Small scalars are left as they are.  The task can then be sent without being prepared.
        """
        if task.payload is None:
            number = self._number(task.function)
            if number is None:
                return False
            if task.kwds or not _are_small(task.args):
                if not _is_plain_call(task):
                    return False
                task.payload = number, pickle.dumps((number, task.args, task.kwds), PROTOCOL)
        return True

    def prepare(self, task: Task) -> None:
        """Pickle what is no plain data; raises what that raises.

        Runs code of the program: call it without any lock.
        """
        if not self.pickle_plain(task):
            function = task.function
            if type(function) is int:  # type: ignore[comparison-overlap]  # a worker would take it for a number
                raise TypeError("'int' object is not callable")
            number = self._number(function)
            called = function if number is None else number
            task.payload = number, self._dumps((called, task.args, task.kwds))

    def encode(self, tasks: Sequence[Task], known: set[int], ring: RingWriter) -> Encoded:
        """Encode the tasks up to one that is not prepared, or only the first of them where their arguments are large.

        ``known`` are the numbers of the functions that the worker has; new ones are added.  Large arguments are written
        to ``ring`` at once.
        """
        frames = _Frames(ring)
        last: Any = None
        number: int | None = None
        for at, task in enumerate(tasks):
            if frames.large >= _ENOUGH:
                return Encoded(frames.take(), list(tasks[:at]), tasks[at:], met_unprepared=False)
            payload = task.payload
            if payload is not None:
                number, last = payload[0], None
            else:
                if task.function is not last:
                    last, number = task.function, self._number(task.function)
                if number is None or ((task.kwds or not _are_small(task.args)) and not self.pickle_plain(task)):
                    return Encoded(frames.take(), list(tasks[:at]), tasks[at:], met_unprepared=True)
                payload = task.payload
            if task.timeout_s is not None and IS_LIMITED not in known:
                frames.add(LIMITED, b"")
                known.add(IS_LIMITED)
            if number is not None and number not in known:
                frames.add(FUNCTION, self._definitions[number])
                known.add(number)
            if payload is None:
                frames.batch += (number, task.args)
            else:
                frames.add_task(payload[1])
                if len(payload[1]) > _KEPT:
                    task.payload = None
        return Encoded(frames.take(), list(tasks), (), met_unprepared=False)

    def _number(self, function: Any) -> int | None:
        """Return the function's number; None where it is not found by name, or pickling it runs code of the program."""
        if type(function) not in _NUMBERED:
            return None
        number = self._numbers.get(function)
        if number is None and _is_found_by_name(function) and not has_reducer(type(function)):
            number = next(self._count)
            # First the definition: another thread may use the number at once.
            self._definitions[number] = pickle.dumps((number, function.__module__, function.__name__), PROTOCOL)
            number = self._numbers.setdefault(function, number)
        return number


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


def _is_found_by_name(function: Any) -> bool:
    """Return whether a worker finds it as ``module.name``, as pickle would."""
    module = sys.modules.get(function.__module__) if type(function.__module__) is str else None
    return module is not None and vars(module).get(function.__qualname__) is function


def _is_plain_call(task: Task) -> bool:
    """Return whether pickling the arguments takes a few microseconds, and runs no code of the program."""
    return _left_of(task.args, _left_of(task.kwds, _MOST_PLAIN)) >= 0


def _left_of(value: Any, left: int) -> int:
    """Return how many of ``left`` plain values remain after this one and what is in it; negative: something else."""
    kind = type(value)
    left -= 1
    if kind in _SMALL:
        return left
    if kind in _SIZED:
        return left if len(value) <= _MAX_IN_BATCH else -1
    if kind is dict:
        parts: Any = (*value, *value.values()) if len(value) <= left else None
    elif kind in _CONTAINERS:
        parts = value if len(value) <= left else None
    else:
        return -1
    if parts is None:
        return -1
    for part in parts:
        left = _left_of(part, left)
        if left < 0:
            return -1
    return left


def _are_small(args: Sequence[Any]) -> bool:
    for value in args:
        kind = type(value)
        if kind not in _SMALL and (kind not in _SIZED or len(value) > _MAX_IN_BATCH):
            return False
    return True
