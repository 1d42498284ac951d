"""The records of pools: a pool, its workers and its jobs, as frozen values.  Pure; units as in `model`.

A pool is held by a host, a supervised process; the two have one id: ``p7`` is the process *and* its pool.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import field

from .primitives import JsonDict, Record
from .process import Sentinel, StartMethod, Stuck


class PoolState(StrEnum):
    """``terminated`` also when its host died; ``opening`` until the host has made it."""

    OPENING = "opening"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    TERMINATED = "terminated"


class WorkerState(StrEnum):
    """What a worker does; ``retiring`` ends after its present task, because of a resize or of maxtasksperchild."""

    BOOTING = "booting"
    IDLE = "idle"
    BUSY = "busy"
    SUSPENDED = "suspended"
    RETIRING = "retiring"
    ENDED = "ended"


class JobState(StrEnum):
    """``lost``: at least one task was lost; ``failed``: none was, but at least one raised."""

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
    """What a person can ask of one worker."""

    SUSPEND = "suspend"
    RESUME = "resume"
    TERMINATE = "terminate"
    KILL = "kill"


class PoolTask(Record, frozen=True, kw_only=True):
    """A task of job ``job`` (None: not one of ours).  ``index`` counts from 0.

    A chunk has ``size`` items from item ``first`` on.  ``attempt`` is 1 for the first; ``arguments`` is a short repr.
    """

    job: int | None
    index: int
    first: int
    size: int
    function: str
    arguments: str
    attempt: int = 1


class PoolWorker(Record, frozen=True, kw_only=True):
    """One worker.  ``busy_s`` is how long it has had its present task; ``working_share`` 0 to 1 of its life so far.

    ``prefetched`` tasks wait in it and would move to others if it ended.
    """

    pid: int
    ppid: int | None = None
    name: str = ""
    daemon: bool = True
    exitcode: int | None = None
    sentinel: Sentinel | None = None
    state: WorkerState = WorkerState.BOOTING
    task: PoolTask | None = None
    busy_s: float | None = None
    tasks_done: int = 0
    prefetched: int = 0
    uptime_s: float = 0.0
    working_share: float | None = None
    cpu_percent: float | None = None
    rss_bytes: int | None = None
    threads: int | None = None
    os_state: str | None = None
    stuck: Stuck | None = None


class Job(Record, frozen=True, kw_only=True):
    """One call of one method.  Counts are of tasks (``total`` None while the iterable's length is unknown).

    ``left_s`` is estimated from the rate so far.  ``error`` is the first failure's last line.
    """

    id: int
    method: JobMethod
    function: str
    state: JobState = JobState.QUEUED
    total: int | None = None
    done: int = 0
    failed: int = 0
    lost: int = 0
    retried: int = 0
    chunksize: int = 1
    by: str = "operator"
    submitted_at: float = 0.0
    started_at: float | None = None
    ended_at: float | None = None
    elapsed_s: float | None = None
    tasks_per_s: float | None = None
    left_s: float | None = None
    error: str | None = None


class TaskFailure(Record, frozen=True, kw_only=True):
    """A task that raised or was lost (``lost``); ``pid`` is the worker's, where it is known."""

    index: int
    first: int
    size: int
    lost: bool
    error: str
    traceback: str | None = None
    arguments: str = ""
    pid: int | None = None
    attempt: int = 1


class JobDetail(Record, frozen=True, kw_only=True):
    """A job with what is too large for the stream.  ``result`` is JSON where it can be, else a repr; ``result_cut``
    says that only its beginning is here; ``failures_not_shown`` counts those left out."""

    job: Job
    arguments: str = ""
    result: Any = None
    result_cut: bool = False
    failures: tuple[TaskFailure, ...] = ()
    failures_not_shown: int = 0


class Pool(Record, frozen=True, kw_only=True):
    """A pool and its host.  ``jobs`` are the newest, oldest first; ``jobs_not_shown`` older ones were dropped.

    ``queued`` tasks wait, prefetched ones included; the other counts are of all tasks since it was opened, but
    ``stolen``, which counts how often one moved from a slow or stopped worker to another.
    """

    id: str
    name: str
    pid: int | None = None
    state: PoolState = PoolState.OPENING
    processes: int = 1
    start_method: StartMethod = "forkserver"
    maxtasksperchild: int | None = None
    retries: int = 0
    stuck_after_s: float | None = None
    workers: tuple[PoolWorker, ...] = ()
    jobs: tuple[Job, ...] = ()
    jobs_not_shown: int = 0
    queued: int = 0
    running: int = 0
    done: int = 0
    failed: int = 0
    lost: int = 0
    retried: int = 0
    stolen: int = 0
    tasks_per_s: float | None = None
    created_at: float = 0.0
    error: str | None = None


class PoolSpec(Record, frozen=True, kw_only=True):
    """What pool to open; ``processes`` None means as many as the CPUs that the supervisor may use."""

    name: str | None = None
    processes: int | None = None
    start_method: StartMethod = "forkserver"
    maxtasksperchild: int | None = None
    retries: int = 0
    stuck_after_s: float | None = 10.0


class JobSpec(Record, frozen=True, kw_only=True):
    """A job: ``function`` is a name of the catalogue of pool functions, or ``module:function`` found in ``path``.

    ``apply*`` take ``args`` and ``kwargs``, the others ``iterable``: a list, or ``{"range": [start, stop, step]}``
    so that a large one need not be sent.
    """

    method: JobMethod
    function: str
    args: tuple[Any, ...] = ()
    kwargs: JsonDict = field(default_factory=dict)
    iterable: list[Any] | JsonDict | None = None
    chunksize: int | None = None
    path: str | None = None
