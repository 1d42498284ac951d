"""What a pool offers beyond the stdlib's: how many workers there are, what they do, and verbs for one of them."""

from __future__ import annotations

import signal
import time
from multiprocessing.pool import CLOSE, INIT, RUN, TERMINATE

from procession.pool.crew.member import Worker
from procession.pool.dispatching.dispatcher import Dispatcher
from procession.pool.tasks.bookkeeping import Ledger, waiting

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.facts import Statistics, WorkerEnd

_STATES = {INIT: "open", RUN: "open", CLOSE: "closing", TERMINATE: "terminated"}


class Oversight:
    """The part of a `face.Pool` that looks at its workers; each verb may be called from any thread."""

    _state: str
    _ledger: Ledger
    _dispatcher: Dispatcher

    def resize(self, processes: int) -> None:
        """Have that many workers from now on; surplus ones finish their present task.  Raises ValueError under 1."""
        if processes < 1:
            raise ValueError("Number of processes must be at least 1")
        self._check_running()
        dispatcher = self._dispatcher
        with dispatcher.lock:
            dispatcher.crew.wanted = processes
            for worker in dispatcher.crew.surplus():
                dispatcher.reclaim(worker)
                worker.retire()
        dispatcher.wake()

    def statistics(self) -> Statistics:
        """What it does at this moment."""
        from procession.pool.facts import Statistics

        ledger, dispatcher = self._ledger, self._dispatcher
        with dispatcher.lock:
            now = time.monotonic()
            workers = tuple(worker.facts(now) for worker in dispatcher.crew.workers)
            answered = ledger.answered + sum(desk.answered for desk in ledger.desks)
            return Statistics(
                state=self._state_in_words(),  # type: ignore[arg-type]
                processes=dispatcher.crew.wanted,
                queued=waiting(tuple(ledger.queue)) + sum(worker.prefetched for worker in workers),
                running=sum(worker.task is not None for worker in workers),
                done=max(answered - ledger.failed, 0),
                failed=ledger.failed,
                lost=ledger.lost,
                retried=ledger.retried,
                stolen=ledger.stolen,
                workers=workers,
                ended=tuple(dispatcher.crew.ended),
                error=dispatcher.crew.why_broken,
            )

    def suspend_worker(self, pid: int) -> None:
        """Stop it (SIGSTOP); what waits in it moves to others.  Raises ValueError where there is no such worker."""
        with self._dispatcher.lock:
            worker = self._worker(pid)
            worker.signal(signal.SIGSTOP)
            self._dispatcher.reclaim(worker)
        self._dispatcher.wake()

    def resume_worker(self, pid: int) -> None:
        """Let it go on (SIGCONT).  Raises ValueError where there is no such worker."""
        with self._dispatcher.lock:
            self._worker(pid).signal(signal.SIGCONT)

    def terminate_worker(self, pid: int, timeout: float | None = 5.0) -> WorkerEnd:
        """Send it SIGTERM, and wait up to ``timeout`` seconds for its end; another one takes its place.

        Raises ValueError where there is no such worker.
        """
        return self._end_worker(pid, (signal.SIGTERM, signal.SIGCONT), "terminate_worker()", timeout)

    def kill_worker(self, pid: int, timeout: float | None = 5.0) -> WorkerEnd:
        """As `terminate_worker`, by SIGKILL, which no process can ignore."""
        return self._end_worker(pid, (signal.SIGKILL,), "kill_worker()", timeout)

    def _end_worker(self, pid: int, signums: tuple[int, ...], asked: str, timeout: float | None) -> WorkerEnd:
        with self._dispatcher.lock:
            worker = self._worker(pid)
            worker.asked = f"{signal.Signals(signums[0]).name} by {asked}"
            for signum in signums:
                worker.signal(signum)
        from procession.pool.facts import WorkerEnd

        if not self._dispatcher.is_held_up():  # else nobody could notice the end
            worker.buried.wait(timeout)
        with self._dispatcher.lock:
            return worker.end or WorkerEnd(
                pid=pid,
                ended=False,
                exitcode=None,
                cause=f"{worker.asked}, and has not ended yet",
                task=worker.facts(time.monotonic()).task,
                outcome=None,
                returned=0,
            )

    def _worker(self, pid: int) -> Worker:
        for worker in self._dispatcher.crew.workers:
            if worker.pid == pid:
                return worker
        pids = ", ".join(str(worker.pid) for worker in self._dispatcher.crew.workers) or "none"
        raise ValueError(f"this pool has no worker {pid}; its workers are: {pids}")

    def _state_in_words(self) -> str:
        if self._dispatcher.crew.why_broken:
            return "broken"
        if self._state == CLOSE and self._dispatcher.finished.is_set():
            return "closed"
        return _STATES[self._state]

    def _check_running(self) -> None:
        if self._state != RUN:
            raise ValueError("Pool not running")
