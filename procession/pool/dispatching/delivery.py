"""Settle tasks with the answers of workers."""

import pickle

from procession.pool.tasks.ledger import Ledger
from procession.pool.worker_process.ring import LIMIT, NONE, NOT_BOOTED, NOTHING, RAISED, SKIPPED, VALUE
from procession.pool.workers.channel import Buffer
from procession.pool.workers.worker import Worker


class Delivery:
    """Settles tasks.  Unpickling runs the user's code, which may use the pool."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def deliver(self, worker: Worker) -> None:
        """Settle what is in the worker's ring."""
        if worker.results.is_filled():
            for position, kind, payload in worker.results.frames():
                self._answered(worker, position, kind, payload)

    def receive(self, worker: Worker) -> None:
        """Settle what has come through the worker's socket, then what is in its ring."""
        for position, kind, payload in worker.channel.frames():
            self._answered(worker, position, kind, payload)
        self.deliver(worker)

    def _answered(self, worker: Worker, position: int, kind: int, payload: Buffer) -> None:
        if kind > RAISED:
            self._told(worker, position, kind, payload)
            return
        task = worker.inbox.inflight.pop(position, None)
        if task is None:
            return
        if kind == NOTHING:
            task.settle(True, None)
            return
        success = kind == VALUE
        try:
            value = pickle.loads(payload)
        except BaseException as error:  # noqa: BLE001 - unpickling runs the user's code; only this task fails
            success, value = False, error.with_traceback(None)  # its frames would hold views of the worker's memory
        if not success:
            self._ledger.failed += 1
        task.settle(success, value)

    def _told(self, worker: Worker, position: int, kind: int, payload: Buffer) -> None:
        if kind == NOT_BOOTED:
            try:
                worker.boot_error = pickle.loads(payload)
            except BaseException as error:  # noqa: BLE001 - as above
                worker.boot_error = error.with_traceback(None)
        elif kind == SKIPPED:
            self._ledger.skip(worker.inbox, position)
            if worker.inbox.limit is None:
                worker.words[LIMIT] = NONE
