"""The one thread that waits for workers.

::

    turn:  deliver results ─▶ start missing workers ─▶ send tasks ─▶ restore the balance ─▶ sleep
                                                                                              │
           a worker ended: reap it   its socket: large results, or room to send ◀── something happened

Callers add tasks to the queue of the `ledger.Ledger` and wake the thread if it sleeps; a task with small scalars they
send to an idle worker themselves, which saves two thread switches.  What has to be pickled is prepared by another
thread (`preparing`), which then sends it.  The lock guards the ledger and the workforce, and no code of the program
runs under it: pickling, unpickling, iterating, the repr of arguments and the start of workers go without it, callbacks
have a thread of their own (`callbacks`).  It is reentrant because a signal handler may interrupt whoever holds it, and
use the pool.

One class of more than 250 lines: what is done without the lock, and in which order the thread falls asleep and is
woken, can only be checked side by side.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from weakref import WeakSet

from procession.pool.errors import PoolBroken, PoolTerminated, TaskCancelled
from procession.pool.tasks.apply import AsyncResult, show_exception
from procession.pool.tasks.inbox import Inbox
from procession.pool.tasks.ledger import Ledger
from procession.pool.tasks.waiting import belongs
from procession.pool.worker_process.ring import ASLEEP, Fence
from procession.pool.workers.encoding import Encoder
from procession.pool.workers.supplies import Lifelines
from procession.pool.workers.worker import Worker
from procession.pool.workers.workforce import Workforce

from .balance import IDLE_S, STALLED_S, Balance, has_prefetched
from .callbacks import Callbacks
from .delivery import Answer, Delivery
from .overdue import Overdue
from .preparing import STUCK_S, Preparing
from .sending import Sending
from .spinning import Spinning
from .watching import Watching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.tasks.iterators import OrderedResults
    from procession.pool.tasks.waiting import Waiting

#: How often the thread checks while workers are busy: which task each executes, and for wake-ups lost with a stopped
#: worker.
_LOOK_S = 0.1


class Dispatcher(Sending):
    """Runs from `start` until the pool is closed and empty, or terminated."""

    def __init__(
        self,
        ledger: Ledger,
        lifelines: Lifelines,
        encoder: Encoder,
        make_workforce: Callable[[Dispatcher], Workforce],
    ) -> None:
        self.lock = threading.RLock()
        self.closing = False
        self.terminating = False
        self.finished = threading.Event()
        self.callbacks = Callbacks()
        self._ledger = ledger
        self._lifelines = lifelines
        self._fence = Fence()
        self._encoder = encoder
        self._delivery = Delivery(ledger)
        self._balance = Balance(ledger, self._fence)
        self._overdue = Overdue(self._balance)
        self._preparing = Preparing(self, ledger, self._encoder)
        self._watching = Watching(ended=self._reap, received=self._receive, flush=self._flush)
        self._by_inbox: dict[Inbox, Worker] = {}
        self._dropped: deque[OrderedResults] = deque()
        self._spinning = Spinning()
        self._is_asleep = self._sleeps_without_timeout = False
        self.thread = threading.Thread(target=self._run, daemon=True, name="procession-pool")
        self.workforce = make_workforce(self)
        _running.add(self)

    # Called by the pool, from any thread

    def start(self) -> None:
        """Watch the workers and start the threads; raises RuntimeError where no thread can be started."""
        self.workforce.start_watching()
        self._preparing.start()
        try:
            self.thread.start()
        except BaseException:
            self._preparing.end()
            raise

    def submit(self, result: AsyncResult) -> None:
        """Have a task of apply executed; an idle worker gets it at once, if its arguments are small scalars."""
        result.needs_preparing = not self._encoder.pickle_plain(result)
        if result.needs_preparing or not self._ledger.is_direct or not self._hand_over(result):
            self.enqueue(result)

    def call(self, result: AsyncResult) -> None:
        """As `submit`, for a caller that only waits: it pickles, and polls for the result itself for a moment."""
        try:
            self._encoder.prepare(result)  # without any lock; the caller could not do anything else meanwhile
        except BaseException as error:  # noqa: BLE001 - of the program's code, or of a signal handler
            with self.lock:
                self._ledger.failed += 1
                result.settle(False, error)
            return
        if not (self._ledger.is_direct and self._spinning.is_worth_it()):
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
        if waiting.needs_preparing or self._ledger.preparing:
            self._preparing.ring()
            if self._preparing.is_iterating() or self.workforce.why_broken:
                self.wake()  # to see whether the iterable is stuck, or to refuse the task
        else:
            self.wake_if_asleep()
        if self.finished.is_set():
            self._abandon()

    def fail(self, error: BaseException) -> None:
        """End the pool: one of its threads has failed."""
        self.workforce.why_broken = f"a thread of the pool failed: {type(error).__name__}: {error}"
        self.terminating = True
        show_exception()
        self.wake()

    def cancel(self, result: object, *, kill: bool) -> bool:
        """Cancel what waits of a call, with ``kill`` also what runs; return whether nothing of it runs any more."""
        with self.lock:
            for worker in self.workforce.workers:
                if any(belongs(task, result) for task in worker.inbox.inflight.values()):
                    self._balance.reclaim(worker)
            self._ledger.cancel(result, TaskCancelled("the call was cancelled before this task was started"))
            running = [one for one in self.workforce.workers if (task := one.task) and belongs(task, result)]
            for worker in running if kill else ():
                worker.cancel()
        self.wake()
        return kill or not running

    def feed(self) -> None:
        """Go on with sources that have waited until results were taken."""
        if self._ledger.starved:
            with self.lock:
                fed = self._ledger.feed()
            if fed:
                self._preparing.ring()
                self.wake_if_asleep()

    def drop(self, results: OrderedResults) -> None:
        """Note that the iterator of an imap is gone.  Takes no lock: the garbage collector calls it, in any thread."""
        self._dropped.append(results)
        self.wake()

    def reclaim(self, worker: Worker) -> None:
        """Take back the tasks that wait in this worker; call with the lock held."""
        self._balance.reclaim(worker)

    def is_blocked_by_caller(self) -> bool:
        """Whether the pool is blocked until the calling thread returns: that is the pool's own, or holds its lock."""
        return (
            threading.current_thread() is self.thread
            or self.lock._is_owned()  # type: ignore[attr-defined]
            or self._preparing.is_pickling_here()
        )

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
        self._preparing.disown()
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
            _load_facts()
            while self._turn():
                pass
        except BaseException as error:  # noqa: BLE001 - a bug of ours must not leave callers waiting for ever
            self.fail(error)
        try:
            self._end_everything()
        except BaseException as error:  # noqa: BLE001 - as above
            self.fail(error)
            self.workforce.end_by_force()
            self._settle_the_rest()

    def _turn(self) -> bool:
        for worker in tuple(self.workforce.workers):
            if worker.results.is_filled():
                self._deliver(worker, self._delivery.collect)
        self._start_missing()
        with self.lock:
            now = time.monotonic()
            while self._dropped:
                self._ledger.drop(self._dropped.popleft())
                self._preparing.ring()
            if self.workforce.why_broken:
                self._ledger.abandon(self._end_error)
            self.hand_out()
            if self._balance.restore(self.workforce.workers, now):
                self.hand_out()
            self._overdue.kill(self.workforce.workers, now)
            self._preparing.relieve(now)
            if self._is_over():
                return False
            timeout = self._fall_asleep(now)
        events = self._watching.wait(timeout)
        self._is_asleep = False
        self._watching.handle(events)
        return True

    def _deliver(self, worker: Worker, collect: Callable[[Worker], list[Answer]]) -> None:
        """Settle the tasks that the worker has answered."""
        with self.lock:
            answers = collect(worker)
        if answers:
            for answer in answers:
                answer.unpickle()
            with self.lock:
                worker.results.release()
                self._delivery.settle(answers)

    def _start_missing(self) -> None:
        """Start missing workers; a failed start counts as a worker that did not get ready."""
        while self.workforce.is_start_due(time.monotonic()) and not self.terminating:
            try:
                worker = self.workforce.start_worker()
            except Exception as error:  # noqa: BLE001 - starting runs the stdlib's code and the program's
                with self.lock:
                    self.workforce.count_failed_start(time.monotonic(), error)
            else:
                with self.lock:
                    self.workforce.add(worker)

    def _is_over(self) -> bool:
        if self.terminating:
            return True
        if self.closing and not (self._ledger.has_waiting or self._ledger.is_outstanding):
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
        if any(worker.results.is_filled() for worker in busy) or self.terminating or self._dropped:
            return 0
        if self._ledger.has_sendable and any(
            worker.inbox.wants() and not worker.is_clogged() for worker in self.workforce.workers
        ):
            return 0
        deadlines = (self.workforce.next_deadline(), self._overdue.next_deadline(self.workforce.workers, now))
        timeouts = [max(deadline - now, 0.001) for deadline in deadlines if deadline is not None]
        if busy:
            timeouts.append(IDLE_S if self._balance.is_lopsided else _LOOK_S)
            if any(worker.inbox.limit is None and has_prefetched(worker) for worker in busy):
                timeouts.append(STALLED_S)
        if self._preparing.is_iterating() and self._ledger.queue:
            timeouts.append(STUCK_S)
        self._sleeps_without_timeout = not timeouts
        return min(timeouts, default=None)

    def _receive(self, worker: Worker) -> None:
        self._deliver(worker, self._delivery.receive)
        if worker.channel.ended:
            self._watching.forget_channel(worker)

    def _flush(self, worker: Worker) -> None:
        """Send what the worker's socket did not take before."""
        with self.lock:
            worker.channel.flush()
            self._watching.await_room(worker)

    def _reap(self, worker: Worker) -> None:
        """Remove an ended worker, and settle or retry the task that it executed."""
        self._deliver(worker, self._delivery.receive)
        exitcode = worker.exitcode()
        may_retry = not self.terminating and worker.cancelled is None
        with self.lock:
            end = self.workforce.remove(worker, exitcode, time.monotonic(), may_retry=may_retry)
        facts = end.describe() if end.describe else None  # calls the repr of arguments
        stack = worker.overdue.stack() if worker.overdue else ()
        with self.lock:
            self.workforce.conclude(end, facts, stack)

    def _end_everything(self) -> None:
        self._preparing.end()
        self._abandon()
        with self.lock:
            self.workforce.terminate(time.monotonic())
        while self.workforce.workers:
            now = time.monotonic()
            self.workforce.escalate(now)
            deadline = self.workforce.next_deadline()
            self._watching.handle(self._watching.wait(None if deadline is None else max(deadline - now, 0.0)))
        self._settle_the_rest()

    def _settle_the_rest(self) -> None:
        self._close()
        self._abandon()  # what was queued before ``finished`` was set; later callers abandon their tasks themselves
        if self.workforce.why_broken:
            with self.lock:
                self._ledger.give_up(self._end_error)
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


def _load_facts() -> None:
    """Load what is needed later: a program may give up the right to read its files, as by ``os.setuid()``."""
    from procession.pool import facts  # noqa: F401 - not before the workers are forked: it takes 0.8 MiB of each


#: All dispatchers with workers: a forked child must close their descriptors.
_running: WeakSet[Dispatcher] = WeakSet()


def _disown_all() -> None:
    for dispatcher in tuple(_running):
        dispatcher.disown()


os.register_at_fork(after_in_child=_disown_all)
