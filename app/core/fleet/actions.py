"""What the core asks of the shell.  Pure.

`Deciding.handle(event, now)` and `Deciding.tick(now)` return actions; the loop performs them and feeds the outcome back
as further events, so that every decision can be tested without a process.  An action carries all that it takes to
perform it: whoever performs it does not look back into the fleet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.protocol.message import Message
from app.protocol.pool_host import AnyAsk
from app.protocol.programs import BreakLock
from app.records.event import EventDraft
from app.records.primitives import JsonDict, Key
from app.records.process import Descendant, Process


@dataclass(frozen=True)
class Branch:
    """A part of a ``program``; ``started`` has (parent, child) pids, because a forkserver hides who started whom."""

    program: str
    started: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Tree:
    """All that ends with a process: everything that came from it, or, with ``branch``, its part of a program."""

    process: str
    pid: int | None
    branch: Branch | None = None


@dataclass(frozen=True)
class Spawn:
    """Make the Process object and start() it; answered by `Spawned` or `NotSpawned`."""

    process: Process
    job: JsonDict


@dataclass(frozen=True)
class SendTo:
    """Send signals to the process itself, in this order; ``observed``: it is no child of ours."""

    process: str
    signums: tuple[int, ...]
    observed: bool = False


@dataclass(frozen=True)
class SignalDescendant:
    """Send a signal to a descendant, write it into the journal and answer with its record, or refuse: it is gone."""

    client: int
    request: int
    by: str
    descendant: Descendant
    signum: int


@dataclass(frozen=True)
class ReleaseLock:
    """Release a lock whose holder is dead, write it into the journal and answer, or refuse."""

    client: int
    command: BreakLock


@dataclass(frozen=True)
class Remember:
    """Take the inventory of the tree now; answered by `Remembered`."""

    tree: Tree


@dataclass(frozen=True)
class KillTree:
    """SIGKILL all of ``keys`` and whatever is found below them; answered by `Remaining`."""

    tree: Tree
    keys: frozenset[Key]


@dataclass(frozen=True)
class CheckTree:
    """Look which of ``keys`` live, and who else of the tree; answered by `Remaining`."""

    tree: Tree
    keys: frozenset[Key]


@dataclass(frozen=True)
class Look:
    """Read the state letter; answered by `Looked`."""

    process: str
    key: Key


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
    """Read what a quiet process, or a ``worker`` of its pool, blocks on; answered by `BlockedOn`."""

    process: str
    key: Key
    worker: bool = False


@dataclass(frozen=True)
class FindFrame:
    """Ask a stuck process, or a ``worker`` of its pool, for its stack; answered by `FrameFound`."""

    process: str
    key: Key
    worker: bool = False


@dataclass(frozen=True)
class AskHost:
    """Say ``ask`` to the host of a pool; refused in its place as "away" where it cannot be said."""

    process: str
    number: int
    ask: AnyAsk


@dataclass(frozen=True)
class Watch:
    """Watch a process of a program, which is not our child; answered by `Watching`.

    ``parent`` is a pid that vouches for it; ``attached``: the program is one of a terminal.
    """

    process: str
    pid: int
    program: str
    attached: bool
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
    | SignalDescendant
    | ReleaseLock
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
