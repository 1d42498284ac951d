"""What a supervised process tells the supervisor: datagrams of JSON on its report socket, at most 4 KiB each.  Pure."""

from __future__ import annotations

import msgspec
from msgspec import Struct

MAX_REPORT = 4096


class Report(Struct, frozen=True, kw_only=True, tag=True, tag_field="kind"):
    """Base of what a supervised process tells the supervisor.  Untrusted: unknown fields and kinds are ignored."""

    pid: int


class Booted(Report, frozen=True, kw_only=True, tag="booted"):
    """User code is about to run.  ``preloaded``: the forkserver had `procession.child` loaded already."""

    python: str
    preloaded: bool = False
    stack_signal: int = 0


class Progressed(Report, frozen=True, kw_only=True, tag="progress"):
    """`procession.report(done, total, note)`."""

    done: float
    total: float | None = None
    note: str | None = None
    dropped: int = 0


class Forked(Report, frozen=True, kw_only=True, tag="forked"):
    """A descendant made by os.fork() says that it exists."""


class Raised(Report, frozen=True, kw_only=True, tag="raised"):
    """User code ended by an exception: its last line and its traceback (cut to fit)."""

    error: str
    traceback: str


class FailedToStart(Report, frozen=True, kw_only=True, tag="failed-to-start"):
    """The target could not be imported, found or called: no user code ran."""

    error: str
    traceback: str


AnyReport = Booted | Progressed | Forked | Raised | FailedToStart

_reports: msgspec.json.Decoder[AnyReport] = msgspec.json.Decoder(AnyReport)


def decode_report(datagram: bytes) -> AnyReport | None:
    """None for anything that is not a report: the sender is a user's process and may write what it likes."""
    try:
        return _reports.decode(datagram)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
