"""What a pool raises beyond the exceptions of the standard library; all of them survive pickling."""

from __future__ import annotations


class PoolError(RuntimeError):
    """Base of the errors that are the pool's and not the task's."""


class WorkerLost(PoolError):
    """The worker that executed this task ended; the task may have run partly or wholly.

    ``pid`` and ``exitcode`` are the worker's (−N after signal N, None where nobody could tell), ``cause`` says why it
    ended as far as the pool knows, ``task`` which task it was.  Only raised for the one task (or chunk of a map) that
    was being executed; those that waited in the same worker run elsewhere.
    """

    def __init__(self, pid: int, exitcode: int | None, cause: str, task: str) -> None:
        super().__init__(pid, exitcode, cause, task)
        self.pid, self.exitcode, self.cause, self.task = pid, exitcode, cause, task

    def __str__(self) -> str:
        return f"{self.task} was lost with worker {self.pid} ({self.cause}); it may have run partly or wholly"


class PoolBroken(PoolError):
    """No worker gets ready any more, so the pool has given up; the text says how the last ones ended."""


class PoolTerminated(PoolError):
    """The pool was terminated before this task was started: it did not run."""
