"""What a pool tells about itself, as immutable records; times are seconds, measured from outside the tasks.

Named tuples and not dataclasses: those are 10 ms of every program's start, and memory in each forked worker.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class TaskFacts(NamedTuple):
    """One task: number ``index`` (from 0) of call ``call`` (from 1, in the order of the calls of this pool).

    A chunk of a map stands for ``size`` items from item ``first`` on; elsewhere ``size`` is 1.  ``attempt`` is 1 for
    the first.  ``arguments`` is a shortened repr.
    """

    call: int
    index: int  # type: ignore[assignment]  # nobody asks a record where something is in it
    first: int
    size: int
    function: str
    arguments: str
    attempt: int


class WorkerFacts(NamedTuple):
    """One worker.  ``busy_s`` says how long it has had its present task, to a tenth of a second.

    ``waited_s`` of its ``uptime_s`` it had nothing to do.  ``prefetched`` tasks wait in it behind the present one.
    """

    pid: int
    name: str
    daemon: bool
    exitcode: int | None
    sentinel: int
    state: Literal["booting", "idle", "busy", "suspended", "retiring", "ended"]
    task: TaskFacts | None
    busy_s: float | None
    prefetched: int
    tasks_done: int
    started_at: float
    uptime_s: float
    waited_s: float


class Statistics(NamedTuple):
    """A pool at one moment.  ``queued`` counts what waits in the pool and in its workers, as far as it is known:
    an iterable of imap is asked for its items as they are needed.

    ``stolen`` counts how often a task moved from a slow or stopped worker to another.  ``ended`` are the newest of the
    workers that have ended, oldest first.  ``error`` says why it is broken.
    """

    state: Literal["open", "closing", "closed", "terminated", "broken"]
    processes: int
    queued: int
    running: int
    done: int
    failed: int
    lost: int
    retried: int
    stolen: int
    workers: tuple[WorkerFacts, ...]
    ended: tuple[WorkerFacts, ...] = ()
    error: str | None = None


class Progress(NamedTuple):
    """How far a call is, in tasks; ``total`` is None while the length of the iterable is unknown.

    ``done`` counts the ones that returned; ``started`` says whether one was sent to a worker yet.
    """

    total: int | None
    done: int
    failed: int
    lost: int
    retried: int
    started: bool

    @property
    def over(self) -> bool:
        """Whether every task has ended in one way or another."""
        return self.done + self.failed + self.lost == self.total


class Failure(NamedTuple):
    """A task that raised, or that was lost with its worker; ``error`` is what its result raises."""

    task: TaskFacts
    error: BaseException


class WorkerEnd(NamedTuple):
    """What ending a worker came to.  ``ended`` is false where it had not ended in time (it may ignore SIGTERM).

    ``task`` is what it was executing: ``outcome`` lost or retried (None: it was idle, or finished the task first).
    ``returned`` prefetched tasks went back into the queue.
    """

    pid: int
    ended: bool
    exitcode: int | None
    cause: str
    task: TaskFacts | None
    outcome: Literal["lost", "retried"] | None
    returned: int
