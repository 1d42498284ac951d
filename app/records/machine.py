"""The records of the machine and of the supervisor.  Pure."""

from .primitives import Record


class Host(Record, frozen=True, kw_only=True):
    """The machine.  ``cpu_percent`` is of all cores together."""

    name: str
    cores: int
    cpu_percent: float
    memory_used_bytes: int
    memory_total_bytes: int


class Supervisor(Record, frozen=True, kw_only=True):
    """The supervisor itself.

    ``protected``: pids of Procession's own processes, which it refuses to signal.  ``waiting_for``: ids of the
    processes that a stop of everything waits for.  ``not_shown`` counts records that were dropped.
    """

    pid: int
    started_at: float
    python: str
    forkserver_pid: int | None
    preload_verified: bool | None
    protected: tuple[int, ...]
    stopping: bool = False
    waiting_for: tuple[str, ...] = ()
    cpu_percent: float | None = None
    rss_bytes: int | None = None
    fds: int | None = None
    journal_error: str | None = None
    allow_targets: bool = False
    not_shown: int = 0
