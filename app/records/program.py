"""The records of observed programs.  Pure; units as in `process`.

A program has the id of its first process.  Each of its processes is a `Process` with ``program`` set; those that the
supervisor did not start itself have ``observed`` set: they are watched, and only their parent can join them.
"""

from msgspec import field

from .primitives import Int64, JsonDict, Record, check_depth


class Program(Record, frozen=True, kw_only=True):
    """A program under observation.  ``attached``: `procession run` started it in its user's terminal.

    ``not_seen`` counts reports that did not fit into its sockets or could not be read.  ``unobserved``: in sentences,
    why none of its processes has reported, and what to do.
    """

    id: str
    name: str
    command: tuple[str, ...]
    cwd: str
    python: str | None = None
    attached: bool = False
    state: str = "running"
    pid: Int64 | None = None
    exitcode: Int64 | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    processes: Int64 = 0
    observed: Int64 = 0
    not_seen: Int64 = 0
    unobserved: str | None = None
    workload: str | None = None
    safe_pool: bool = False


class ProgramSpec(Record, frozen=True, kw_only=True):
    """A program to run: a ``workload`` of the catalogue of programs with ``params``, or a ``command``.

    ``env`` is added to the supervisor's environment.  ``safe_pool`` replaces the standard Pool by `procession.Pool`.
    """

    workload: str | None = None
    params: JsonDict = field(default_factory=dict)
    command: tuple[str, ...] = ()
    cwd: str | None = None
    env: dict[str, str] = field(default_factory=dict)
    name: str | None = None
    safe_pool: bool = False
    track_owners: bool = False

    def __post_init__(self) -> None:
        check_depth("params", self.params)
