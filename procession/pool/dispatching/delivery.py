"""From what a worker has written to the results that callers hold."""

from __future__ import annotations

import pickle

from procession.pool.crew.channel import Buffer
from procession.pool.crew.member import Worker
from procession.pool.tasks.bookkeeping import Ledger
from procession.pool.worker.ring import LIMIT, NONE, NOT_BOOTED, NOTHING, RAISED, SKIPPED, VALUE


class Delivery:
    """Settles tasks.  Unpickling runs code of the user's in here, which may use the pool."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def deliver(self, worker: Worker) -> None:
        """What is in its ring."""
        if worker.results.is_filled():
            for position, kind, payload in worker.results.frames():
                self._answered(worker, position, kind, payload)

    def receive(self, worker: Worker) -> None:
        """What has come through its socket, and what is in its ring."""
        for position, kind, payload in worker.channel.frames():
            self._answered(worker, position, kind, payload)
        self.deliver(worker)

    def _answered(self, worker: Worker, position: int, kind: int, payload: Buffer) -> None:
        if kind > RAISED:
            self._told(worker, position, kind, payload)
            return
        task = worker.desk.inflight.pop(position, None)
        if task is None:
            return
        if kind == NOTHING:
            task.settle(True, None)
            return
        success = kind == VALUE
        try:
            value = pickle.loads(payload)
        except BaseException as error:  # noqa: BLE001 - unpickling runs the user's code; nobody else is to suffer
            success, value = False, error.with_traceback(None)  # its frames hold views of the worker's memory
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
            self._ledger.skip(worker.desk, position)
            if worker.desk.limit is None:
                worker.words[LIMIT] = NONE
