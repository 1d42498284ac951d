"""What a pool offers beyond the stdlib: its size, statistics, and verbs for single workers."""

from __future__ import annotations

import signal
import time
from multiprocessing.pool import CLOSE, INIT, RUN, TERMINATE

from procession.pool.dispatching.dispatcher import Dispatcher
from procession.pool.tasks.ledger import Ledger
from procession.pool.workers.worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from procession.pool.facts import Statistics, TaskFacts, WorkerEnd, WorkerFacts

_STATES = {INIT: "open", RUN: "open", CLOSE: "closing", TERMINATE: "terminated"}


class Oversight:
    """The part of a `Pool` that looks after its workers; any thread may call each verb."""

    _state: str
    _ledger: Ledger
    _dispatcher: Dispatcher

    def resize(self, processes: int) -> None:
        """Set the number of workers; surplus ones finish their task first.  Raises ValueError for less than 1."""
        if processes < 1:
            raise ValueError("Number of processes must be at least 1")
        self._check_running()
        dispatcher = self._dispatcher
        with dispatcher.lock:
            dispatcher.workforce.wanted = processes
            for worker in dispatcher.workforce.surplus():
                dispatcher.reclaim(worker)
                worker.retire()
        dispatcher.wake()

    def statistics(self) -> Statistics:
        """Return the state of the pool, its workers and its counts."""
        from procession.pool.facts import Statistics

        ledger, dispatcher = self._ledger, self._dispatcher
        with dispatcher.lock:
            now = time.monotonic()
            workers = [worker.facts(now) for worker in dispatcher.workforce.workers]
            answered = ledger.answered + sum(inbox.answered for inbox in ledger.inboxes)
            statistics = Statistics(
                state=self._state_name(),  # type: ignore[arg-type]
                processes=dispatcher.workforce.wanted,
                queued=ledger.count_waiting() + sum(worker.prefetched for worker, _ in workers),
                running=sum(describe is not None for _, describe in workers),
                done=max(answered - ledger.failed, 0),
                failed=ledger.failed,
                lost=ledger.lost,
                retried=ledger.retried,
                stolen=ledger.stolen,
                workers=(),
                ended=tuple(dispatcher.workforce.ended),
                error=dispatcher.workforce.why_broken,
            )
        # Without the lock: it calls the repr of arguments.
        return statistics._replace(workers=tuple(map(_with_task, workers)))

    def suspend_worker(self, pid: int) -> None:
        """Stop a worker (SIGSTOP); tasks that wait in it move to others.  Raises ValueError for an unknown pid."""
        with self._dispatcher.lock:
            worker = self._worker(pid)
            worker.signal(signal.SIGSTOP)
            self._dispatcher.reclaim(worker)
        self._dispatcher.wake()

    def resume_worker(self, pid: int) -> None:
        """Continue a worker (SIGCONT).  Raises ValueError for an unknown pid."""
        with self._dispatcher.lock:
            self._worker(pid).signal(signal.SIGCONT)

    def terminate_worker(self, pid: int, timeout: float | None = 5.0) -> WorkerEnd:
        """Send SIGTERM to a worker and wait up to ``timeout`` seconds for its end; a new worker replaces it.

        Raises ValueError for an unknown pid.
        """
        return self._end_worker(pid, (signal.SIGTERM, signal.SIGCONT), "terminate_worker()", timeout)

    def kill_worker(self, pid: int, timeout: float | None = 5.0) -> WorkerEnd:
        """Send SIGKILL, which a process cannot ignore; otherwise as `terminate_worker`."""
        return self._end_worker(pid, (signal.SIGKILL,), "kill_worker()", timeout)

    @property
    def _processes(self) -> int:
        """How many workers there should be; programs that reach into the stdlib's Pool read and set it."""
        return self._dispatcher.workforce.wanted

    @_processes.setter
    def _processes(self, processes: int) -> None:
        self.resize(processes)

    def _repopulate_pool(self) -> None:
        """Wake the thread, which replaces workers; programs that reach into the stdlib's Pool call this."""
        self._dispatcher.wake()

    def _end_worker(self, pid: int, signums: tuple[int, ...], verb: str, timeout: float | None) -> WorkerEnd:
        with self._dispatcher.lock:
            worker = self._worker(pid)
            worker.end_reason = f"{signal.Signals(signums[0]).name} by {verb}"
            for signum in signums:
                worker.signal(signum)
        from procession.pool.facts import WorkerEnd

        if not self._dispatcher.is_blocked_by_caller():  # nobody else could notice the end
            worker.reaped.wait(timeout)
        with self._dispatcher.lock:
            if worker.end:
                return worker.end
            cause = f"{worker.end_reason}, and has not ended yet"
            facts = worker.facts(time.monotonic())
        return WorkerEnd(pid, False, None, cause, _with_task(facts).task, outcome=None, returned=0)

    def _worker(self, pid: int) -> Worker:
        for worker in self._dispatcher.workforce.workers:
            if worker.pid == pid:
                return worker
        pids = ", ".join(str(worker.pid) for worker in self._dispatcher.workforce.workers) or "none"
        raise ValueError(f"worker not found: {pid}; workers of this pool: {pids}")

    def _state_name(self) -> str:
        if self._dispatcher.workforce.why_broken:
            return "broken"
        if self._state == CLOSE and self._dispatcher.finished.is_set():
            return "closed"
        return _STATES[self._state]

    def _check_running(self) -> None:
        if self._state != RUN:
            raise ValueError("Pool not running")


def _with_task(facts: tuple[WorkerFacts, Callable[[], TaskFacts] | None]) -> WorkerFacts:
    worker, describe = facts
    return worker._replace(task=describe()) if describe else worker
