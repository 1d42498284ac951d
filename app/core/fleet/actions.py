"""What the loop tells the fleet (events) and what the fleet asks of the loop (actions).

Pure.  `Fleet.handle(event, now)` and `Fleet.tick(now)` return actions; the loop performs them and feeds the outcome
back as further events, so that every decision can be tested without a process.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.protocol.message import Message
from app.protocol.pool_host import AnyAsk
from app.records.event import EventDraft
from app.records.primitives import JsonDict, Key
from app.records.process import Process

# Events


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
