"""The one thread that waits for workers.

::

    turn:  deliver results ─▶ start the missing workers ─▶ hand out tasks ─▶ restore the balance ─▶ sleep
                                                                                                     │
           a worker ended: bury it   its socket: large results, or room to send ◀── something happened

Callers come in through the queue of the `bookkeeping.Ledger` and wake the thread if it sleeps; with a free worker at
hand they hand over their task themselves, which spares two switches of threads.  The lock guards the ledger and the
crew; it is reentrant because pickling runs code of the user's under it, which may use the pool.  Callbacks run without
it, in a thread of their own (`callbacks`).  Whoever only has something to say (a task, close) does not take it: the
user's code may be waiting for what the caller holds.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from procession.pool.crew.crew import Crew
from procession.pool.crew.encoding import Encoder
from procession.pool.crew.member import Tether, Worker
from procession.pool.errors import PoolBroken, PoolTerminated
from procession.pool.tasks.apply import AsyncResult, show_exception
from procession.pool.tasks.bookkeeping import Desk, Ledger
from procession.pool.tasks.sources import FedSource
from procession.pool.worker.ring import ASLEEP, Fence

from .balance import IDLE_S, STALLED_S, Balance, has_store
from .callbacks import Callbacks
from .delivery import Delivery
from .patience import Patience
from .watching import Watching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from procession.pool.tasks.bookkeeping import Waiting

#: How often the thread looks while workers are busy: at what they execute, and for wake-ups that got lost with a
#: stopped worker.
_LOOK_S = 0.1


class Dispatcher:
    """Runs from `start` until the pool is closed and empty, or terminated."""

    def __init__(self, ledger: Ledger, tether: Tether, make_crew: Callable[[Dispatcher], Crew]) -> None:
        self.lock = threading.RLock()
        self.closing = False
        self.terminating = False
        self.finished = threading.Event()
        self.callbacks = Callbacks()
        self._ledger = ledger
        self._tether = tether
        self._fence = Fence()
        self._encoder = Encoder()
        self._delivery = Delivery(ledger)
        self._balance = Balance(ledger, self._fence)
        self._watching = Watching(ended=self._bury, received=self._receive)
        self._by_desk: dict[Desk, Worker] = {}
        self._patience = Patience()
        self._is_asleep = self._sleeps_deeply = False
        self.thread = threading.Thread(target=self._run, daemon=True, name="procession-pool")
        self.crew = make_crew(self)
        _running.add(self)

    # What the face calls, from any thread

    def start(self) -> None:
        """Watch the workers, and start the thread."""
        self.crew.begin()
        self.thread.start()

    def submit(self, result: AsyncResult) -> None:
        """Have a task of apply executed; by a free worker at once, where there is one."""
        if self._ledger.queue or not self._hand_over(result):
            self.enqueue(result)

    def call(self, result: AsyncResult) -> None:
        """As `submit`, for a caller that will do nothing but wait: it looks out for the result itself for a moment."""
        if self._ledger.queue or not self._patience.is_worth_it():
            self.submit(result)
        elif worker := self._hand_over(result, awake=True):
            try:
                self._patience.look_out(worker, result)
            finally:
                self._take_over(worker, result)
        else:
            self.enqueue(result)

    def enqueue(self, waiting: Waiting) -> None:
        """Have a task, or those of a source, executed when it is their turn."""
        self._ledger.queue.append(waiting)
        if self._is_asleep:
            self.wake()
        elif self.finished.is_set():
            self._abandon()

    def announce(self, source: FedSource) -> None:
        """A source will have tasks as its feeder gets them."""
        self._ledger.fed.add(source)
        if self.finished.is_set():
            self._abandon()

    def offer(self, source: FedSource) -> None:
        """A source has got something from its feeder."""
        with self.lock:
            self._ledger.offer(source)
        if self._is_asleep:
            self.wake()

    def reclaim(self, worker: Worker) -> None:
        """Take back the tasks that wait in this worker; the lock is held."""
        self._balance.reclaim(worker)

    def wake(self) -> None:
        """Let the thread have a look."""
        try:
            self._is_asleep = False
            self._watching.ring()
        except BaseException:  # of a signal handler: whoever comes next believes that it was rung
            self._watching.ring()
            raise

    def is_held_up(self) -> bool:
        """Whether the pool can do nothing until the calling thread returns: it is the pool's, or has its lock."""
        return threading.current_thread() is self.thread or self.lock._is_owned()  # type: ignore[attr-defined]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end of the thread, and of the callbacks; whether it came.  From within a callback: no."""
        if self.is_held_up() or self.callbacks.is_current():
            return False
        deadline = None if timeout is None else time.monotonic() + timeout
        if self.thread.ident is not None:
            self.thread.join(timeout)
        if self.thread.is_alive():
            return False
        return self.callbacks.join(None if deadline is None else max(deadline - time.monotonic(), 0))

    def terminate(self) -> None:
        """End all workers and the thread; waits until that is done."""
        self.terminating = True
        if self.thread.ident is None:
            self.crew.dismiss()
            self._close()
            self.callbacks.close()
            return
        self.wake()
        self.join()

    def disown(self) -> None:
        """In a forked child: these are not our workers, and the lock may be held by a thread that is not here."""
        if self.finished.is_set():
            return
        self.finished = threading.Event()
        self.finished.set()
        self.lock = threading.RLock()
        self.callbacks = Callbacks()
        self.callbacks.close()
        self._is_asleep = False
        self.crew.workers.clear()
        self._by_desk.clear()
        self._tether.disown()
        self._watching.disown()

    # What the crew calls

    def watch(self, worker: Worker) -> None:
        """Wait for this worker, too."""
        self._by_desk[worker.desk] = worker
        self._watching.watch(worker)

    def forget(self, worker: Worker) -> None:
        """Do not wait for it any longer."""
        del self._by_desk[worker.desk]
        self._watching.forget(worker)

    # The thread

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:  # noqa: BLE001 - a bug of ours: nobody may wait for ever because of it
            self.crew.why_broken = f"the pool's own thread failed: {type(error).__name__}: {error}"
            self.terminating = True
            self._is_asleep = False
            show_exception()
        with self.lock:
            self._end_everything()

    def _turn(self) -> bool:
        with self.lock:
            now = time.monotonic()
            for worker in self.crew.workers:
                self._delivery.deliver(worker)
            self.crew.reconcile(now)
            self._hand_out(now)
            if self._balance.restore(self.crew.workers, now):
                self._hand_out(now)
            if self._is_over():
                return False
            timeout = self._fall_asleep(now)
        events = self._watching.wait(timeout)
        self._is_asleep = False
        with self.lock:
            self._watching.tell(events)
        return True

    def _is_over(self) -> bool:
        if self.terminating:
            return True
        if self.closing and not (self._ledger.queue or self._ledger.fed or self._ledger.outstanding):
            self.crew.retire_all()
            return not self.crew.workers
        return False

    def _fall_asleep(self, now: float) -> float | None:
        """From here on callers and workers wake us; seconds until we look by ourselves, None for ever, 0 not at all."""
        self._is_asleep = True
        busy = [worker for worker in self.crew.workers if worker.desk.owes()]
        for worker in busy:
            worker.words[ASLEEP] = 1
        self._fence()
        if any(worker.results.is_filled() for worker in busy) or self.terminating:
            return 0
        if self._ledger.queue and any(worker.desk.wants() and not worker.is_clogged() for worker in self.crew.workers):
            return 0
        deadline = self.crew.next_deadline()
        timeouts = [] if deadline is None else [max(deadline - now, 0.001)]
        if busy:
            timeouts.append(IDLE_S if self._balance.is_lopsided else _LOOK_S)
            if any(worker.desk.limit is None and has_store(worker) for worker in busy):
                timeouts.append(STALLED_S)
        self._sleeps_deeply = not timeouts
        return min(timeouts, default=None)

    # Tasks go out

    def _hand_out(self, now: float) -> None:
        if self.crew.why_broken:
            self._ledger.abandon(self._last_words)
        for desk, share in self._ledger.shares():
            worker = self._by_desk[desk]
            if not worker.is_clogged() and (tasks := self._ledger.take(share)):
                self._send(worker, tasks, now)

    def _hand_over(self, result: AsyncResult, *, awake: bool = False) -> Worker | None:
        """Send it to a worker that has nothing to do, and return that; ``awake``: its answer is looked out for."""
        if self.lock._is_owned():  # type: ignore[attr-defined]  # by code of the user's that pickling runs
            return self._send_to_free(result, awake=awake)
        try:
            if self.lock.acquire(blocking=False):
                return self._send_to_free(result, awake=awake)
            return None
        finally:
            try:
                self.lock.release()  # also where a signal handler raised as soon as it was acquired
            except RuntimeError:
                pass  # it was not acquired

    def _send_to_free(self, result: AsyncResult, *, awake: bool) -> Worker | None:
        for worker in self.crew.workers:
            if not worker.desk.inflight and worker.desk.room():
                if not awake:
                    self._expect(worker)
                try:
                    self._send(worker, [result], time.monotonic())
                except BaseException:
                    _give_up(worker)
                    raise
                return worker
        return None

    def _take_over(self, worker: Worker, result: AsyncResult) -> None:
        """Its answer is no longer looked out for: take it, or have the thread be woken by it."""
        with self.lock:
            if worker.buried.is_set():
                return
            if all(task is result for task in worker.desk.inflight.values()):  # those of others are not our thread's
                try:
                    self._delivery.deliver(worker)
                except BaseException:
                    _give_up(worker)
                    raise
            if worker.desk.owes():
                self._expect(worker)
                self._fence()
                if worker.results.is_filled():
                    self.wake()

    def _expect(self, worker: Worker) -> None:
        """The thread has gone to sleep without expecting anything from this one: it may even be stopped."""
        if self._is_asleep:
            worker.words[ASLEEP] = 1
            if self._sleeps_deeply:
                self.wake()

    def _send(self, worker: Worker, tasks: list[Any], now: float) -> None:
        if not worker.desk.inflight:
            worker.since = now
        encoded = self._encoder.encode(tasks, worker.desk.known, worker.arguments)
        self._ledger.assign(worker.desk, encoded.sent, now)
        self._ledger.put_back(encoded.rest)
        if encoded.frames:
            worker.channel.send(encoded.frames)
            if worker.channel.is_full:
                self._watching.await_room(worker)
        for task, error in encoded.failed:
            self._ledger.failed += 1
            task.settle(False, error)

    # Something happened

    def _receive(self, worker: Worker) -> None:
        self._delivery.receive(worker)
        if worker.channel.ended:
            self._watching.forget_channel(worker)

    def _bury(self, worker: Worker) -> None:
        self._delivery.receive(worker)
        self.crew.bury(worker, time.monotonic(), may_retry=not self.terminating)

    def _end_everything(self) -> None:
        self._ledger.abandon(self._last_words)
        self.crew.terminate(time.monotonic())
        while self.crew.workers:
            now = time.monotonic()
            self.crew.escalate(now)
            deadline = self.crew.next_deadline()
            self._watching.tell(self._watching.wait(None if deadline is None else max(deadline - now, 0.0)))
        self._close()
        self._abandon()  # what came until ``finished`` was set; what comes later, its caller abandons
        self.callbacks.close()

    def _abandon(self) -> None:
        with self.lock:
            self._ledger.abandon(self._last_words)

    def _close(self) -> None:
        self.finished.set()
        self._tether.close()
        self._watching.close()

    def _last_words(self) -> BaseException:
        if self.crew.why_broken:
            return PoolBroken(self.crew.why_broken)
        if self.terminating:
            return PoolTerminated("the pool was terminated before this task was started")
        if self.closing:
            return PoolTerminated("the pool was closed before this task was started")
        return PoolTerminated("this pool belongs to the process from which this one was forked")


def _give_up(worker: Worker) -> None:
    """A signal handler raised in a caller's thread: nobody knows what this worker was sent, or has answered."""
    worker.asked = "SIGKILL: a signal handler raised an exception in the middle of a call of this pool"
    worker.signal(signal.SIGKILL)


#: All that have workers: a child that somebody forks must not hold their ends.
_running: WeakSet[Dispatcher] = WeakSet()


def _disown_all() -> None:
    for dispatcher in tuple(_running):
        dispatcher.disown()


os.register_at_fork(after_in_child=_disown_all)
