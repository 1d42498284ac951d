"""The one thread that waits for workers.

::

    turn:  deliver results ─▶ start missing workers ─▶ send tasks ─▶ restore the balance ─▶ sleep
                                                                                              │
           a worker ended: reap it   its socket: large results, or room to send ◀── something happened

Callers add tasks to the queue of the `ledger.Ledger` and wake the thread if it sleeps; where a worker is idle they send
it the task themselves, which saves two thread switches.  The lock guards the ledger and the workforce; it is reentrant
because pickling runs the user's code under it, which may use the pool.  Callbacks run without it, in a thread of their
own (`callbacks`).  Callers that only announce something (a task, close) do not take it: the user's code, running under
it, may wait for what the caller holds.

One class of more than 250 lines: what is done without the lock, and in which order the thread falls asleep and is
woken, can only be checked side by side.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from procession.pool.errors import PoolBroken, PoolTerminated
from procession.pool.tasks.apply import AsyncResult, show_exception
from procession.pool.tasks.inbox import Inbox
from procession.pool.tasks.ledger import Ledger
from procession.pool.tasks.sources import FedSource
from procession.pool.worker_process.ring import ASLEEP, Fence
from procession.pool.workers.encoding import Encoder
from procession.pool.workers.worker import Lifelines, Worker
from procession.pool.workers.workforce import Workforce

from .balance import IDLE_S, STALLED_S, Balance, has_prefetched
from .callbacks import Callbacks
from .delivery import Delivery
from .sending import Sending
from .spinning import Spinning
from .watching import Watching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.tasks.ledger import Waiting

#: How often the thread checks while workers are busy: which task each executes, and for wake-ups lost with a stopped
#: worker.
_LOOK_S = 0.1


class Dispatcher(Sending):
    """Runs from `start` until the pool is closed and empty, or terminated."""

    def __init__(self, ledger: Ledger, lifelines: Lifelines, make_workforce: Callable[[Dispatcher], Workforce]) -> None:
        self.lock = threading.RLock()
        self.closing = False
        self.terminating = False
        self.finished = threading.Event()
        self.callbacks = Callbacks()
        self._ledger = ledger
        self._lifelines = lifelines
        self._fence = Fence()
        self._encoder = Encoder()
        self._delivery = Delivery(ledger)
        self._balance = Balance(ledger, self._fence)
        self._watching = Watching(ended=self._reap, received=self._receive)
        self._by_inbox: dict[Inbox, Worker] = {}
        self._spinning = Spinning()
        self._is_asleep = self._sleeps_without_timeout = False
        self.thread = threading.Thread(target=self._run, daemon=True, name="procession-pool")
        self.workforce = make_workforce(self)
        _running.add(self)

    # Called by the pool, from any thread

    def start(self) -> None:
        """Watch the workers and start the thread."""
        self.workforce.start_watching()
        self.thread.start()

    def submit(self, result: AsyncResult) -> None:
        """Have a task of apply executed; an idle worker gets it at once."""
        if self._ledger.queue or not self._hand_over(result):
            self.enqueue(result)

    def call(self, result: AsyncResult) -> None:
        """As `submit`, for a caller that only waits: it polls for the result itself for a moment."""
        if self._ledger.queue or not self._spinning.is_worth_it():
            self.submit(result)
        elif worker := self._hand_over(result, awake=True):
            try:
                self._spinning.spin(worker, result)
            finally:
                self._stop_polling(worker, result)
        else:
            self.enqueue(result)

    def enqueue(self, waiting: Waiting) -> None:
        """Queue a task, or a source of tasks."""
        self._ledger.queue.append(waiting)
        if self._is_asleep:
            self.wake()
        elif self.finished.is_set():
            self._abandon()

    def announce(self, source: FedSource) -> None:
        """Note that a source will have tasks when its feeder has items."""
        self._ledger.fed.add(source)
        if self.finished.is_set():
            self._abandon()

    def offer(self, source: FedSource) -> None:
        """Queue a source again: its feeder has items for it."""
        with self.lock:
            self._ledger.offer(source)
        if self._is_asleep:
            self.wake()

    def reclaim(self, worker: Worker) -> None:
        """Take back the tasks that wait in this worker; call with the lock held."""
        self._balance.reclaim(worker)

    def is_blocked_by_caller(self) -> bool:
        """Whether the pool is blocked until the calling thread returns: that is the pool's own, or holds its lock."""
        return threading.current_thread() is self.thread or self.lock._is_owned()  # type: ignore[attr-defined]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end of the thread and of the callbacks; return whether they ended.  False within a callback."""
        if self.is_blocked_by_caller() or self.callbacks.is_current():
            return False
        deadline = None if timeout is None else time.monotonic() + timeout
        if self.thread.ident is not None:
            self.thread.join(timeout)
        if self.thread.is_alive():
            return False
        return self.callbacks.join(None if deadline is None else max(deadline - time.monotonic(), 0))

    def terminate(self) -> None:
        """End all workers and the thread, and wait for that."""
        self.terminating = True
        if self.thread.ident is None:
            self.workforce.stop_unwatched()
            self._close()
            self.callbacks.close()
            return
        self.wake()
        self.join()

    def disown(self) -> None:
        """Let go of everything in a forked child: a thread that is not there may hold the lock."""
        if self.finished.is_set():
            return
        self.finished = threading.Event()
        self.finished.set()
        self.lock = threading.RLock()
        self.callbacks = Callbacks()
        self.callbacks.close()
        self._is_asleep = False
        self.workforce.workers.clear()
        self._by_inbox.clear()
        self._lifelines.disown()
        self._watching.disown()

    # Called by the workforce

    def watch(self, worker: Worker) -> None:
        self._by_inbox[worker.inbox] = worker
        self._watching.watch(worker)

    def forget(self, worker: Worker) -> None:
        del self._by_inbox[worker.inbox]
        self._watching.forget(worker)

    # The thread

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:  # noqa: BLE001 - a bug of ours must not leave callers waiting for ever
            self.workforce.why_broken = f"the pool's own thread failed: {type(error).__name__}: {error}"
            self.terminating = True
            self._is_asleep = False
            show_exception()
        with self.lock:
            self._end_everything()

    def _turn(self) -> bool:
        with self.lock:
            now = time.monotonic()
            for worker in self.workforce.workers:
                self._delivery.deliver(worker)
            self.workforce.reconcile(now)
            self._hand_out(now)
            if self._balance.restore(self.workforce.workers, now):
                self._hand_out(now)
            if self._is_over():
                return False
            timeout = self._fall_asleep(now)
        events = self._watching.wait(timeout)
        self._is_asleep = False
        with self.lock:
            self._watching.handle(events)
        return True

    def _is_over(self) -> bool:
        if self.terminating:
            return True
        if self.closing and not (self._ledger.queue or self._ledger.fed or self._ledger.outstanding):
            self.workforce.retire_all()
            return not self.workforce.workers
        return False

    def _fall_asleep(self, now: float) -> float | None:
        """Ask to be woken; return the seconds until the next turn: None for never, 0 for at once."""
        self._is_asleep = True
        busy = [worker for worker in self.workforce.workers if worker.inbox.owes()]
        for worker in busy:
            worker.words[ASLEEP] = 1
        self._fence()
        if any(worker.results.is_filled() for worker in busy) or self.terminating:
            return 0
        if self._ledger.queue and any(
            worker.inbox.wants() and not worker.is_clogged() for worker in self.workforce.workers
        ):
            return 0
        deadline = self.workforce.next_deadline()
        timeouts = [] if deadline is None else [max(deadline - now, 0.001)]
        if busy:
            timeouts.append(IDLE_S if self._balance.is_lopsided else _LOOK_S)
            if any(worker.inbox.limit is None and has_prefetched(worker) for worker in busy):
                timeouts.append(STALLED_S)
        self._sleeps_without_timeout = not timeouts
        return min(timeouts, default=None)

    def _hand_out(self, now: float) -> None:
        if self.workforce.why_broken:
            self._ledger.abandon(self._end_error)
        for inbox, share in self._ledger.shares():
            worker = self._by_inbox[inbox]
            if not worker.is_clogged() and (tasks := self._ledger.take(share)):
                self._send(worker, tasks, now)

    def _receive(self, worker: Worker) -> None:
        self._delivery.receive(worker)
        if worker.channel.ended:
            self._watching.forget_channel(worker)

    def _reap(self, worker: Worker) -> None:
        self._delivery.receive(worker)
        self.workforce.reap(worker, time.monotonic(), may_retry=not self.terminating)

    def _end_everything(self) -> None:
        self._ledger.abandon(self._end_error)
        self.workforce.terminate(time.monotonic())
        while self.workforce.workers:
            now = time.monotonic()
            self.workforce.escalate(now)
            deadline = self.workforce.next_deadline()
            self._watching.handle(self._watching.wait(None if deadline is None else max(deadline - now, 0.0)))
        self._close()
        self._abandon()  # what was queued before ``finished`` was set; later callers abandon their tasks themselves
        self.callbacks.close()

    def _abandon(self) -> None:
        with self.lock:
            self._ledger.abandon(self._end_error)

    def _close(self) -> None:
        self.finished.set()
        self._lifelines.close()
        self._watching.close()

    def _end_error(self) -> BaseException:
        if self.workforce.why_broken:
            return PoolBroken(self.workforce.why_broken)
        if self.terminating:
            return PoolTerminated("the pool was terminated before this task was started")
        if self.closing:
            return PoolTerminated("the pool was closed before this task was started")
        return PoolTerminated("this pool belongs to the process from which this one was forked")


#: All dispatchers with workers: a forked child must close their descriptors.
_running: WeakSet[Dispatcher] = WeakSet()


def _disown_all() -> None:
    for dispatcher in tuple(_running):
        dispatcher.disown()


os.register_at_fork(after_in_child=_disown_all)
