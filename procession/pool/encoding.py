"""From tasks to frames for a worker: functions once per worker, small scalars in batches, everything else by itself.

One pickle for a whole batch is only right for arguments that nobody can change and that hold nothing else: in one
pickle two equal objects may become one.
"""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType
from typing import Any

from .channel import Buffer
from .pickling import PROTOCOL, dumps
from .results import Task
from .worker import BATCH, FRAME, FUNCTION, TASK

_NUMBERED = frozenset((FunctionType, BuiltinFunctionType, type))
_SMALL = frozenset((int, float, bool, type(None)))
_SIZED = frozenset((str, bytes))
_MAX_IN_BATCH = 2048


class Encoder:
    """Numbers the functions that were sent, for all workers alike."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def encode(
        self, tasks: Sequence[Task], known: set[int]
    ) -> tuple[list[Buffer], list[Task], list[tuple[Task, Exception]]]:
        """(what to send, the tasks in it in their order, those that cannot be pickled with the reason).

        ``known`` are the numbers of the functions that the worker has; it is brought up to date.
        """
        frames = _Frames()
        sent: list[Task] = []
        failed: list[tuple[Task, Exception]] = []
        for task in tasks:
            function: Any = task.function
            try:
                if type(function) in _NUMBERED:
                    function = self._number(function, known, frames)
                if type(function) is int and not task.kwds and _is_small(task.args):
                    frames.add_to_batch(function, task.args)
                else:
                    frames.add(TASK, dumps((function, task.args, task.kwds)))
            except Exception as error:  # noqa: BLE001 - pickling runs the user's code; the error is the task's result
                failed.append((task, error))
            else:
                sent.append(task)
        return frames.take(), sent, failed

    def _number(self, function: Any, known: set[int], frames: _Frames) -> int:
        number = self._numbers.get(function, len(self._numbers))
        if number not in known:
            frames.add(FUNCTION, pickle.dumps((number, bytes(dumps(function))), PROTOCOL))
            known.add(number)
            self._numbers[function] = number
        return number


class _Frames:
    """What goes out, in order; scalars wait for others of their kind."""

    def __init__(self) -> None:
        self._buffers: list[Buffer] = []
        self._batch: list[Any] = []

    def add_to_batch(self, number: int, args: Sequence[Any]) -> None:
        """A task whose arguments are small scalars."""
        self._batch.append(number)
        self._batch.append(args)

    def add(self, kind: int, payload: Buffer) -> None:
        """A frame of its own."""
        self._end_batch()
        self._buffers.append(FRAME.pack(len(payload), kind))
        self._buffers.append(payload)

    def take(self) -> list[Buffer]:
        """All of it."""
        self._end_batch()
        return self._buffers

    def _end_batch(self) -> None:
        if self._batch:
            payload = pickle.dumps(self._batch, PROTOCOL)
            self._batch = []
            self._buffers.append(FRAME.pack(len(payload), BATCH))
            self._buffers.append(payload)


def _is_small(args: Sequence[Any]) -> bool:
    for value in args:
        kind = type(value)
        if kind not in _SMALL and (kind not in _SIZED or len(value) > _MAX_IN_BATCH):
            return False
    return True
