"""Every message on the control socket.

The supervisor reads four kinds of pipes::

    web, CLI ──Command──▶ control socket ──▶ supervisor        unix stream, frames of `!i` length + JSON, ≤ 1 MiB
             ◀─Reply, Snapshot, Delta────                      likewise, ≤ 32 MiB
    child ────Report────▶ report socket ───▶ supervisor        unix seqpacket, one JSON object each (`reports`)
    host ─────HostWord──▶ channel ─────────▶ supervisor        unix stream as the first (`pool_host`)
         ◀────HostAsk────
    observed ─Word, fds──▶ observer.sock ──▶ supervisor        unix seqpacket, JSON ≤ 4 KiB (`observer`)

Commands carry ``request``, a number that the client chooses and the reply repeats, and ``by``, the user who gave it.
The commands about programs are in `programs`.  JSON and never pickle: nothing that is read here can run code.
"""

from typing import Any

import msgspec
from msgspec import Raw

from app.records.errors import ProcessionError
from app.records.pool import PoolSpec
from app.records.primitives import Int64
from app.records.process import LaunchSpec
from app.records.stream import Delta, Snapshot
from app.records.verbs import Verb

from .message import Command, Message
from .pool_host import AnyAsk
from .programs import AnyProgramCommand

MAX_FRAME = 1024 * 1024
# A snapshot of 2,000 processes with 2,000 descendants is 2.1 MB; long arguments make it more.
MAX_ANSWER = 32 * 1024 * 1024


class Subscribe(Command, frozen=True, kw_only=True):
    """Subscribe to the stream: a `Snapshot`, then every `Delta`.  Sent again, it gets a fresh `Snapshot`."""


class Launch(Command, frozen=True, kw_only=True):
    """Create ``count`` processes and start them where ``auto_start``.  Replies ``{"processes": [Process, …]}``."""

    spec: LaunchSpec
    count: Int64 = 1


class Act(Command, frozen=True, kw_only=True):
    """Do ``verb`` to a process.  With ``pid`` it is refused unless that is still its pid.  Replies the `Process`."""

    process: str
    verb: Verb
    pid: Int64 | None = None


class SendSignal(Command, frozen=True, kw_only=True):
    """Send a signal by name or number, e.g. ``SIGUSR1``.  Replies the `Process`."""

    process: str
    signal: str
    pid: Int64 | None = None


class Join(Command, frozen=True, kw_only=True):
    """Wait until a process has exited, at most ``timeout_s``.  Replies ``{"joined": bool, "exitcode": int | None}``."""

    process: str
    timeout_s: float | None = None


class EndDescendant(Command, frozen=True, kw_only=True):
    """Send a signal to a descendant or an orphan, named by `Descendant.id`.  Replies the `Descendant`."""

    descendant: str
    signal: str = "SIGKILL"


class Consequences(Command, frozen=True, kw_only=True):
    """Ask what ``terminate`` or ``kill`` would affect.  Replies ``{"pid", "descendants": [Descendant], "text"}``."""

    process: str
    verb: Verb


class Stack(Command, frozen=True, kw_only=True):
    """Read the stack of a process, or of its descendant ``pid``.

    Replies ``{"source": "faulthandler" | "py-spy" | "proc", "text": str, "notes": [str]}``.
    """

    process: str
    pid: Int64 | None = None


class Inspect(Command, frozen=True, kw_only=True):
    """Read details by psutil.  Replies ``{"pss_bytes", "uss_bytes", "open_files", "connections", "environment", "cwd",
    "command", "cpu_affinity", "nice", "limits", "notes"}``; secrets in environment and command are masked."""

    process: str


class History(Command, frozen=True, kw_only=True):
    """Read the samples of the last ten minutes.

    Replies ``{"at": [s], "series": {id: {"cpu_percent": [], "rss_bytes": []}}}``.

    With ``process`` None, of all processes; each series has at most ``points``.  The host of a pool has two more
    series: ``queued``, the tasks that wait, and ``tasks_per_s``.  A resource, by its id, has ``size``, ``pipe_bytes``,
    ``put_per_s``, ``get_per_s``, ``value`` and ``waiting``.
    """

    process: str | None = None
    points: Int64 = 600


class Events(Command, frozen=True, kw_only=True):
    """Read journal lines after ``after``, oldest first, at most ``limit``.

    Replies ``{"events": [Event], "next": seq}``.

    With ``latest``, the last ``limit`` lines instead, before ``before`` if given.  ``kind``, ``process`` and ``q`` (in
    text, name, kind, pid or by) filter.
    """

    after: Int64 = 0
    limit: Int64 = 200
    before: Int64 | None = None
    latest: bool = False
    process: str | None = None
    kind: str | None = None
    q: str | None = None


class Workloads(Command, frozen=True, kw_only=True):
    """Read the catalogue.  Replies ``{"workloads": [{name, title, description, look_at, theme, parameters,
    defaults}]}``."""


class OpenPool(Command, frozen=True, kw_only=True):
    """Start the host of a new pool.  Replies ``{"pool": Pool}``, in state opening."""

    spec: PoolSpec


class AskPool(Command, frozen=True, kw_only=True):
    """Ask the host of a pool; replies what it answers (`pool_host`).

    Refused as "away" if it does not answer within 10 s (`JoinPool`: within its timeout and 2 s).
    """

    pool: str
    ask: AnyAsk


class PoolFunctions(Command, frozen=True, kw_only=True):
    """Read the catalogue of pool functions.  Replies ``{"functions": [{name, title, description, look_at, target,
    parameters, example}]}``."""


class Reply(Message, frozen=True, kw_only=True):
    """The answer to ``request``; ``result`` is the JSON that the docstring of the command describes."""

    request: Int64
    result: Raw


class Refused(Message, frozen=True, kw_only=True):
    """The refusal of ``request``: ``kind`` as in `errors`, ``detail`` for users, ``field`` if one is wrong."""

    request: Int64
    kind: str
    detail: str
    field: str | None = None


class SnapshotMessage(Message, frozen=True, kw_only=True, tag="Snapshot"):
    """The whole state; ``request`` is that of the `Subscribe` (None: the supervisor resyncs the client)."""

    snapshot: Snapshot
    request: Int64 | None = None


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
    """Return the JSON of one control message, without its frame."""
    return _encoder.encode(message)


def decode_command(frame: bytes) -> AnyCommand:
    """Return the command in a frame; raises `msgspec.DecodeError` (`ValidationError` included) for anything else."""
    return _commands.decode(frame)


def decode_answer(frame: bytes) -> AnyAnswer:
    """Return the answer in a frame; raises `msgspec.DecodeError` for anything else."""
    return _answers.decode(frame)


def reply(request: int, result: Any) -> Reply:
    """Return a `Reply` with any JSON-able result."""
    return Reply(request=request, result=Raw(_encoder.encode(result)))


def refuse(request: int, error: ProcessionError) -> Refused:
    return Refused(request=request, kind=error.kind, detail=str(error), field=getattr(error, "field", None))
