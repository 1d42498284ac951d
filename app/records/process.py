"""The records of processes: what the supervisor knows, as frozen values.

Pure.  These are also the wire contract's shapes: `app.web.present.processes` turns them into JSON field by field.
Times that end in ``_at`` or are called ``start_time`` are wall clock, seconds since the epoch (for display only);
durations end in ``_s``, sizes in ``_bytes``; ``cpu_percent`` is of one core.  ``None`` means unknown or not applicable.
"""

from enum import StrEnum
from typing import Any, Literal

from msgspec import field

from .primitives import Int64, JsonDict, Key, Record, check_depth

StartMethod = Literal["forkserver", "spawn", "fork"]


class State(StrEnum):
    """The states of a process; `core.fleet.lifecycle.TRANSITIONS` has the transitions."""

    CREATED = "created"
    STARTING = "starting"
    RUNNING = "running"
    SUSPENDED = "suspended"
    STOPPING = "stopping"
    EXITED = "exited"
    JOINED = "joined"
    CLOSED = "closed"
    BACKOFF = "backoff"
    FATAL = "fatal"
    LOST = "lost"


#: The states in which there is a process of the OS.
LIVE = frozenset({State.STARTING, State.RUNNING, State.SUSPENDED, State.STOPPING})


class Sentinel(Record, frozen=True, kw_only=True):
    """`multiprocessing.Process.sentinel`: its fd and whether it is ready.

    ``held_by``: living pids that keep the sentinel from firing although the process is dead.
    """

    fd: Int64
    ready: bool
    held_by: tuple[Int64, ...] = ()


class Progress(Record, frozen=True, kw_only=True):
    """The last `procession.report(done, total, note)` of a process."""

    done: float
    total: float | None = None
    note: str | None = None
    at: float = 0.0


class Stuck(Record, frozen=True, kw_only=True):
    """A diagnosis besides the state: since when (wall clock), and the reason in words.

    ``detail`` is the reason without what other fields say too: for how long, and on which task.
    """

    since: float
    reason: str
    detail: str = ""


class Stopping(Record, frozen=True, kw_only=True):
    """A stop in progress: the user who asked, the signal sent, when SIGKILL follows, and the pids still alive."""

    signal: str
    by: str
    at: float
    kill_at: float | None
    left: tuple[Int64, ...] = ()


class Backoff(Record, frozen=True, kw_only=True):
    """The wait before an automatic restart, number ``attempt`` of at most ``limit``."""

    attempt: Int64
    limit: Int64
    until: float


class RestartPolicy(Record, frozen=True, kw_only=True):
    """When to restart a process automatically.  Delays double from ``delay_s`` to ``max_delay_s``, with jitter.

    A process that never ran for ``stable_s`` after ``limit`` consecutive restarts becomes ``fatal``.
    """

    policy: Literal["never", "on-failure", "always"] = "never"
    limit: Int64 = 5
    delay_s: float = 1.0
    max_delay_s: float = 60.0
    stable_s: float = 10.0


class Process(Record, frozen=True, kw_only=True):
    """One supervised process, across all its restarts.  ``ppid`` is the OS parent, ``started_by`` called start().

    ``pool``: it hosts the pool of the same id.  ``program``: the id of its program, which is its own id for the first
    process.  ``observed``: it is watched, not a child of the supervisor; only its parent can join it.  Its
    ``exitcode`` is None if it is unknown, and ``booted`` says whether its target function started.
    ``failed_to_start``: it could not be started, or not reach its target function.
    """

    id: str
    name: str
    workload: str | None
    target: str
    params: JsonDict
    args: tuple[Any, ...] = ()
    kwargs: JsonDict = field(default_factory=dict)
    pid: Int64 | None = None
    ppid: Int64 | None = None
    started_by: Int64 | None = None
    daemon: bool = False
    start_method: StartMethod | None = "forkserver"
    state: State = State.CREATED
    alive: bool = False
    booted: bool = False
    preloaded: bool | None = None
    exitcode: Int64 | None = None
    cause: str | None = None
    error: str | None = None
    failed: bool = False
    failed_to_start: bool = False
    sentinel: Sentinel | None = None
    created_at: float = 0.0
    start_time: float | None = None
    exited_at: float | None = None
    cpu_percent: float | None = None
    rss_bytes: Int64 | None = None
    threads: Int64 | None = None
    fds: Int64 | None = None
    os_state: str | None = None
    descendants: Int64 = 0
    restarts: Int64 = 0
    auto_start: bool = True
    auto_join: bool = True
    grace_s: float = 5.0
    restart: RestartPolicy = RestartPolicy()
    stuck_after_s: float | None = None
    stuck: Stuck | None = None
    progress: Progress | None = None
    stopping: Stopping | None = None
    backoff: Backoff | None = None
    log_bytes: Int64 = 0
    program: str | None = None
    observed: bool = False
    pool: bool = False


class Descendant(Record, frozen=True, kw_only=True):
    """A process of the OS below a supervised one.  ``id`` is ``PID-STARTTICKS``; ``root`` the `Process` it came from.

    ``orphan``: its root is gone, or unknown (``root`` None), and it is now a child of the supervisor.
    """

    id: str
    pid: Int64
    ppid: Int64
    root: str | None
    name: str
    command: str
    state: str
    orphan: bool = False
    start_time: float = 0.0
    cpu_percent: float | None = None
    rss_bytes: Int64 | None = None
    threads: Int64 | None = None

    @property
    def key(self) -> Key:
        return key_of(self.id)

    @property
    def exited(self) -> bool:
        """Whether it has exited, and its parent has not waited for it."""
        return self.state == "Z"


def key_of(descendant_id: str) -> Key:
    """Return the key in the id of a descendant; raises ValueError for any other text."""
    pid, start_ticks = descendant_id.split("-")
    return int(pid), int(start_ticks)


class Sample(Record, frozen=True, kw_only=True):
    """The figures of one process at one sweep; ``cpu_percent`` since the last sweep, in steps of one tick (10 ms)."""

    ppid: Int64
    os_state: str
    cpu_percent: float | None
    rss_bytes: Int64
    threads: Int64
    fds: Int64 | None = None


#: The fields that a sweep fills, as they are of a process that does not run.
NOT_SAMPLED: JsonDict = {name: None for name in Sample.__struct_fields__ if name != "ppid"}


class LaunchSpec(Record, frozen=True, kw_only=True):
    """A process to launch: a ``workload`` of the catalogue with ``params``, or ``module:function`` in ``path``."""

    workload: str | None = None
    params: JsonDict = field(default_factory=dict)
    target: str | None = None
    args: tuple[Any, ...] = ()
    kwargs: JsonDict = field(default_factory=dict)
    path: str | None = None
    name: str | None = None
    start_method: StartMethod | None = None
    daemon: bool | None = None
    auto_start: bool = True
    auto_join: bool | None = None
    grace_s: float | None = None
    restart: RestartPolicy | None = None
    stuck_after_s: float | None = None

    def __post_init__(self) -> None:
        for name in ("params", "args", "kwargs"):
            check_depth(name, getattr(self, name))
