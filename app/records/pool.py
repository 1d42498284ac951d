"""The records of pools, their workers and their jobs.  Pure; units as in `process`.

A pool lives in a host, a supervised process, and has the id of that process.
"""

from enum import StrEnum
from typing import Any

from msgspec import field

from .primitives import Int64, JsonDict, Record, check_depth
from .process import Sentinel, StartMethod, Stuck


class PoolState(StrEnum):
    """The states of a pool; ``opening`` until its host has created it, ``terminated`` also after its host died."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    TERMINATED = "terminated"


class WorkerState(StrEnum):
    """What a worker does; a ``retiring`` one exits after its task, because of a resize or maxtasksperchild."""

    BOOTING = "booting"
    IDLE = "idle"
    BUSY = "busy"
    SUSPENDED = "suspended"
    RETIRING = "retiring"
    ENDED = "ended"


class JobState(StrEnum):
    """The states of a job; ``lost`` if any task was lost, else ``failed`` if any raised an exception."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    LOST = "lost"


class JobMethod(StrEnum):
    """The eight methods of a `multiprocessing.pool.Pool`."""

    APPLY = "apply"
    APPLY_ASYNC = "apply_async"
    MAP = "map"
    MAP_ASYNC = "map_async"
    IMAP = "imap"
    IMAP_UNORDERED = "imap_unordered"
    STARMAP = "starmap"
    STARMAP_ASYNC = "starmap_async"


class WorkerVerb(StrEnum):
    """What a user can ask of one worker."""

    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    KILL = "kill"


class PoolTask(Record, frozen=True, kw_only=True):
    """A task of job ``job`` (None: of no job of the dashboard).  ``index`` counts from 0.

    A chunk has ``size`` items from item ``first`` on.  ``attempt`` is 1 for the first; ``arguments`` is a short repr.
    """

    job: Int64 | None
    index: Int64
    first: Int64
    size: Int64
    function: str
    arguments: str
    attempt: Int64 = 1


class PoolWorker(Record, frozen=True, kw_only=True):
    """One worker.  ``busy_s``: how long it has had its task; ``working_share``: 0 to 1 of its lifetime.

    ``prefetched`` tasks wait in it; they move to other workers if it exits.
    """

    pid: Int64
    ppid: Int64 | None = None
    name: str = ""
    daemon: bool = True
    exitcode: Int64 | None = None
    sentinel: Sentinel | None = None
    state: WorkerState = WorkerState.BOOTING
    task: PoolTask | None = None
    busy_s: float | None = None
    tasks_done: Int64 = 0
    prefetched: Int64 = 0
    uptime_s: float = 0.0
    working_share: float | None = None
    cpu_percent: float | None = None
    rss_bytes: Int64 | None = None
    threads: Int64 | None = None
    os_state: str | None = None
    stuck: Stuck | None = None


class Job(Record, frozen=True, kw_only=True):
    """One call of one method.  Counts are of tasks (``total`` None while the iterable's length is unknown).

    ``left_s`` is estimated from the rate so far.  ``error`` is the last line of the first failure.
    """

    id: Int64
    method: JobMethod
    function: str
    state: JobState = JobState.QUEUED
    total: Int64 | None = None
    done: Int64 = 0
    failed: Int64 = 0
    lost: Int64 = 0
    retried: Int64 = 0
    chunksize: Int64 = 1
    by: str = "operator"
    submitted_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    elapsed_s: float | None = None
    tasks_per_s: float | None = None
    left_s: float | None = None
    error: str | None = None


class TaskFailure(Record, frozen=True, kw_only=True):
    """A task that raised an exception or was ``lost``; ``pid`` is its worker's, if known."""

    index: Int64
    first: Int64
    size: Int64
    lost: bool
    error: str
    traceback: str | None = None
    arguments: str = ""
    pid: Int64 | None = None
    attempt: Int64 = 1


class JobDetail(Record, frozen=True, kw_only=True):
    """A job with what is too large for the stream of state.

    ``result`` is JSON if possible, else a repr; ``result_cut``: only its beginning is here.  ``failures_not_shown``
    counts the failures left out.
    """

    job: Job
    arguments: str = ""
    result: Any = None
    result_cut: bool = False
    failures: tuple[TaskFailure, ...] = ()
    failures_not_shown: Int64 = 0

    def __post_init__(self) -> None:
        check_depth("result", self.result)


class Pool(Record, frozen=True, kw_only=True):
    """A pool and its host.  ``jobs`` are the newest, oldest first; ``jobs_not_shown`` older ones were dropped.

    ``queued`` tasks wait, prefetched ones included.  ``done``, ``failed``, ``lost`` and ``retried`` count all tasks
    since it was opened; ``stolen`` counts how often a task moved from a slow or stopped worker to another.
    """

    id: str
    name: str
    pid: Int64 | None = None
    state: PoolState = PoolState.OPENING
    processes: Int64 = 1
    start_method: StartMethod = "forkserver"
    maxtasksperchild: Int64 | None = None
    retries: Int64 = 0
    stuck_after_s: float | None = None
    workers: tuple[PoolWorker, ...] = ()
    jobs: tuple[Job, ...] = ()
    jobs_not_shown: Int64 = 0
    queued: Int64 = 0
    running: Int64 = 0
    done: Int64 = 0
    failed: Int64 = 0
    lost: Int64 = 0
    retried: Int64 = 0
    stolen: Int64 = 0
    tasks_per_s: float | None = None
    created_at: float = 0.0
    error: str | None = None


class PoolSpec(Record, frozen=True, kw_only=True):
    """A pool to open; ``processes`` None means as many as the CPUs that the supervisor may use."""

    name: str | None = None
    processes: Int64 | None = None
    start_method: StartMethod = "forkserver"
    maxtasksperchild: Int64 | None = None
    retries: Int64 = 0
    stuck_after_s: float | None = 10.0


class JobSpec(Record, frozen=True, kw_only=True):
    """A job to run.  ``function`` is a name in the catalogue of pool functions, or ``module:function`` in ``path``.

    ``apply*`` take ``args`` and ``kwargs``, the others ``iterable``: a list, or ``{"range": [start, stop, step]}``
    so that a large one need not be sent.
    """

    method: JobMethod
    function: str
    args: tuple[Any, ...] = ()
    kwargs: JsonDict = field(default_factory=dict)
    iterable: list[Any] | JsonDict | None = None
    chunksize: Int64 | None = None
    path: str | None = None

    def __post_init__(self) -> None:
        for name in ("args", "kwargs", "iterable"):
            check_depth(name, getattr(self, name))
