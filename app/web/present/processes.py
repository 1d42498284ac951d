"""Records as JSON: the wire contract of both HTTP answers and Socket.IO messages.

The supervisor sends records that are ready for the browser; this adds what depends on the time of the request.  The
names of the classes are the names of the schemas in the OpenAPI document.
"""

from collections.abc import Iterable

from app.protocol.delta import Mirror
from app.records import process as model
from app.records import stream
from app.records.primitives import JsonDict, Record


class Process(model.Process, frozen=True, kw_only=True):
    """A process in an answer.

    ``uptime_s`` is how long it has run, or had run when it ended.  Deltas do not have it: compute it from
    ``start_time``.
    """

    uptime_s: float | None = None


class Snapshot(stream.Snapshot, frozen=True, kw_only=True):
    """The whole state at one moment."""

    processes: tuple[Process, ...]


class Processes(Record, frozen=True, kw_only=True):
    """A list of processes."""

    processes: tuple[Process, ...]


class ActionResult(Record, frozen=True, kw_only=True):
    """The result of one of many actions: the HTTP status that it would have had alone."""

    id: str
    status: int
    detail: str | None = None


class ActionResults(Record, frozen=True, kw_only=True):
    """The results of many actions, in the order of the request."""

    results: tuple[ActionResult, ...]


class LogPart(Record, frozen=True, kw_only=True):
    """A part of a log: the bytes from ``offset`` to ``next`` of ``size``.

    ``offset`` is later than requested if that part is no longer kept.
    """

    offset: int
    next: int
    size: int
    text: str


class LogMessage(LogPart, frozen=True, kw_only=True):
    """Socket.IO's ``log``: what was appended to the log of a process."""

    id: str


def process(record: JsonDict, now: float) -> JsonDict:
    """Return a process with its uptime; ``now`` is wall clock."""
    return record | {"uptime_s": _uptime_s(record, now)}


def processes(records: Iterable[JsonDict], now: float) -> JsonDict:
    return {"processes": [process(record, now) for record in records]}


def snapshot(state: Mirror) -> JsonDict:
    return state.snapshot() | processes(state.processes.values(), state.at)


def _uptime_s(record: JsonDict, now: float) -> float | None:
    started: float | None = record["start_time"]
    ended: float | None = record["exited_at"]
    if started is None:
        return None
    return max(0.0, round((now if ended is None else ended) - started, 3))
