"""Settle tasks with the answers of workers.

In two steps, because unpickling an answer runs code of the program, which may block or use the pool: `collect` settles
small scalars and takes the rest out, with the lock of the pool held; `unpickle` needs no lock.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable

from procession.pool.tasks.ledger import Ledger
from procession.pool.tasks.task import described
from procession.pool.worker_process.pickling import loads
from procession.pool.worker_process.ring import LIMIT, NONE, NOT_BOOTED, NOTHING, RAISED, SKIPPED
from procession.pool.workers.channel import Buffer
from procession.pool.workers.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.task import Describe, Task

#: Answers up to this size are copied out of the ring at once, so that the worker can go on writing.
_COPIED = 16 * 1024
_NONE = pickle.dumps(None)


class Answer:
    """A result that has been taken out of a worker, and whether it was returned or raised."""

    __slots__ = ("describe", "is_scalar", "payload", "success", "task", "value")

    def __init__(self, task: Task, kind: int, payload: Buffer) -> None:
        self.task, self.success, self.is_scalar = task, kind != RAISED, kind <= NOTHING
        self.payload: Buffer | None = payload
        self.value: Any = None
        self.describe: Describe | None = None

    def unpickle(self) -> None:
        """Set ``value``; runs code of the program."""
        assert self.payload is not None
        try:
            self.value = (pickle.loads if self.is_scalar else loads)(self.payload)
        except BaseException as error:  # noqa: BLE001 - only this task fails
            self.success, self.value = False, error.with_traceback(None)  # its frames would hold views of the memory
        self.payload = None
        if not self.success:
            self.describe = described(self.task)


class Delivery:
    """Takes answers out of workers and settles their tasks; all but `Answer.unpickle` with the lock held."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def collect(self, worker: Worker) -> list[Answer]:
        """Settle the small scalars in the worker's ring, and return all other answers; `release` it after these."""
        results = worker.results
        if not results.is_filled() or results.is_held:
            return []
        return self._sorted(worker, results.frames())

    def receive(self, worker: Worker) -> list[Answer]:
        """Return what has come through the worker's socket, then as `collect`."""
        return self._sorted(worker, worker.channel.frames()) + self.collect(worker)

    def collect_scalars(self, worker: Worker) -> None:
        """Settle small scalars up to the first other answer."""
        results = worker.results
        while not results.is_held and results.is_filled() and results.next_kind() <= NOTHING:
            self._sorted(worker, results.frames(most=1))

    def settle(self, answers: Iterable[Answer]) -> None:
        for answer in answers:
            if not answer.success:
                self._ledger.failed += 1
            answer.task.settle(answer.success, answer.value, answer.describe)

    def _sorted(self, worker: Worker, frames: Iterable[tuple[int, int, Buffer]]) -> list[Answer]:
        answers: list[Answer] = []
        inflight = worker.inbox.inflight
        for position, kind, payload in frames:
            if kind > RAISED:
                self._told(worker, position, kind, payload)
                continue
            task = inflight.pop(position, None)
            if task is None:
                continue
            if answers or kind > NOTHING:
                answers.append(self._answer(worker, task, kind, payload))
            else:
                task.settle(True, None if kind == NOTHING else pickle.loads(payload))
        return answers

    def _answer(self, worker: Worker, task: Task, kind: int, payload: Buffer) -> Answer:
        if kind == NOTHING:
            payload = _NONE
        elif worker.results.owns(payload):
            if len(payload) <= _COPIED:
                payload = bytes(payload)
            else:
                worker.results.is_held = True
        return Answer(task, kind, payload)

    def _told(self, worker: Worker, position: int, kind: int, payload: Buffer) -> None:
        if kind == NOT_BOOTED:
            worker.boot_error = bytes(payload).decode()
        elif kind == SKIPPED:
            self._ledger.skip(worker.inbox, position)
            if worker.inbox.limit is None:
                worker.words[LIMIT] = NONE
