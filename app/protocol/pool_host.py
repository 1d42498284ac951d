"""Every message between clients, the supervisor and the hosts of pools.  Pure; `control` lists the pipes.

The supervisor is a relay: it passes the `Ask` of a client on to the host's channel, a unix stream with frames of `!i`
length + JSON, and the host's answer back to the client::

    web, CLI ────AskPool────▶ supervisor ──HostAsk──▶ host          journalled with its user, limited by a deadline
             ◀───Reply──────             ◀─HostReply─┘
    snapshot, delta ◀─────── Pool ◀──HostState── host               at most every 250 ms, only what changed
"""

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from app.records.pool import Job, JobDetail, JobSpec, PoolState, PoolWorker, WorkerVerb
from app.records.primitives import Int64, check_depth

MAX_ASK = 1024 * 1024
MAX_WORD = 4 * 1024 * 1024


class Ask(Struct, frozen=True, kw_only=True, tag=True, tag_field="type", forbid_unknown_fields=True):
    """Base of the requests to a host."""


class Submit(Ask, frozen=True, kw_only=True):
    """Run a job.  Answered at once by the `Job`, whatever the method: apply and map do not block the client."""

    spec: JobSpec
    by: str = "operator"


class Resize(Ask, frozen=True, kw_only=True):
    """Change the number of workers; surplus ones finish their task.  Answered by the `Pool` fields."""

    processes: Int64


class Close(Ask, frozen=True, kw_only=True):
    """Accept no more jobs; the workers exit when all are done.  Answered at once."""


class Terminate(Ask, frozen=True, kw_only=True):
    """End the workers now: running tasks are lost, waiting ones never start.  Answered when they are gone."""


class JoinPool(Ask, frozen=True, kw_only=True):
    """Wait until all workers have exited, after close or terminate.

    Answered ``{"joined": bool}`` after at most ``timeout_s``.
    """

    timeout_s: float | None = None


class AgreedTask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The task that the user agreed to lose, as in `PoolTask`."""

    job: Int64 | None
    index: Int64


class ActOnWorker(Ask, frozen=True, kw_only=True):
    """Do ``verb`` to the worker ``pid``; refused if ``task`` is given and the worker has another one (None: has one).

    terminate and kill are answered when it has exited, or after 5 s: ``{"pid", "ended": bool, "exitcode", "cause",
    "task": PoolTask | None, "outcome": "lost" | "retried" | None, "returned": int, "text"}``, where ``text`` is a
    sentence on what it cost.  The other verbs are answered by ``{"pid", "text"}``.
    """

    pid: Int64
    verb: WorkerVerb
    task: AgreedTask | UnsetType | None = UNSET


class ReadJob(Ask, frozen=True, kw_only=True):
    """Read a job.  Answered by the `JobDetail`."""

    job: Int64


AnyAsk = Submit | Resize | Close | Terminate | JoinPool | ActOnWorker | ReadJob


class HostAsk(Struct, frozen=True, kw_only=True, tag="ask", tag_field="kind"):
    """Supervisor to host: a request; the answer repeats ``number``."""

    number: Int64
    ask: AnyAsk


class HostReply(Struct, frozen=True, kw_only=True, tag="reply", tag_field="kind"):
    """Host to supervisor: the answer to ask ``number``."""

    number: Int64
    result: Any

    def __post_init__(self) -> None:
        check_depth("result", self.result)


class HostRefused(Struct, frozen=True, kw_only=True, tag="refused", tag_field="kind"):
    """Host to supervisor: ask ``number`` is refused; the fields are those of `control.Refused`."""

    number: Int64
    reason: str
    detail: str
    field: str | None = None


class PoolChanges(Struct, frozen=True, kw_only=True):
    """The fields of `Pool` that its host knows; only the changed ones are set."""

    state: PoolState | UnsetType = UNSET
    processes: Int64 | UnsetType = UNSET
    workers: tuple[PoolWorker, ...] | UnsetType = UNSET
    jobs: tuple[Job, ...] | UnsetType = UNSET
    jobs_not_shown: Int64 | UnsetType = UNSET
    queued: Int64 | UnsetType = UNSET
    running: Int64 | UnsetType = UNSET
    done: Int64 | UnsetType = UNSET
    failed: Int64 | UnsetType = UNSET
    lost: Int64 | UnsetType = UNSET
    retried: Int64 | UnsetType = UNSET
    stolen: Int64 | UnsetType = UNSET
    tasks_per_s: float | UnsetType | None = UNSET
    error: str | UnsetType | None = UNSET


class HostState(Struct, frozen=True, kw_only=True, tag="state", tag_field="kind"):
    """Host to supervisor: the state of its pool; the first one has all fields."""

    pool: PoolChanges


class HostNote(Struct, frozen=True, kw_only=True, tag="note", tag_field="kind"):
    """Host to supervisor: a line for the journal; ``event`` becomes its kind."""

    event: Literal["job", "worker-lost", "worker-ended", "pool"]
    text: str
    pid: Int64 | None = None


class HostDetail(Struct, frozen=True, kw_only=True, tag="detail", tag_field="kind"):
    """Host to supervisor: a job, sent as the host ends so that it can still be read; the newest first."""

    detail: JobDetail


AnyHostWord = HostReply | HostRefused | HostState | HostNote | HostDetail

_encoder = msgspec.json.Encoder()
_words: msgspec.json.Decoder[AnyHostWord] = msgspec.json.Decoder(AnyHostWord)


def encode_ask(word: HostAsk) -> bytes:
    """Return the JSON of one request to a host, without its frame."""
    return _encoder.encode(word)


def decode_word(frame: bytes) -> AnyHostWord:
    """Return the message of a host; raises ValueError or RecursionError for anything else: hosts run users' code."""
    return _words.decode(frame)
