"""Every word between clients, the supervisor and the hosts of pools.  Pure; see `messages` for the pipes.

The supervisor is a relay: a client's command about a pool becomes the `Ask` of the same shape on the host's channel, a
unix stream of its own with frames of `!i` length + JSON, and the host's answer becomes the client's::

    web, CLI ──PoolCommand──▶ supervisor ──HostAsk──▶ host          journalled with its asker, ended by a deadline
             ◀───Reply──────             ◀─HostReply─┘
    snapshot, delta ◀── model ◀──────────  HostState ◀ host         at most every 250 ms, only what changed
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from app.records.pool import Job, JobDetail, JobSpec, PoolState, PoolWorker, WorkerVerb

MAX_ASK = 1024 * 1024
MAX_WORD = 4 * 1024 * 1024


class Ask(Struct, frozen=True, kw_only=True, tag=True, tag_field="type", forbid_unknown_fields=True):
    """Base of what a host can be asked."""


class Submit(Ask, frozen=True, kw_only=True):
    """Run a job.  Answered at once by the `Job`, whatever the method: the host waits where apply or map would."""

    spec: JobSpec
    by: str = "operator"


class Resize(Ask, frozen=True, kw_only=True):
    """Have ``processes`` workers from now on; surplus ones finish their present task.  Answered by the `Pool` facts."""

    processes: int


class Close(Ask, frozen=True, kw_only=True):
    """No more jobs; the workers end when all are done.  Answered at once."""


class Terminate(Ask, frozen=True, kw_only=True):
    """End the workers now; what ran is lost, what waited never starts.  Answered when they have ended."""


class JoinPool(Ask, frozen=True, kw_only=True):
    """Wait for the end after close or terminate.  Answered ``{"joined": bool}`` after at most ``timeout_s``."""

    timeout_s: float | None = None


class AgreedTask(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The task that somebody agreed to lose, as in `PoolTask`."""

    job: int | None
    index: int


class ActOnWorker(Ask, frozen=True, kw_only=True):
    """Do ``verb`` to the worker ``pid``; refused where it has another task than ``task`` (None: than none), if given.
    terminate and kill are answered when it has ended, or after 5 s:
    ``{"pid", "ended": bool, "exitcode", "cause", "task": PoolTask | None, "outcome": "lost" | "retried" | None,
    "returned": int, "text"}``, where ``text`` says in a sentence what it cost; the others by ``{"pid", "text"}``."""

    pid: int
    verb: WorkerVerb
    task: AgreedTask | UnsetType | None = UNSET


class ReadJob(Ask, frozen=True, kw_only=True):
    """Answered by the `JobDetail`."""

    job: int


AnyAsk = Submit | Resize | Close | Terminate | JoinPool | ActOnWorker | ReadJob


class HostAsk(Struct, frozen=True, kw_only=True, tag="ask", tag_field="kind"):
    """Supervisor to host: ``number`` comes back in the answer."""

    number: int
    ask: AnyAsk


class HostReply(Struct, frozen=True, kw_only=True, tag="reply", tag_field="kind"):
    """Host to supervisor: the answer to ask ``number``."""

    number: int
    result: Any


class HostRefused(Struct, frozen=True, kw_only=True, tag="refused", tag_field="kind"):
    """Host to supervisor: ask ``number`` is refused; the fields are those of `messages.Refused`."""

    number: int
    reason: str
    detail: str
    field: str | None = None


class PoolChanges(Struct, frozen=True, kw_only=True):
    """The fields of `pool_model.Pool` that its host knows, each where it changed."""

    state: PoolState | UnsetType = UNSET
    processes: int | UnsetType = UNSET
    workers: tuple[PoolWorker, ...] | UnsetType = UNSET
    jobs: tuple[Job, ...] | UnsetType = UNSET
    jobs_not_shown: int | UnsetType = UNSET
    queued: int | UnsetType = UNSET
    running: int | UnsetType = UNSET
    done: int | UnsetType = UNSET
    failed: int | UnsetType = UNSET
    lost: int | UnsetType = UNSET
    retried: int | UnsetType = UNSET
    stolen: int | UnsetType = UNSET
    tasks_per_s: float | UnsetType | None = UNSET
    error: str | UnsetType | None = UNSET


class HostState(Struct, frozen=True, kw_only=True, tag="state", tag_field="kind"):
    """Host to supervisor: how its pool stands; the first one has all fields."""

    pool: PoolChanges


class HostNote(Struct, frozen=True, kw_only=True, tag="note", tag_field="kind"):
    """Host to supervisor: a line for the journal; ``event`` becomes its kind."""

    event: Literal["job", "worker-lost", "worker-ended", "pool"]
    text: str
    pid: int | None = None


class HostDetail(Struct, frozen=True, kw_only=True, tag="detail", tag_field="kind"):
    """Host to supervisor: its last words, so that a job can be read after the pool's end; the newest first."""

    detail: JobDetail


AnyHostWord = HostReply | HostRefused | HostState | HostNote | HostDetail

_encoder = msgspec.json.Encoder()
_words: msgspec.json.Decoder[AnyHostWord] = msgspec.json.Decoder(AnyHostWord)


def encode_ask(word: HostAsk) -> bytes:
    """The JSON of one word for a host, without its frame."""
    return _encoder.encode(word)


def decode_word(frame: bytes) -> AnyHostWord:
    """Raises ValueError or RecursionError for anything that is no word: users' code runs where it comes from."""
    return _words.decode(frame)
