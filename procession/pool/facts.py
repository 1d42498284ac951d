"""What a pool reports about itself: immutable records; durations are seconds, measured outside the tasks.

Named tuples, not dataclasses: those cost 10 ms at each program start, and memory in each forked worker.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class TaskFacts(NamedTuple):
    """Task ``index`` (from 0) of call ``call`` (from 1, in the order of this pool's calls).

    A chunk of a map has ``size`` items from item ``first`` on; otherwise ``size`` is 1.  ``attempt`` counts from 1.
    ``arguments`` is a shortened repr.
    """

    call: int
    index: int  # type: ignore[assignment]  # hides tuple.index
    first: int
    size: int
    function: str
    arguments: str
    attempt: int


class WorkerFacts(NamedTuple):
    """One worker.  ``busy_s`` is how long it has had its task, to a tenth of a second.

    It was idle for ``waited_s`` of its ``uptime_s``.  ``prefetched`` tasks wait in it behind the present one.
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
    """A pool at one moment.  ``queued`` counts tasks that wait in the pool and its workers, as far as known: imap takes
    items from its iterable only as workers need them.

    ``stolen`` counts how often a task moved from a slow or stopped worker to another.  ``ended`` are the workers that
    ended last, oldest first.  ``error`` is the reason of the state broken.
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
    """Progress of a call, in tasks; ``total`` is None while the length of the iterable is unknown.

    ``done`` counts tasks that returned; ``started`` says whether a task has been sent to a worker.
    """

    total: int | None
    done: int
    failed: int
    lost: int
    retried: int
    started: bool

    @property
    def over(self) -> bool:
        """Whether every task has ended."""
        return self.done + self.failed + self.lost == self.total


class Failure(NamedTuple):
    """A task that raised, or was lost with its worker; ``error`` is what its result raises."""

    task: TaskFacts
    error: BaseException


class WorkerEnd(NamedTuple):
    """Result of ending a worker.  ``ended`` is false where it did not end in time (it may ignore SIGTERM).

    ``task`` is what it was executing, with ``outcome`` lost or retried (None: it was idle, or finished the task first).
    ``returned`` prefetched tasks went back into the queue.
    """

    pid: int
    ended: bool
    exitcode: int | None
    cause: str
    task: TaskFacts | None
    outcome: Literal["lost", "retried"] | None
    returned: int
