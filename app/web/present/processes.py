"""Records to JSON: the wire contract, for REST answers and Socket.IO messages alike.

What the supervisor sends is already shaped for the browser; this adds what only makes sense at the moment of
asking. The names of the classes are the names of the schemas in the OpenAPI document.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.protocol.delta import Mirror
from app.records import process as model
from app.records import stream
from app.records.primitives import JsonDict, Record


class Process(model.Process, frozen=True, kw_only=True):
    """A process as answers show it.

    ``uptime_s`` is how long it has run, or ran until it ended.  Deltas leave it out: reckon it from
    ``start_time``.
    """

    uptime_s: float | None = None


class Snapshot(stream.Snapshot, frozen=True, kw_only=True):
    """Everything at one moment, with the processes as shown."""

    processes: tuple[Process, ...]


class Processes(Record, frozen=True, kw_only=True):
    """A list of processes, as shown."""

    processes: tuple[Process, ...]


class ActionResult(Record, frozen=True, kw_only=True):
    """What came of one action among many: the status it would have had alone."""

    id: str
    status: int
    detail: str | None = None


class ActionResults(Record, frozen=True, kw_only=True):
    """What came of each, in the order in which they were asked."""

    results: tuple[ActionResult, ...]


class LogPart(Record, frozen=True, kw_only=True):
    """A stretch of a log: bytes ``offset`` to ``next`` of ``size``.

    ``offset`` is later than asked where that is no longer there.
    """

    offset: int
    next: int
    size: int
    text: str


class LogMessage(LogPart, frozen=True, kw_only=True):
    """Socket.IO's ``log``: what was appended to the log of a process."""

    id: str


def process(record: JsonDict, now: float) -> JsonDict:
    """One process; ``now`` is wall clock."""
    return record | {"uptime_s": _uptime_s(record, now)}


def processes(records: Iterable[JsonDict], now: float) -> JsonDict:
    """Several, as `Processes`."""
    return {"processes": [process(record, now) for record in records]}


def snapshot(state: Mirror) -> JsonDict:
    """Everything at one moment, as `Snapshot`."""
    return state.snapshot() | processes(state.processes.values(), state.at)


def _uptime_s(record: JsonDict, now: float) -> float | None:
    started: float | None = record["start_time"]
    ended: float | None = record["exited_at"]
    if started is None:
        return None
    return max(0.0, round((now if ended is None else ended) - started, 3))
