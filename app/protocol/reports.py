"""What a supervised process reports: datagrams of JSON on its report socket, at most 4 KiB each.  Pure."""

import msgspec
from msgspec import Struct

from app.records.primitives import UNDECODABLE, Int64

MAX_REPORT = 4096


class Report(Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """Base of the reports of a supervised process.  Untrusted: unknown fields and kinds are ignored."""

    pid: Int64


class Booted(Report, frozen=True, kw_only=True, tag="booted"):
    """The target function is about to start.  ``preloaded``: the forkserver had loaded `procession.child`."""

    python: str
    preloaded: bool = False
    stack_signal: Int64 = 0


class Progressed(Report, frozen=True, kw_only=True, tag="progress"):
    """The process called `procession.report(done, total, note)`."""

    done: float
    total: float | None = None
    note: str | None = None
    dropped: Int64 = 0


class Forked(Report, frozen=True, kw_only=True, tag="forked"):
    """A descendant that os.fork() created exists."""


class Raised(Report, frozen=True, kw_only=True, tag="raised"):
    """The target function raised: the last line and the traceback (cut to fit)."""

    error: str
    traceback: str


class FailedToStart(Report, frozen=True, kw_only=True, tag="failed-to-start"):
    """The target function could not be imported, found or called."""

    error: str
    traceback: str


AnyReport = Booted | Progressed | Forked | Raised | FailedToStart

_reports: msgspec.json.Decoder[AnyReport] = msgspec.json.Decoder(AnyReport)


def decode_report(datagram: bytes) -> AnyReport | None:
    """Return the report in a datagram; None for anything else: a user's process may write what it likes."""
    try:
        return _reports.decode(datagram)
    except UNDECODABLE:
        return None
