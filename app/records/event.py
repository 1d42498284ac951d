"""A line of the journal.  Pure."""

from .primitives import Record


class Event(Record, frozen=True, kw_only=True):
    """One line of the journal.  ``by`` is operator, viewer, cli, policy, supervisor, or ``process`` for itself.

    ``kind`` is one of: created, started, booted, suspended, resumed, signal, stop, exited, joined, closed, restarted,
    backoff, fatal, lost, orphan, stuck, unstuck, supervisor, forkserver; and of pools: pool, job,
    worker-lost, worker-ended, asked; and of programs: program, finding.
    """

    seq: int
    at: float
    kind: str
    process: str | None
    pid: int | None
    name: str | None
    text: str
    by: str


class EventDraft(Record, frozen=True, kw_only=True):
    """An `Event` before the journal has numbered it."""

    at: float
    kind: str
    text: str
    by: str
    process: str | None = None
    pid: int | None = None
    name: str | None = None


def about_supervisor(at: float, text: str) -> EventDraft:
    """Return a line about the supervisor itself, written by it."""
    return EventDraft(at=at, kind="supervisor", text=text, by="supervisor")
