"""What happened: the events that the shell hands to the core.  Pure.

All in one file, as all actions are in `actions`.
"""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from app.protocol.control import Act, AskPool, EndDescendant, Join, SendSignal
from app.protocol.observer import AnyWord
from app.protocol.pool_host import AnyHostWord
from app.protocol.programs import BreakLock, ProgramEnded, ProgramStarted
from app.protocol.reports import AnyReport
from app.records.pool import PoolSpec
from app.records.primitives import JsonDict, Key
from app.records.process import Descendant, Process, Sample, Stuck
from app.records.program import ProgramSpec

FleetCommand: TypeAlias = Act | SendSignal | EndDescendant | Join | AskPool | BreakLock | ProgramStarted | ProgramEnded


class Plan(Struct, frozen=True, kw_only=True):
    """A checked launch: the record as it will first appear (without id), and the job for `procession.child`.

    The host of a pool has a complete ``pool``, the first process of a program a ``program``.
    """

    process: Process
    job: JsonDict
    pool: PoolSpec | None = None
    program: ProgramSpec | None = None


class Launched(Struct, frozen=True):
    """A client launches ``count`` processes, a pool or a program."""

    client: int
    request: int
    by: str
    plan: Plan
    count: int = 1


class Commanded(Struct, frozen=True):
    """A client gives a command to what there is."""

    client: int
    command: FleetCommand


class HostSaid(Struct, frozen=True):
    """The host of a pool sent a word; an answer in the place of a host comes the same way."""

    process: str
    word: AnyHostWord


class HostMessageInvalid(Struct, frozen=True):
    """The host of a pool sent something that is not a word."""

    process: str
    why: str


class ChannelClosed(Struct, frozen=True):
    """The channel to the host of a pool is closed; ``why`` None: the host closed it."""

    process: str
    why: str | None


class Registered(Struct, frozen=True):
    """`procession run`, process ``runner``, is about to run a program; it gets a record and the ``environment``."""

    client: int
    request: int
    by: str
    plan: Plan
    runner: int
    environment: JsonDict


class Heard(Struct, frozen=True):
    """An observed process sent a word about processes; the kernel names the sender."""

    key: Key
    word: AnyWord


class NotSeen(Struct, frozen=True):
    """``count`` words of a process could not be read or sent."""

    key: Key
    count: int


class Watching(Struct, frozen=True):
    """A process is watched; ``key`` None: it is already gone, or does not belong to the program."""

    process: str
    key: Key | None


class ClientGone(Struct, frozen=True):
    """A client has disconnected."""

    client: int


class Spawned(Struct, frozen=True):
    """start() returned."""

    process: str
    key: Key
    ppid: int
    sentinel_fd: int


class NotSpawned(Struct, frozen=True):
    """start() raised in the supervisor; there is no process."""

    process: str
    error: str


class Reported(Struct, frozen=True):
    """A supervised process, or a descendant of it, sent a report."""

    process: str
    report: AnyReport


class Ended(Struct, frozen=True):
    """The pidfd fired.  ``exitcode`` None: unknown.  ``oom_kills``: by how much the kernel's count rose."""

    process: str
    exitcode: int | None
    oom_kills: int = 0


class Reaped(Struct, frozen=True):
    """join() returned: the zombie is gone."""

    process: str


class Remembered(Struct, frozen=True):
    """The tree below a process, without the process itself, was recorded."""

    process: str
    keys: frozenset[Key]


class Remaining(Struct, frozen=True):
    """The remembered tree was looked at: ``keys`` still live, newcomers included, the process itself left out."""

    process: str
    keys: frozenset[Key]


class Looked(Struct, frozen=True):
    """The state letter of a process in /proc was read; None: it is gone."""

    process: str
    os_state: str | None


class Sampled(Struct, frozen=True):
    """A sweep sampled all processes."""

    samples: Mapping[str, Sample]
    descendants: tuple[Descendant, ...]
    log_bytes: Mapping[str, int] = {}


class SentinelSeen(Struct, frozen=True):
    """The sentinel of a dead process was looked at; ``held_by`` keep it from firing."""

    process: str
    ready: bool
    held_by: tuple[int, ...]


class BlockedOn(Struct, frozen=True):
    """It is known what a quiet process, or that ``worker``, is blocked on; ``suspicious``: maybe forever."""

    process: str
    suspicious: bool
    words: str
    worker: int | None = None


class FrameFound(Struct, frozen=True):
    """The line of Python of a stuck process, or of that ``worker``, was found; empty if unknown."""

    process: str
    words: str
    worker: int | None = None


class Judged(Struct, frozen=True):
    """An observed process is stuck, as a finding says, or no longer."""

    process: str
    stuck: Stuck | None


class ForkserverLost(Struct, frozen=True):
    """The forkserver died; its children are now children of the supervisor."""

    pid: int


class StopAll(Struct, frozen=True):
    """Everything must end: each process within its grace period, at most ``within_s``."""

    by: str
    within_s: float | None = None


Happening: TypeAlias = (
    Launched
    | Commanded
    | HostSaid
    | HostMessageInvalid
    | ChannelClosed
    | Registered
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
    | Judged
    | ForkserverLost
    | StopAll
)
