"""The workers of a pool: how many there are to be, starting them, ending them, burying the dead, and giving up.

Everything here is called by the dispatcher, under its lock.
"""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from procession.pool.errors import WorkerLost
from procession.pool.tasks.bookkeeping import Burial, Ledger

from .member import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.facts import TaskFacts, WorkerEnd, WorkerFacts

#: Workers that end in a row before they are ready, beyond the first lot: told why (an exception, an exit code) or not.
_TRIES_TOLD = 3
_TRIES_KILLED = 10
_FIRST_DELAY_S = 0.02
_MAX_DELAY_S = 1.0
#: From SIGTERM to SIGKILL when the pool is terminated.
GRACE_S = 2.0
_ENDED_KEPT = 16


class Crew:
    """``wanted`` workers; ``processes`` is the list of their Process objects that a Pool shows as ``_pool``."""

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
        self._hired = 0
        self._failures = 0
        self._failed_number = 0
        self._not_before = 0.0
        self._kill_at: float | None = None

    # As many as wanted

    def hire(self) -> None:
        """Start one more; raises what starting raises."""
        worker = self._start()
        self._hired += 1
        worker.number = self._hired
        self.workers.append(worker)
        self._processes.append(worker.process)
        self._ledger.seat(worker.desk)
        if self._is_watching:
            self._watch(worker)

    def begin(self) -> None:
        """From now on the workers are watched."""
        self._is_watching = True
        for worker in self.workers:
            self._watch(worker)

    def dismiss(self) -> None:
        """End the workers before they were watched: not all of them could be started."""
        for process in self._processes:
            if process.exitcode is None:
                process.terminate()
        for worker in self.workers:
            worker.process.join()
            worker.close()

    def reconcile(self, now: float) -> None:
        """Start the missing; a start that fails is a worker that did not get ready."""
        for _ in range(self.wanted - self._staying()):
            if self.why_broken or now < self._not_before:
                return
            try:
                self.hire()
            except Exception as error:  # noqa: BLE001 - starting runs code of several modules, and of the user's
                self._count_failure(now, f"cannot be started: {type(error).__name__}: {error}", told=True)

    def surplus(self) -> list[Worker]:
        """Who would have to go: those with the least to do."""
        staying = [worker for worker in self.workers if not worker.desk.closed]
        return sorted(staying, key=_work)[: max(len(staying) - self.wanted, 0)]

    def next_deadline(self) -> float | None:
        """When there is something to do next, monotonic; None for never."""
        if self._kill_at is not None:
            return self._kill_at
        is_short = self._staying() < self.wanted
        return self._not_before if is_short and not self.why_broken else None

    def _staying(self) -> int:
        return sum(not worker.desk.closed for worker in self.workers)

    # Ending

    def retire_all(self) -> None:
        """All tasks are done: everybody may go home."""
        self.wanted = 0
        for worker in self.workers:
            if not worker.desk.closed:
                worker.retire()
                worker.signal(signal.SIGCONT)  # a stopped one would never see it, and nothing is left to be held up

    def terminate(self, now: float) -> None:
        """SIGTERM to everybody, awake or stopped; SIGKILL follows from `escalate`."""
        self.wanted = 0
        self._kill_at = now + GRACE_S
        for worker in self.workers:
            worker.asked = worker.asked or "the pool was terminated"
            worker.signal(signal.SIGTERM)
            worker.signal(signal.SIGCONT)

    def escalate(self, now: float) -> None:
        """SIGKILL to those that have not followed their SIGTERM."""
        if self._kill_at is not None and now >= self._kill_at:
            self._kill_at = None
            for worker in self.workers:
                worker.signal(signal.SIGKILL)

    # The dead

    def bury(self, worker: Worker, now: float, *, may_retry: bool) -> None:
        """It has ended, and what it had written was delivered: tell its task, and whoever waits for its end."""
        self.workers.remove(worker)
        self._processes.remove(worker.process)
        self._forget(worker)
        exitcode = worker.exitcode()
        cause = worker.asked or _cause(exitcode)
        self.ended.append(worker.facts(now, exitcode, ended=True))
        burial = self._ledger.bury(worker.desk, worker.current, may_retry=may_retry)
        told = burial.task.facts() if burial.task else None
        if worker.is_ready:
            self._failures = 0
        elif not worker.asked:
            self._count_failure(now, _how(exitcode, worker.boot_error), told=exitcode is not None and exitcode >= 0)
        worker.close()
        worker.end = _end(worker.pid, exitcode, cause, told, burial)
        if burial.task and not burial.retried:
            burial.task.settle(False, WorkerLost(worker.pid, exitcode, cause, in_words(told)))
        worker.buried.set()

    def _count_failure(self, now: float, how: str, *, told: bool) -> None:
        ready = [worker.number for worker in self.workers if worker.is_ready]
        if max(ready, default=0) > self._failed_number:
            self._failures = 0
        self._failures += 1
        self._failed_number = self._hired
        beyond = self._failures - self.wanted
        if not ready and beyond >= (_TRIES_TOLD if told else _TRIES_KILLED):
            self.why_broken = f"{self._failures} workers in a row did not get ready; the last one {how}"
        self._not_before = now + min(_FIRST_DELAY_S * 2 ** min(beyond, 10), _MAX_DELAY_S) if beyond > 0 else now


def in_words(task: TaskFacts | None) -> str:
    """``task 17 of call 3, square(17)``, or which items of a map a chunk was."""
    if task is None:
        return "no task"
    where = f"task {task.index} of call {task.call}"
    if task.size > 1:
        where += f" (items {task.first} to {task.first + task.size - 1})"
    return f"{where}, {task.function}({task.arguments})"


def _end(pid: int, exitcode: int | None, cause: str, task: TaskFacts | None, burial: Burial) -> WorkerEnd:
    from procession.pool.facts import WorkerEnd

    outcome = ("retried" if burial.retried else "lost") if burial.task else None
    return WorkerEnd(
        pid=pid,
        ended=True,
        exitcode=exitcode,
        cause=cause,
        task=task,
        outcome=outcome,  # type: ignore[arg-type]
        returned=burial.returned,
    )


def _how(exitcode: int | None, error: BaseException | None) -> str:
    if error is not None:
        return f"raised {type(error).__name__} in its initializer: {error}"
    return _cause(exitcode)


def _cause(exitcode: int | None) -> str:
    if exitcode is None:
        return "ended, nobody can tell how"
    if exitcode >= 0:
        return f"ended by itself with exit code {exitcode}"
    name = signal.Signals(-exitcode).name if -exitcode in set(signal.Signals) else f"signal {-exitcode}"
    if name == "SIGKILL":
        return "SIGKILL that this pool did not send: somebody else, or out of memory"
    return f"{name} that this pool did not send"


def _work(worker: Worker) -> int:
    return len(worker.desk.inflight)
