"""The one thread that waits for workers.

::

    turn:  deliver results ─▶ start or retire workers ─▶ hand out tasks ─▶ balance ─▶ sleep until something happens
                                                                                       │
           a pidfd: bury the worker   a socket: large results, or room to send ◀───────┘

Callers come in through the queue of the `bookkeeping.Ledger` and wake the thread if it sleeps; with a free worker at
hand they hand over their task themselves, which spares two switches of threads.  The lock guards the ledger and the
crew; it is reentrant because callbacks run under it and may use the pool.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import sys
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from .bookkeeping import Desk, Ledger
from .channel import Buffer
from .crew import Crew
from .encoding import Encoder
from .errors import PoolBroken, PoolTerminated
from .results import AsyncResult
from .ring import ASLEEP, LIMIT, NONE, NOT_BOOTED, NOTHING, RAISED, SKIPPED, VALUE, Fence
from .sources import FedSource
from .workers import Tether, Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .bookkeeping import Waiting

#: How often the thread looks while workers are busy: at what they execute, and for wake-ups that got lost with a
#: stopped worker.
_LOOK_S = 0.1
#: A worker may be idle that long while another one has tasks in store; nobody may keep those behind one task longer.
_IDLE_S = 0.005
_STALLED_S = 0.05
#: About as long as two switches of threads take.
_PATIENCE_NS = 60_000
_MAX_PENALTY = 255


class Dispatcher:
    """Runs from `start` until the pool is closed and empty, or terminated."""

    def __init__(self, ledger: Ledger, tether: Tether, make_crew: Callable[[Dispatcher], Crew]) -> None:
        self.lock = threading.RLock()
        self.asleep = False
        self.closing = False
        self.terminating = False
        self.finished = threading.Event()
        self._ledger = ledger
        self._encoder = Encoder()
        self._epoll = select.epoll()
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._alarm, select.EPOLLIN)
        self._tether = tether
        self._by_pidfd: dict[int, Worker] = {}
        self._by_channel: dict[int, Worker] = {}
        self._by_desk: dict[Desk, Worker] = {}
        self._unwatched: list[Worker] = []
        self._patience = Patience()
        self._unbalanced_since: float | None = None
        self._sleeps_deeply = False
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
        """As `submit`, for a caller that will do nothing but wait: where a free worker has it, the caller looks out for
        the result itself for a moment, which spares it two switches of threads."""
        if self._ledger.queue or not self._patience.is_worth_it():
            self.submit(result)
        elif worker := self._hand_over(result, awake=True):
            try:
                self._patience.told(came=_watch_out(worker, result))
            finally:
                self._take_over(worker)
        else:
            self.enqueue(result)

    def enqueue(self, waiting: Waiting) -> None:
        """Have a task, or those of a source, executed when it is their turn."""
        self._ledger.queue.append(waiting)
        if self.asleep:
            self.wake()
        elif self.finished.is_set():  # terminated in this very moment, by another thread; or this is a forked child
            with self.lock:
                self._ledger.abandon(self._last_words)

    def offer(self, source: FedSource) -> None:
        """A source has got something from its feeder."""
        with self.lock:
            self._ledger.offer(source)
        if self.asleep:
            self.wake()

    def wake(self) -> None:
        """Let the thread have a look."""
        with self.lock:
            self.asleep = False
            if not self.finished.is_set():
                os.eventfd_write(self._alarm, 1)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end of the thread; whether it came.  From within the thread itself: no."""
        if threading.current_thread() is self.thread:
            return False
        if self.thread.ident is not None:
            self.thread.join(timeout)
        return not self.thread.is_alive()

    def terminate(self) -> None:
        """End all workers and the thread; waits until that is done."""
        self.terminating = True
        if self.thread.ident is None:
            self.crew.dismiss()
            self._close()
            return
        self.wake()
        self.join()

    def reclaim(self, worker: Worker) -> None:
        """Take back the tasks that wait in this worker."""
        desk, words = worker.desk, worker.words
        if desk.limit is not None:
            return
        current = worker.current
        words[LIMIT] = limit = current + 1 if current != NONE else 0
        fence()
        self._ledger.stolen += self._ledger.reclaim(desk, worker.current, limit)
        if desk.limit is None:
            words[LIMIT] = NONE

    def disown(self) -> None:
        """In a forked child: these are not our workers."""
        if self.finished.is_set():
            return
        self.finished = threading.Event()
        self.finished.set()
        self.lock = threading.RLock()
        self.asleep = False
        self.crew.workers.clear()
        self._tether.disown()
        self._epoll.close()
        for fd in (self._alarm, *self._by_pidfd, *self._by_channel):
            os.close(fd)

    # What the crew calls

    def watch(self, worker: Worker) -> None:
        """Wait for this worker, too."""
        self._by_desk[worker.desk] = worker
        pidfd = worker.open_pidfd()
        if pidfd is None:
            self._unwatched.append(worker)
        else:
            self._by_pidfd[pidfd] = worker
            self._epoll.register(pidfd, select.EPOLLIN)
        self._by_channel[worker.channel.fd] = worker
        self._epoll.register(worker.channel.fd, select.EPOLLIN)

    def forget(self, worker: Worker) -> None:
        """Do not wait for it any longer."""
        del self._by_desk[worker.desk]
        if worker.pidfd is not None:
            del self._by_pidfd[worker.pidfd]
            self._epoll.unregister(worker.pidfd)
        del self._by_channel[worker.channel.fd]
        if not worker.channel.ended:
            self._epoll.unregister(worker.channel.fd)

    # The thread

    def _run(self) -> None:
        try:
            while self._turn():
                pass
        except BaseException as error:  # noqa: BLE001 - a bug of ours: nobody may wait for ever because of it
            sys.excepthook(*sys.exc_info())
            self.crew.why_broken = f"the pool's own thread failed: {type(error).__name__}: {error}"
            self.terminating = True
        with self.lock:
            self._end_everything()

    def _turn(self) -> bool:
        with self.lock:
            now = time.monotonic()
            self._deliver_all()
            self._look_after(now)
            self._hand_out(now)
            self._balance(now)
            if self._is_over():
                return False
            timeout = self._fall_asleep(now)
        events = self._epoll.poll(timeout)
        self.asleep = False
        if events:
            with self.lock:
                for fd, event in events:
                    self._happened(fd, event)
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
        self.asleep = True
        busy = [worker for worker in self.crew.workers if worker.desk.inflight]
        for worker in busy:
            worker.words[ASLEEP] = 1
        fence()
        if any(worker.results.is_filled() for worker in busy) or self.terminating:
            return 0
        if self._ledger.queue and any(worker.desk.wants() and not worker.is_clogged() for worker in self.crew.workers):
            return 0
        deadline = self.crew.next_deadline()
        timeouts = [] if deadline is None else [max(deadline - now, 0.001)]
        if busy:
            timeouts.append(_IDLE_S if self._unbalanced_since is not None else _LOOK_S)
            if any(worker.desk.limit is None and _has_store(worker) for worker in busy):
                timeouts.append(_STALLED_S)
        self._sleeps_deeply = not timeouts
        return min(timeouts, default=None)

    def _happened(self, fd: int, event: int) -> None:
        if worker := self._by_pidfd.get(fd):
            self._bury(worker, time.monotonic())
        elif worker := self._by_channel.get(fd):
            if event & select.EPOLLOUT:
                worker.channel.flush()
                self._watch_channel(worker)
            if event & ~select.EPOLLOUT:
                self._receive(worker)
        else:
            with contextlib.suppress(BlockingIOError):
                os.eventfd_read(self._alarm)

    # Tasks go out

    def _hand_out(self, now: float) -> None:
        if self.crew.why_broken:
            why = self.crew.why_broken
            self._ledger.abandon(lambda: PoolBroken(why))
        for desk, share in self._ledger.shares():
            worker = self._by_desk[desk]
            if not worker.is_clogged() and (tasks := self._ledger.take(share)):
                self._send(worker, tasks, now)

    def _hand_over(self, result: AsyncResult, *, awake: bool = False) -> Worker | None:
        """Send it to a worker that has nothing to do, and return that; ``awake``: its answer is looked out for."""
        if not self.lock.acquire(blocking=False):
            return None
        try:
            for worker in self.crew.workers:
                if not worker.desk.inflight and worker.desk.room():
                    if not awake:
                        self._expect(worker)
                    self._send(worker, [result], time.monotonic())
                    return worker
        finally:
            self.lock.release()
        return None

    def _take_over(self, worker: Worker) -> None:
        """Its answer is no longer looked out for: take it, or be woken by it."""
        with self.lock:
            if not worker.buried.is_set():
                self._deliver(worker)
                if worker.desk.inflight:
                    self._expect(worker)
                    fence()
                    self._deliver(worker)

    def _expect(self, worker: Worker) -> None:
        """The thread has gone to sleep without expecting anything from this one: it may even be stopped."""
        if self.asleep:
            worker.words[ASLEEP] = 1
            if self._sleeps_deeply:
                self.wake()

    def _send(self, worker: Worker, tasks: list[Any], now: float) -> None:
        if not worker.desk.inflight:
            worker.since = now
        encoded = self._encoder.encode(tasks, worker.desk.known, worker.arguments)
        self._ledger.assign(worker.desk, encoded.sent, now)
        self._ledger.put_back(encoded.rest)
        self._transmit(worker, encoded.frames)
        for task, error in encoded.failed:
            self._ledger.failed += 1
            task.settle(False, error)

    def _transmit(self, worker: Worker, frames: list[Buffer]) -> None:
        if frames:
            worker.channel.send(frames)
            if worker.channel.is_full:
                self._watch_channel(worker)

    def _watch_channel(self, worker: Worker) -> None:
        if not worker.channel.ended:
            events = select.EPOLLIN | (select.EPOLLOUT if worker.channel.is_full else 0)
            self._epoll.modify(worker.channel.fd, events)

    # Results come in

    def _deliver_all(self) -> None:
        for worker in self.crew.workers:
            self._deliver(worker)

    def _deliver(self, worker: Worker) -> None:
        if worker.results.is_filled():
            for position, kind, payload in worker.results.frames():
                self._answered(worker, position, kind, payload)

    def _receive(self, worker: Worker) -> None:
        for position, kind, payload in worker.channel.frames():
            self._answered(worker, position, kind, payload)
        self._deliver(worker)
        if worker.channel.ended:
            # Its pidfd will tell; a worker whose task has closed the socket goes on until then.
            self._epoll.unregister(worker.channel.fd)

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
            success, value = False, error
        if not success:
            self._ledger.failed += 1
        task.settle(success, value)

    def _told(self, worker: Worker, position: int, kind: int, payload: Buffer) -> None:
        if kind == NOT_BOOTED:
            worker.boot_error = pickle.loads(payload)
        elif kind == SKIPPED:
            self._ledger.skip(worker.desk, position)
            if worker.desk.limit is None:
                worker.words[LIMIT] = NONE

    # Who has too much

    def _balance(self, now: float) -> None:
        """Take tasks away from workers that do not come to them, if others do."""
        loaded = [worker for worker in self.crew.workers if worker.desk.limit is None and _has_store(worker)]
        for worker in loaded:
            worker.look(now)
        stalled = [worker for worker in loaded if now - worker.since >= _STALLED_S]
        if loaded and not self._ledger.queue and any(map(_is_idle, self.crew.workers)):
            self._unbalanced_since = self._unbalanced_since or now
            if now - self._unbalanced_since >= _IDLE_S:
                stalled = loaded
        else:
            self._unbalanced_since = None
        if stalled and any(worker.is_ready for worker in self.crew.workers if worker not in stalled):
            for worker in stalled:
                self.reclaim(worker)
            self._unbalanced_since = None
            self._hand_out(now)

    # Workers end

    def _look_after(self, now: float) -> None:
        while self._unwatched:
            self._bury(self._unwatched.pop(), now)
        self.crew.reconcile(now)

    def _bury(self, worker: Worker, now: float) -> None:
        if not worker.channel.ended:
            self._receive(worker)
        self._deliver(worker)
        self.crew.bury(worker, now, may_retry=not self.terminating)

    def _end_everything(self) -> None:
        self._ledger.abandon(self._last_words)
        self.crew.terminate(time.monotonic())
        while self.crew.workers:
            now = time.monotonic()
            self.crew.escalate(now)
            self._look_after(now)
            deadline = self.crew.next_deadline()
            for fd, event in self._epoll.poll(None if deadline is None else max(deadline - now, 0.0)):
                self._happened(fd, event)
        self._ledger.abandon(self._last_words)
        self._close()

    def _close(self) -> None:
        self.finished.set()
        self._tether.close()
        self._epoll.close()
        os.close(self._alarm)

    def _last_words(self) -> BaseException:
        if self.crew.why_broken:
            return PoolBroken(self.crew.why_broken)
        if not self.terminating:
            return PoolTerminated("this pool belongs to the process from which this one was forked")
        return PoolTerminated("the pool was terminated before this task was started")


def _has_store(worker: Worker) -> bool:
    """Whether tasks wait in it, beside the one that it executes."""
    inflight = worker.desk.inflight
    return len(inflight) > (worker.current in inflight)


def _is_idle(worker: Worker) -> bool:
    return not worker.desk.inflight and worker.is_ready and worker.desk.room() > 0


class Patience:
    """Whether it is worth looking out for a result instead of going to sleep: it was, if it was the last times."""

    def __init__(self) -> None:
        self._is_alone = len(os.sched_getaffinity(0)) < 2  # then the worker waits for us to stop looking
        self._penalty = 0
        self._left_out = 0

    def is_worth_it(self) -> bool:
        """Whether to do so this time."""
        if self._left_out:
            self._left_out -= 1
            return False
        return not self._is_alone

    def told(self, *, came: bool) -> None:
        """Whether it came in time."""
        self._penalty = 0 if came else min(2 * self._penalty + 1, _MAX_PENALTY)
        self._left_out = self._penalty


def _watch_out(worker: Worker, result: AsyncResult) -> bool:
    until = time.monotonic_ns() + _PATIENCE_NS
    try:
        while not (worker.results.is_filled() or result.ready()):
            if time.monotonic_ns() > until:
                return False
            os.sched_yield()
    except ValueError:  # the worker has ended, and its memory is gone
        return False
    return True


fence = Fence()
#: All that have workers: a child that somebody forks must not hold their ends.
_running: WeakSet[Dispatcher] = WeakSet()


def _disown_all() -> None:
    for dispatcher in tuple(_running):
        dispatcher.disown()


os.register_at_fork(after_in_child=_disown_all)
