"""The exceptions of a pool beyond those of the standard library; all of them can be pickled."""

from __future__ import annotations


class PoolError(RuntimeError):
    """Base class of errors of the pool itself, not of a task."""


class WorkerLost(PoolError):
    """The worker that executed this task ended; the task may have run partly or wholly.

    ``pid`` and ``exitcode`` are the worker's (−N after signal N, None where unknown), ``cause`` says why it ended as
    far as the pool knows, ``task`` describes the task.  Raised only for the one task (or chunk of a map) that the
    worker was executing; tasks that waited in it run elsewhere.
    """

    def __init__(self, pid: int, exitcode: int | None, cause: str, task: str) -> None:
        super().__init__(pid, exitcode, cause, task)
        self.pid, self.exitcode, self.cause, self.task = pid, exitcode, cause, task

    def __str__(self) -> str:
        return f"{self.task} was lost with worker {self.pid} ({self.cause}); it may have run partly or wholly"


class TaskTimeout(WorkerLost):
    """The task ran longer than its ``timeout_s``, and its worker was killed for that.

    ``stack`` has the lines at which its threads stood then, innermost first; empty where they could not be read.
    """

    def __init__(
        self, pid: int, exitcode: int | None, cause: str, task: str, timeout_s: float, stack: tuple[str, ...]
    ) -> None:
        super().__init__(pid, exitcode, cause, task)
        self.args = (pid, exitcode, cause, task, timeout_s, stack)
        self.timeout_s, self.stack = timeout_s, stack

    def __str__(self) -> str:
        stood = f"; it stood at {self.stack[0]}" if self.stack else ""
        return f"{self.task} took longer than {self.timeout_s:g} s, and worker {self.pid} was killed{stood}"


class TaskCancelled(PoolError):
    """The call was cancelled.  The message says whether the task had been started; then it may have run partly."""


class PoolBroken(PoolError):
    """The pool gave up because no worker gets ready; the message says how the last one ended."""


class PoolTerminated(PoolError):
    """The pool ended before this task was started: it did not run."""
