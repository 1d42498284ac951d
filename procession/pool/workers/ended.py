"""A worker that has ended: why, in words, and what that means for the task that it executed."""

from __future__ import annotations

import signal
from collections.abc import Callable

from procession.pool.errors import PoolError, TaskCancelled, TaskTimeout, WorkerLost
from procession.pool.tasks.waiting import WorkerLoss

from .worker import Worker

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.facts import TaskFacts, WorkerEnd, WorkerFacts

#: Signals by which a process ends through its own fault.
_CRASHES = frozenset((signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGILL, signal.SIGFPE, signal.SIGSYS))


class EndedWorker:
    """A worker that was removed; ``describe`` returns which task it executed, and calls the repr of its arguments."""

    def __init__(
        self,
        worker: Worker,
        facts: WorkerFacts,
        describe: Callable[[], TaskFacts] | None,
        cause: str,
        loss: WorkerLoss,
    ) -> None:
        self.worker, self.facts, self.describe, self.cause, self.loss = worker, facts, describe, cause, loss


def ended_by_itself(exitcode: int | None) -> bool:
    """Return whether a process ended through its own fault, not by a signal of somebody else."""
    return exitcode is not None and (exitcode >= 0 or -exitcode in _CRASHES)


def why_lost(ended: EndedWorker, task: str, stack: tuple[str, ...]) -> PoolError:
    """Return what the lost task raises: it was cancelled, took too long, or was lost with its worker."""
    worker, lost = ended.worker, ended.loss.task
    if worker.cancelled is lost:
        return TaskCancelled(f"{task} was cancelled, and worker {worker.pid} was killed; it may have run partly")
    what = worker.pid, ended.facts.exitcode, ended.cause, task
    if worker.overdue and worker.overdue.task is lost:
        return TaskTimeout(*what, worker.overdue.timeout_s, stack)
    return WorkerLost(*what)


def describe_task(task: TaskFacts | None) -> str:
    """Return ``task 17 of call 3, square(17)``; for a chunk of a map also its items."""
    if task is None:
        return "no task"
    where = f"task {task.index} of call {task.call}"
    if task.size > 1:
        where += f" (items {task.first} to {task.first + task.size - 1})"
    return f"{where}, {task.function}({task.arguments})"


def end_of(pid: int, exitcode: int | None, cause: str, task: TaskFacts | None, loss: WorkerLoss) -> WorkerEnd:
    """Return what the verbs for workers answer."""
    from procession.pool.facts import WorkerEnd

    outcome = ("retried" if loss.retried else "lost") if loss.task else None
    return WorkerEnd(pid, True, exitcode, cause, task, outcome, loss.returned)  # type: ignore[arg-type]


def how(exitcode: int | None, error: str | None) -> str:
    """Return how a worker ended that did not get ready."""
    if error is not None:
        return f"raised {error} in its initializer"
    return cause_of(exitcode)


def cause_of(exitcode: int | None) -> str:
    """Return ``exited with code 1``, or by which signal it was killed."""
    if exitcode is None:
        return "ended, exit code unknown"
    if exitcode >= 0:
        return f"exited with code {exitcode}"
    name = signal.Signals(-exitcode).name if -exitcode in set(signal.Signals) else f"signal {-exitcode}"
    if name == "SIGKILL":
        return "killed by SIGKILL from outside the pool (kill -9 or the OOM killer?)"
    return f"killed by {name}, which the pool did not send"
