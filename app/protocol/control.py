"""Every word on the control socket, and which pipes there are.

Four kinds of them end in the supervisor::

    web, CLI ──Command──▶ control socket ──▶ supervisor        unix stream, frames of `!i` length + JSON, ≤ 1 MiB
             ◀─Reply, Snapshot, Delta────                      likewise, ≤ 32 MiB
    child ────Report────▶ report socket ───▶ supervisor        unix seqpacket, one JSON object each (`reports`)
    host ─────HostWord──▶ channel ─────────▶ supervisor        unix stream as the first (`pool_messages`)
         ◀────HostAsk────
    observed ─Word, fds──▶ observer.sock ──▶ supervisor        unix seqpacket, JSON ≤ 4 KiB (`observer_words`)

Commands carry ``request``, a number that the client chooses and that the reply repeats; and ``by``, who gave it.
Those about programs are in `program_messages`.
JSON and never pickle: nothing that is read here can run code.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from app.records.errors import ProcessionError
from app.records.pool import PoolSpec
from app.records.process import LaunchSpec, Verb
from app.records.stream import Delta, Snapshot

from .message import Command, Message
from .pool_host import AnyAsk
from .programs import AnyProgramCommand

MAX_FRAME = 1024 * 1024
# A snapshot of 2,000 processes with 2,000 descendants is 2.1 MB; long arguments make it more.
MAX_ANSWER = 32 * 1024 * 1024


class Subscribe(Command, frozen=True, kw_only=True):
    """Answered by a `Snapshot`, then by every `Delta`; sent again, it is a resync: a fresh `Snapshot`."""


class Launch(Command, frozen=True, kw_only=True):
    """Create ``count`` processes and start them where ``auto_start``.  Replies ``{"processes": [Process, …]}``."""

    spec: LaunchSpec
    count: int = 1


class Act(Command, frozen=True, kw_only=True):
    """Do ``verb`` to a process.  With ``pid`` it is refused unless that is still its pid.  Replies the `Process`."""

    process: str
    verb: Verb
    pid: int | None = None


class SendSignal(Command, frozen=True, kw_only=True):
    """Send a signal by name or number, e.g. ``SIGUSR1``.  Replies the `Process`."""

    process: str
    signal: str
    pid: int | None = None


class Join(Command, frozen=True, kw_only=True):
    """Replies ``{"joined": bool, "exitcode": int | None}`` once it ended, or after ``timeout_s`` (None: no limit)."""

    process: str
    timeout_s: float | None = None


class EndDescendant(Command, frozen=True, kw_only=True):
    """Send a signal to a descendant or an orphan, named by `Descendant.id`.  Replies the `Descendant`."""

    descendant: str
    signal: str = "SIGKILL"


class Consequences(Command, frozen=True, kw_only=True):
    """What ``terminate`` or ``kill`` would take along.  Replies ``{"pid", "descendants": [Descendant], "text"}``."""

    process: str
    verb: Verb


class Stack(Command, frozen=True, kw_only=True):
    """Replies ``{"source": "faulthandler" | "py-spy" | "proc", "text": str, "notes": [str]}``; ``pid``: descendant."""

    process: str
    pid: int | None = None


class Inspect(Command, frozen=True, kw_only=True):
    """On-demand details by psutil.  Replies ``{"pss_bytes", "uss_bytes", "open_files", "connections", "environment",
    "cwd", "command", "cpu_affinity", "nice", "limits", "notes"}``; secrets in environment and command are masked."""

    process: str


class History(Command, frozen=True, kw_only=True):
    """Samples of the last ten minutes.  Replies ``{"at": [s], "series": {id: {"cpu_percent": [], "rss_bytes": []}}}``.

    One process with all points, or (``process`` None) all of them with at most ``points`` each.  One that is the host
    of a pool has two more series: ``queued``, the tasks that wait, and ``tasks_per_s``.  Of a resource, by its id, they
    are ``size``, ``pipe_bytes``, ``put_per_s``, ``get_per_s`` and ``value``.
    """

    process: str | None = None
    points: int = 600


class Events(Command, frozen=True, kw_only=True):
    """Journal lines after ``after``, oldest first, at most ``limit``.  Replies ``{"events": [Event], "next": seq}``.

    With ``latest`` true the last ``limit`` lines instead, of those before ``before`` where that is given.  ``kind``,
    ``process`` and ``q`` (in text, name, kind, pid or by) filter.
    """

    after: int = 0
    limit: int = 200
    before: int | None = None
    latest: bool = False
    process: str | None = None
    kind: str | None = None
    q: str | None = None


class Workloads(Command, frozen=True, kw_only=True):
    """Replies the catalogue: ``{"workloads": [{name, title, description, look_at, theme, parameters, defaults}]}``."""


class OpenPool(Command, frozen=True, kw_only=True):
    """Start the host of a new pool.  Replies ``{"pool": Pool}`` as it then stands: opening."""

    spec: PoolSpec


class AskPool(Command, frozen=True, kw_only=True):
    """Ask the host of a pool; replies what it answers (`pool_messages`).

    Refused as "away" where it does not answer within 10 s (`JoinPool`: its own time and 2 s).
    """

    pool: str
    ask: AnyAsk


class PoolFunctions(Command, frozen=True, kw_only=True):
    """Replies the catalogue of pool functions: ``{"functions": [{name, title, description, look_at, target,
    parameters, example}]}``."""


class Reply(Message, frozen=True, kw_only=True):
    """The answer to ``request``; ``result`` is JSON as the command's docstring says."""

    request: int
    result: Raw


class Refused(Message, frozen=True, kw_only=True):
    """The refusal of ``request``: ``kind`` as in `errors`, ``detail`` for people, ``field`` where one is wrong."""

    request: int
    kind: str
    detail: str
    field: str | None = None


class SnapshotMessage(Message, frozen=True, kw_only=True, tag="Snapshot"):
    """The whole state; ``request`` is that of the `Subscribe` (None: the supervisor resyncs us by itself)."""

    snapshot: Snapshot
    request: int | None = None


class DeltaMessage(Message, frozen=True, kw_only=True, tag="Delta"):
    """One step of the stream."""

    delta: Delta


AnyCommand = (
    Subscribe
    | Launch
    | Act
    | SendSignal
    | Join
    | EndDescendant
    | Consequences
    | Stack
    | Inspect
    | History
    | Events
    | Workloads
    | OpenPool
    | AskPool
    | PoolFunctions
    | AnyProgramCommand
)
AnyAnswer = Reply | Refused | SnapshotMessage | DeltaMessage


_encoder = msgspec.json.Encoder()
_commands: msgspec.json.Decoder[AnyCommand] = msgspec.json.Decoder(AnyCommand)
_answers: msgspec.json.Decoder[AnyAnswer] = msgspec.json.Decoder(AnyAnswer)


def encode(message: Message) -> bytes:
    """The JSON of one control message, without its frame."""
    return _encoder.encode(message)


def decode_command(frame: bytes) -> AnyCommand:
    """Raises `msgspec.DecodeError` (`ValidationError` included) for anything that is not a command."""
    return _commands.decode(frame)


def decode_answer(frame: bytes) -> AnyAnswer:
    """Raises `msgspec.DecodeError` for anything that is not an answer."""
    return _answers.decode(frame)


def reply(request: int, result: Any) -> Reply:
    """A `Reply` around any JSON-able result."""
    return Reply(request=request, result=Raw(_encoder.encode(result)))


def refuse(request: int, error: ProcessionError) -> Refused:
    """The `Refused` that tells ``error``."""
    return Refused(request=request, kind=error.kind, detail=str(error), field=getattr(error, "field", None))
