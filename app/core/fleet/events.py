"""What happened: the events that the shell hands to the core.  Pure.

More than 250 lines, so that all events stand in one file, as all actions do in `actions`.
"""

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

    The host of a pool has a complete ``pool``, the first process of a program a ``program``.
    """

    process: Process
    job: JsonDict
    pool: PoolSpec | None = None
    program: ProgramSpec | None = None


@dataclass(frozen=True)
class Launched:
    """A client launches ``count`` processes, a pool or a program."""

    client: int
    request: int
    by: str
    plan: Plan
    count: int = 1


@dataclass(frozen=True)
class Acted:
    """A client gives a verb to one process."""

    client: int
    request: int
    by: str
    process: str
    verb: Verb
    pid: int | None = None


@dataclass(frozen=True)
class Signalled:
    """A client sends a signal to one process."""

    client: int
    request: int
    by: str
    process: str
    signum: int
    pid: int | None = None


@dataclass(frozen=True)
class DescendantSignalled:
    """A client sends a signal to one descendant."""

    client: int
    request: int
    by: str
    descendant: str
    signum: int


@dataclass(frozen=True)
class Joining:
    """A client joins a process."""

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
    """The host of a pool sent a word; an answer in the place of a host comes the same way."""

    process: str
    word: AnyHostWord


@dataclass(frozen=True)
class HostMessageInvalid:
    """The host of a pool sent something that is not a word."""

    process: str
    why: str


@dataclass(frozen=True)
class ChannelClosed:
    """The channel to the host of a pool is closed; ``why`` None: the host closed it."""

    process: str
    why: str | None


@dataclass(frozen=True)
class Registered:
    """`procession run`, process ``runner``, is about to run a program; it gets a record and the ``environment``."""

    client: int
    request: int
    by: str
    plan: Plan
    runner: int
    environment: JsonDict


@dataclass(frozen=True)
class RunnerSaid:
    """`procession run` reports that its program started or exited."""

    client: int
    command: ProgramStarted | ProgramEnded


@dataclass(frozen=True)
class Heard:
    """An observed process sent a word about processes; the kernel names the sender."""

    key: Key
    word: AnyWord


@dataclass(frozen=True)
class NotSeen:
    """``count`` words of a process could not be read or sent."""

    key: Key
    count: int


@dataclass(frozen=True)
class Watching:
    """A process is watched; ``key`` None: it is already gone, or does not belong to the program."""

    process: str
    key: Key | None


@dataclass(frozen=True)
class ClientGone:
    """A client has disconnected."""

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
    """start() raised in the supervisor; there is no process."""

    process: str
    error: str


@dataclass(frozen=True)
class Reported:
    """A supervised process, or a descendant of it, sent a report."""

    process: str
    report: AnyReport


@dataclass(frozen=True)
class Ended:
    """The pidfd fired.  ``exitcode`` None: unknown.  ``oom_kills``: by how much the kernel's count rose."""

    process: str
    exitcode: int | None
    oom_kills: int = 0


@dataclass(frozen=True)
class Reaped:
    """join() returned: the zombie is gone."""

    process: str


@dataclass(frozen=True)
class Remembered:
    """The tree below a process, without the process itself, was recorded."""

    process: str
    keys: frozenset[Key]


@dataclass(frozen=True)
class Remaining:
    """The remembered tree was looked at: ``keys`` still live, newcomers included, the process itself left out."""

    process: str
    keys: frozenset[Key]


@dataclass(frozen=True)
class Looked:
    """The state letter of a process in /proc was read; None: it is gone."""

    process: str
    os_state: str | None


@dataclass(frozen=True)
class Sampled:
    """A sweep sampled all processes."""

    samples: Mapping[str, Sample]
    descendants: tuple[Descendant, ...]
    log_bytes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SentinelSeen:
    """The sentinel of a dead process was looked at; ``held_by`` keep it from firing."""

    process: str
    ready: bool
    held_by: tuple[int, ...]


@dataclass(frozen=True)
class BlockedOn:
    """It is known what a quiet process, or that ``worker``, is blocked on; ``suspicious``: maybe forever."""

    process: str
    suspicious: bool
    words: str
    worker: int | None = None


@dataclass(frozen=True)
class FrameFound:
    """The line of Python of a stuck process, or of that ``worker``, was found; empty if unknown."""

    process: str
    words: str
    worker: int | None = None


@dataclass(frozen=True)
class ForkserverLost:
    """The forkserver died; its children are now children of the supervisor."""

    pid: int


@dataclass(frozen=True)
class StopAll:
    """Everything must end: each process within its grace period, at most ``within_s``."""

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
    | HostMessageInvalid
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
