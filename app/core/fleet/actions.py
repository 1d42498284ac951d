"""What the core asks of the shell.  Pure.

`Deciding.handle(event, now)` and `Deciding.tick(now)` return actions; the loop performs them and feeds the outcome back
as further events, so that every decision can be tested without a process.  An action carries all that is needed to
perform it: `supervisor.performing` does not look back into the fleet.
"""

from typing import TypeAlias

from msgspec import Struct

from app.protocol.control import EndDescendant
from app.protocol.message import Message
from app.protocol.pool_host import AnyAsk
from app.protocol.programs import BreakLock
from app.records.event import EventDraft
from app.records.primitives import JsonDict, Key
from app.records.process import Descendant, Process


class Branch(Struct, frozen=True):
    """A part of a ``program``; ``started`` has (parent, child) pids: a forkserver hides who called start()."""

    program: str
    started: frozenset[tuple[int, int]]


class Tree(Struct, frozen=True):
    """All processes that end with one: everything that came from it, or with ``branch`` its part of a program."""

    process: str
    pid: int | None
    branch: Branch | None = None


class Spawn(Struct, frozen=True):
    """Create the Process object and start() it; answered by `Spawned` or `NotSpawned`."""

    process: Process
    job: JsonDict


class SendTo(Struct, frozen=True):
    """Send signals to the process itself, in this order; ``observed``: it is not a child of the supervisor."""

    process: str
    signums: tuple[int, ...]
    observed: bool = False


class SignalDescendant(Struct, frozen=True):
    """Send a signal to a descendant, journal it and answer with its record; refuse if it is gone."""

    client: int
    command: EndDescendant
    descendant: Descendant
    signum: int


class ReleaseLock(Struct, frozen=True):
    """Release a lock whose holder is dead, journal it and answer, or refuse."""

    client: int
    command: BreakLock


class Remember(Struct, frozen=True):
    """Take the inventory of the tree now; answered by `Remembered`."""

    tree: Tree


class KillTree(Struct, frozen=True):
    """SIGKILL all of ``keys`` and whatever is found below them; answered by `Remaining`."""

    tree: Tree
    keys: frozenset[Key]


class CheckTree(Struct, frozen=True):
    """Look which of ``keys`` and which others of the tree live; answered by `Remaining`."""

    tree: Tree
    keys: frozenset[Key]


class Look(Struct, frozen=True):
    """Read the state letter; answered by `Looked`."""

    process: str
    key: Key


class Reap(Struct, frozen=True):
    """join() a process that has exited; answered by `Reaped`."""

    process: str


class Close(Struct, frozen=True):
    """close() the Process object, and with it its fds and its sentinel."""

    process: str


class Forget(Struct, frozen=True):
    """Delete the log and the history of a process whose record is gone."""

    process: str


class Probe(Struct, frozen=True):
    """Read what a quiet process, or a ``worker`` of its pool, is blocked on; answered by `BlockedOn`."""

    process: str
    key: Key
    worker: bool = False


class FindFrame(Struct, frozen=True):
    """Ask a stuck process, or a ``worker`` of its pool, for its stack; answered by `FrameFound`."""

    process: str
    key: Key
    worker: bool = False


class AskHost(Struct, frozen=True):
    """Send ``ask`` to the host of a pool; refused as "away" in its place if that is not possible."""

    process: str
    number: int
    ask: AnyAsk


class Watch(Struct, frozen=True):
    """Watch a process of a program that is not a child of the supervisor; answered by `Watching`.

    ``attached``: its program runs in a terminal.
    """

    process: str
    pid: int
    program: str
    attached: bool


class WatchRunner(Struct, frozen=True):
    """Watch the `procession run` of an attached program: if it ends before the command has a pid, the program ends."""

    process: str
    pid: int


class Note(Struct, frozen=True):
    """Write a line into the journal."""

    draft: EventDraft


class Answer(Struct, frozen=True):
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

#: What a decision adds the actions that follow to.
Out: TypeAlias = list[Action]
