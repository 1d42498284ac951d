"""Send tasks to workers: what the dispatcher's thread and callers both do."""

from __future__ import annotations

import signal
import threading
import time

from procession.pool.tasks.apply import AsyncResult
from procession.pool.tasks.inbox import Inbox
from procession.pool.tasks.ledger import Ledger
from procession.pool.worker_process.ring import ASLEEP, Fence
from procession.pool.workers.encoding import Encoder
from procession.pool.workers.worker import Worker
from procession.pool.workers.workforce import Workforce

from .delivery import Delivery
from .preparing import Preparing
from .watching import Watching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Sending:
    """Sends tasks to workers; ``_is_asleep`` says that the dispatcher's thread sleeps and has to be woken."""

    lock: threading.RLock
    workforce: Workforce
    _ledger: Ledger
    _fence: Fence
    _encoder: Encoder
    _delivery: Delivery
    _watching: Watching
    _preparing: Preparing
    _by_inbox: dict[Inbox, Worker]
    _is_asleep: bool
    _sleeps_without_timeout: bool

    def wake(self) -> None:
        try:
            self._is_asleep = False
            self._watching.ring()
        except BaseException:  # raised by a signal handler; the next caller would take the thread for woken
            self._watching.ring()
            raise

    def wake_if_asleep(self) -> None:
        if self._is_asleep:
            self.wake()

    def hand_out(self) -> None:
        """Send tasks to workers that want some; with the lock held."""
        now = time.monotonic()
        for inbox, share in self._ledger.shares():
            worker = self._by_inbox[inbox]
            if not worker.is_clogged() and (tasks := self._ledger.take(share)):
                self._request_wake_up(worker)
                self._send(worker, tasks, now)
        if self._ledger.preparing and self._ledger.is_low():
            self._preparing.ring()

    def _hand_over(self, result: AsyncResult, *, awake: bool = False) -> Worker | None:
        """Send the task to an idle worker and return that; ``awake``: the caller polls for the answer."""
        if self.lock._is_owned():  # type: ignore[attr-defined]  # by what a signal handler has interrupted
            return self._send_to_free(result, awake=awake)
        try:
            if self.lock.acquire(blocking=False):
                return self._send_to_free(result, awake=awake)
            return None
        finally:
            try:
                self.lock.release()  # also where a signal handler raised right after acquire()
            except RuntimeError:
                pass  # not acquired

    def _send_to_free(self, result: AsyncResult, *, awake: bool) -> Worker | None:
        if not self._ledger.is_direct:
            return None
        for worker in self.workforce.workers:
            if not worker.inbox.inflight and worker.inbox.room():
                if not awake:
                    self._request_wake_up(worker)
                try:
                    self._send(worker, [result], time.monotonic())
                except BaseException:
                    _kill_interrupted(worker)
                    raise
                return worker
        return None

    def _stop_polling(self, worker: Worker, result: AsyncResult) -> None:
        """Stop polling for the answer: take it, or have it wake the thread."""
        with self.lock:
            if worker.reaped.is_set():
                return
            if all(task is result for task in worker.inbox.inflight.values()):  # only the thread settles other tasks
                try:
                    self._delivery.collect_scalars(worker)
                except BaseException:
                    _kill_interrupted(worker)
                    raise
            if worker.inbox.owes():
                self._request_wake_up(worker)
                self._fence()
                if worker.results.is_filled():
                    self.wake()

    def _request_wake_up(self, worker: Worker) -> None:
        """Have the worker wake the thread, which went to sleep without expecting an answer from it."""
        if self._is_asleep:
            worker.words[ASLEEP] = 1
            if self._sleeps_without_timeout:
                self.wake()

    def _send(self, worker: Worker, tasks: list[Any], now: float) -> None:
        if not worker.inbox.inflight:
            worker.since = now
        encoded = self._encoder.encode(tasks, worker.inbox.known, worker.arguments)
        self._ledger.assign(worker.inbox, encoded.sent, now)
        if encoded.met_unprepared:
            self._ledger.return_unprepared(encoded.rest)
            self._preparing.ring()
        else:
            self._ledger.put_back(encoded.rest)
        if self._is_asleep and any(task.timeout_s is not None for task in encoded.sent):
            self.wake()  # to see when they are overdue
        if encoded.frames:
            worker.channel.send(encoded.frames)
            if worker.channel.is_full:
                self._watching.await_room(worker)


def _kill_interrupted(worker: Worker) -> None:
    """Kill a worker after a signal handler raised in a caller: what it was sent or answered is unknown."""
    worker.end_reason = "SIGKILL by the pool: a signal handler raised an exception during a call of the pool"
    worker.signal(signal.SIGKILL)
