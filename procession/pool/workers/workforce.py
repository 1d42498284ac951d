"""The workers of a pool: how many there should be, starting, ending and reaping them, and giving up.

The dispatcher calls all of it, with its lock held.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from procession.pool.tasks.ledger import Ledger

from .ended import EndedWorker, cause_of, describe_task, end_of, ended_by_itself, how, why_lost
from .worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.facts import TaskFacts, WorkerFacts

#: How many workers may end by themselves before they are ready, in a row and beyond the first set.
_TRIES = 3
#: For how long workers may be killed by others before they are ready, none in between getting ready.
_KILLED_S = 60.0
_FIRST_DELAY_S = 0.02
_MAX_DELAY_S = 1.0
_MAX_DELAY_KILLED_S = 0.2
#: When the pool is terminated: after so long, SIGTERM to idle workers that were hung up on, then SIGKILL to all.
HUNG_UP_S = 1.0
GRACE_S = 2.0
_ENDED_KEPT = 16


class Workforce:
    """``wanted`` workers; ``processes`` is the list of their Process objects, `Pool._pool`."""

    def __init__(
        self,
        ledger: Ledger,
        processes: list[BaseProcess],
        wanted: int,
        *,
        start: Callable[[], Worker],
        watch: Callable[[Worker], None],
        forget: Callable[[Worker], None],
    ) -> None:
        self.wanted = wanted
        self.workers: list[Worker] = []
        self.ended: deque[WorkerFacts] = deque(maxlen=_ENDED_KEPT)
        self.why_broken: str | None = None
        self._ledger, self._processes = ledger, processes
        self._start, self._watch, self._forget = start, watch, forget
        self._is_watching = False
        self._started = 0
        self._failures = 0
        self._failed_number = 0
        self._killed = 0
        self._failing_since = 0.0
        self._not_before = 0.0
        #: Until when workers may take to end, and the signal that they get then.
        self._steps: deque[tuple[float, int]] = deque()

    def start_worker(self) -> Worker:
        """Start a worker; raises what the start raises.  Needs no lock; `add` the worker then."""
        return self._start()

    def add(self, worker: Worker) -> None:
        self._started += 1
        worker.number = self._started
        self.workers.append(worker)
        self._processes.append(worker.process)
        self._ledger.inboxes.append(worker.inbox)
        if self._is_watching:
            self._watch(worker)

    def start_watching(self) -> None:
        self._is_watching = True
        for worker in self.workers:
            self._watch(worker)

    def stop_unwatched(self) -> None:
        """End the workers of a pool whose constructor raises; uses what every kind of Process has."""
        for process in self._processes:
            if process.exitcode is None:
                process.terminate()
        for worker in self.workers:
            worker.process.join()
            worker.close()
            if hasattr(worker.process, "close"):
                worker.process.close()

    def end_by_force(self) -> None:
        """Kill the workers where nobody watches them any more: the thread that did has failed."""
        for worker in self.workers:
            worker.signal(signal.SIGKILL)
        for worker in self.workers:
            worker.process.join()
            worker.close()
            worker.reaped.set()
        self._processes.clear()
        self.workers.clear()

    def is_start_due(self, now: float) -> bool:
        """Return whether a worker is missing and it is time to start one."""
        return self._staying() < self.wanted and not self.why_broken and now >= self._not_before

    def count_failed_start(self, now: float, error: Exception) -> None:
        """Note that `start_worker` raised: counts as a worker that did not get ready."""
        self._count_failure(now, f"cannot be started: {type(error).__name__}: {error}", by_itself=True)

    def surplus(self) -> list[Worker]:
        """Return the workers beyond ``wanted``, those with the fewest tasks."""
        staying = [worker for worker in self.workers if not worker.inbox.closed]
        return sorted(staying, key=_work)[: max(len(staying) - self.wanted, 0)]

    def next_deadline(self) -> float | None:
        """Return when the next action is due, monotonic; None for never."""
        if self._steps:
            return self._steps[0][0]
        is_short = self._staying() < self.wanted
        return self._not_before if is_short and not self.why_broken else None

    def _staying(self) -> int:
        return sum(not worker.inbox.closed for worker in self.workers)

    def retire_all(self) -> None:
        """Let every worker end: all tasks are done."""
        self.wanted = 0
        for worker in self.workers:
            if not worker.inbox.closed:
                worker.retire()
                worker.signal(signal.SIGCONT)  # a stopped worker would not see the end of the stream

    def terminate(self, now: float) -> None:
        """Hang up on idle workers, which then end as any process: their output is flushed, and finalizers run.

        Others get SIGTERM; `escalate` sends more later.
        """
        self.wanted = 0
        self._steps.extend(((now + HUNG_UP_S, signal.SIGTERM), (now + GRACE_S, signal.SIGKILL)))
        for worker in self.workers:
            worker.end_reason = worker.end_reason or "the pool was terminated"
            if not worker.is_ready or worker.inbox.owes():
                worker.signal(signal.SIGTERM)
            worker.retire()
            worker.signal(signal.SIGCONT)

    def escalate(self, now: float) -> None:
        """Send the next signal to workers that have not ended in time."""
        while self._steps and now >= self._steps[0][0]:
            _, signum = self._steps.popleft()
            for worker in self.workers:
                worker.signal(signum)

    def remove(self, worker: Worker, exitcode: int | None, now: float, *, may_retry: bool) -> EndedWorker:
        """Remove an ended worker whose results were delivered, and put its tasks back; then `conclude`."""
        self.workers.remove(worker)
        self._processes.remove(worker.process)
        self._forget(worker)
        facts, describe = worker.facts(now, exitcode, ended=True)
        loss = self._ledger.remove_worker(worker.inbox, worker.current, may_retry=may_retry)
        if worker.is_ready:
            self._failures = self._killed = 0
        elif not worker.end_reason:
            by_itself = worker.boot_error is not None or ended_by_itself(exitcode)
            self._count_failure(now, how(exitcode, worker.boot_error), by_itself=by_itself)
        worker.close()
        return EndedWorker(worker, facts, describe, worker.end_reason or cause_of(exitcode), loss)

    def conclude(self, ended: EndedWorker, task: TaskFacts | None, stack: tuple[str, ...]) -> None:
        """Settle the lost task, and set ``worker.end``; ``task`` is what it executed, ``stack`` where it stood."""
        worker, loss = ended.worker, ended.loss
        facts = ended.facts._replace(task=task)
        self.ended.append(facts)
        worker.end = end_of(worker.pid, facts.exitcode, ended.cause, task, loss)
        if loss.task and not loss.retried:
            error = why_lost(ended, describe_task(task), stack)
            loss.task.settle(False, error, lambda: task)  # type: ignore[arg-type, return-value]  # not None, as there is one
        worker.reaped.set()

    def _count_failure(self, now: float, how: str, *, by_itself: bool) -> None:
        """Count a worker that did not get ready, delay the next start, and give up in the end."""
        ready = [worker.number for worker in self.workers if worker.is_ready]
        if max(ready, default=0) > self._failed_number:
            self._failures = self._killed = 0
        if not self._failures + self._killed:
            self._failing_since = now
        self._failures += by_itself
        self._killed += not by_itself
        self._failed_number = self._started
        beyond = self._failures + self._killed - self.wanted
        if not ready and self._failures - self.wanted >= _TRIES:
            self.why_broken = f"{self._failures} workers in a row failed to start; the last one {how}"
        elif not ready and self._killed and now - self._failing_since >= _KILLED_S:
            self.why_broken = f"no worker has got ready for {_KILLED_S:.0f} s; the last of {self._killed} was {how}"
        longest = _MAX_DELAY_S if by_itself else _MAX_DELAY_KILLED_S
        self._not_before = now + min(_FIRST_DELAY_S * 2 ** min(beyond, 10), longest) if beyond > 0 else now


def _work(worker: Worker) -> int:
    return len(worker.inbox.inflight)
