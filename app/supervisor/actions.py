"""What the loop tells the fleet (events) and what the fleet asks of the loop (actions).

Pure.  `Fleet.handle(event, now)` and `Fleet.tick(now)` return actions; the loop performs them and feeds the outcome
back as further events, so that every decision can be tested without a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from .command import Message
from .messages import AskPool, Join
from .model import Descendant, EventDraft, JsonDict, Process, Sample, Verb
from .observer_words import AnyWord
from .pool_messages import AnyAsk, AnyHostWord
from .pool_model import PoolSpec
from .program_messages import ProgramEnded, ProgramStarted
from .program_model import ProgramSpec
from .reports import AnyReport

#: A process of the OS: (pid, start time in clock ticks since boot).
Key: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Now:
    """One moment: ``mono`` decides, ``wall`` is shown."""

    mono: float
    wall: float


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


# Events


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
    | Joining
    | Asking
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

# Actions


@dataclass(frozen=True)
class Spawn:
    """Make the Process object and start() it; answered by `Spawned` or `NotSpawned`."""

    process: Process
    job: JsonDict


@dataclass(frozen=True)
class SendTo:
    """Send signals to the process itself, in this order."""

    process: str
    signums: tuple[int, ...]


@dataclass(frozen=True)
class Remember:
    """Take the inventory of the tree now; answered by `Remembered`."""

    process: str


@dataclass(frozen=True)
class KillTree:
    """SIGKILL all of ``keys`` and whatever is found below them; answered by `Remaining`."""

    process: str
    keys: frozenset[Key]


@dataclass(frozen=True)
class CheckTree:
    """Look which of ``keys`` live; answered by `Remaining`."""

    process: str
    keys: frozenset[Key]


@dataclass(frozen=True)
class Look:
    """Read the state letter; answered by `Looked`."""

    process: str


@dataclass(frozen=True)
class Reap:
    """join() a process that has ended; answered by `Reaped`."""

    process: str


@dataclass(frozen=True)
class Close:
    """close() the Process object: its fds and its sentinel go."""

    process: str


@dataclass(frozen=True)
class Forget:
    """The record is gone: so go its log and its history."""

    process: str


@dataclass(frozen=True)
class Probe:
    """Read what a quiet process, or a worker of its pool, blocks on; answered by `BlockedOn`."""

    process: str
    worker: Key | None = None


@dataclass(frozen=True)
class FindFrame:
    """Ask a stuck process, or a worker of its pool, for its stack; answered by `FrameFound`."""

    process: str
    worker: Key | None = None


@dataclass(frozen=True)
class AskHost:
    """Say ``ask`` to the host of a pool; refused in its place as "away" where it cannot be said."""

    process: str
    number: int
    ask: AnyAsk


@dataclass(frozen=True)
class Watch:
    """Watch a process that is not our child, ``parent`` being a pid that vouches for it; answered by `Watching`."""

    process: str
    pid: int
    parent: int | None = None


@dataclass(frozen=True)
class WatchRunner:
    """Watch who is to run an attached program: until its command has a pid, this one's end is its end."""

    process: str
    pid: int


@dataclass(frozen=True)
class Note:
    """Write a line into the journal."""

    draft: EventDraft


@dataclass(frozen=True)
class Answer:
    """Send a reply or a refusal to a client."""

    client: int
    message: Message


Action: TypeAlias = (
    Spawn
    | SendTo
    | Remember
    | KillTree
    | CheckTree
    | Look
    | Reap
    | Close
    | Forget
    | Probe
    | FindFrame
    | AskHost
    | Watch
    | WatchRunner
    | Note
    | Answer
)
