"""What happened, as the shell tells it to the core.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from app.protocol.control import AskPool, Join
from app.protocol.observer import AnyWord
from app.protocol.pool_host import AnyHostWord
from app.protocol.programs import BreakLock, ProgramEnded, ProgramStarted
from app.protocol.reports import AnyReport
from app.records.pool import PoolSpec
from app.records.primitives import JsonDict, Key
from app.records.process import Descendant, Process, Sample, Verb
from app.records.program import ProgramSpec


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A checked launch: the record as it will first appear (without id), and the job for `procession.child`.

    ``pool`` is what pool to hold, all filled in, where it is the host of one; ``program`` likewise, where it is the
    first process of one.
    """

    process: Process
    job: JsonDict
    pool: PoolSpec | None = None
    program: ProgramSpec | None = None


@dataclass(frozen=True)
class Launched:
    """A checked launch of ``count`` processes; ``client`` waits for the records under ``request``, or for the pool."""

    client: int
    request: int
    by: str
    plan: Plan
    count: int = 1


@dataclass(frozen=True)
class Acted:
    """A verb for one process."""

    client: int
    request: int
    by: str
    process: str
    verb: Verb
    pid: int | None = None


@dataclass(frozen=True)
class Signalled:
    """A signal for one process."""

    client: int
    request: int
    by: str
    process: str
    signum: int
    pid: int | None = None


@dataclass(frozen=True)
class DescendantSignalled:
    """A signal for one descendant."""

    client: int
    request: int
    by: str
    descendant: str
    signum: int


@dataclass(frozen=True)
class Joining:
    """A client waits for an end."""

    client: int
    command: Join


@dataclass(frozen=True)
class Asking:
    """A client asks the host of a pool."""

    client: int
    command: AskPool


@dataclass(frozen=True)
class BreakingLock:
    """A client wants the lock of a dead holder released."""

    client: int
    command: BreakLock


@dataclass(frozen=True)
class HostSaid:
    """The host of a pool said a word; answers that were made up in its place come the same way."""

    process: str
    word: AnyHostWord


@dataclass(frozen=True)
class HostMumbled:
    """The host of a pool said something that is no word."""

    process: str
    why: str


@dataclass(frozen=True)
class ChannelClosed:
    """The channel to the host of a pool is closed; ``why`` None: by the host's end of it."""

    process: str
    why: str | None


@dataclass(frozen=True)
class Registered:
    """Somebody, ``runner``, is about to run a program in a terminal; gets its record and the ``environment``."""

    client: int
    request: int
    by: str
    plan: Plan
    runner: int
    environment: JsonDict


@dataclass(frozen=True)
class RunnerSaid:
    """Who runs an attached program tells of it."""

    client: int
    command: ProgramStarted | ProgramEnded


@dataclass(frozen=True)
class Heard:
    """An observed process said a word about processes; the kernel says who it was."""

    key: Key
    word: AnyWord


@dataclass(frozen=True)
class NotSeen:
    """So many words of a process could not be read, or sent."""

    key: Key
    count: int


@dataclass(frozen=True)
class Watching:
    """A process is watched; ``key`` None: it is gone already, or is none of the program's."""

    process: str
    key: Key | None


@dataclass(frozen=True)
class ClientGone:
    """A client went away; whatever it waited for is forgotten."""

    client: int


@dataclass(frozen=True)
class Spawned:
    """start() returned."""

    process: str
    key: Key
    ppid: int
    sentinel_fd: int


@dataclass(frozen=True)
class NotSpawned:
    """start() failed in the supervisor; there is no process."""

    process: str
    error: str


@dataclass(frozen=True)
class Reported:
    """A supervised process, or a descendant of it, told something."""

    process: str
    report: AnyReport


@dataclass(frozen=True)
class Ended:
    """The pidfd fired.  ``exitcode`` None: it could not be told.  ``oom_kills``: the kernel's count rose by that."""

    process: str
    exitcode: int | None
    oom_kills: int = 0


@dataclass(frozen=True)
class Reaped:
    """join() is done: no zombie is left."""

    process: str


@dataclass(frozen=True)
class Remembered:
    """The tree below a process as it is right now, without the process itself."""

    process: str
    keys: frozenset[Key]


@dataclass(frozen=True)
class Remaining:
    """What of the remembered tree still lives, newcomers included, without the process itself."""

    process: str
    keys: frozenset[Key]


@dataclass(frozen=True)
class Looked:
    """The state letter of a process in /proc, read just now; None where it is gone."""

    process: str
    os_state: str | None


@dataclass(frozen=True)
class Sampled:
    """One sweep over everything."""

    samples: Mapping[str, Sample]
    descendants: tuple[Descendant, ...]
    log_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SentinelSeen:
    """What the sentinel of a dead process shows, and who holds it where it lies."""

    process: str
    ready: bool
    held_by: tuple[int, ...]


@dataclass(frozen=True)
class BlockedOn:
    """What a quiet process, or that ``worker`` of its pool, waits for: ``suspicious`` where it may be for ever."""

    process: str
    suspicious: bool
    words: str
    worker: int | None = None


@dataclass(frozen=True)
class FrameFound:
    """The line of Python that a stuck process, or that ``worker`` of its pool, stands at; empty where unknown."""

    process: str
    words: str
    worker: int | None = None


@dataclass(frozen=True)
class ForkserverLost:
    """The forkserver died; its children live on below the supervisor."""

    pid: int


@dataclass(frozen=True)
class StopAll:
    """Everything must end: each process by its grace, but none later than ``within_s``."""

    by: str
    within_s: float | None = None


Happening: TypeAlias = (
    Launched
    | Acted
    | Signalled
    | DescendantSignalled
    | Joining
    | Asking
    | BreakingLock
    | HostSaid
    | HostMumbled
    | ChannelClosed
    | Registered
    | RunnerSaid
    | Heard
    | NotSeen
    | Watching
    | ClientGone
    | Spawned
    | NotSpawned
    | Reported
    | Ended
    | Reaped
    | Remembered
    | Remaining
    | Looked
    | Sampled
    | SentinelSeen
    | BlockedOn
    | FrameFound
    | ForkserverLost
    | StopAll
)
