"""The records of the stream of state: the whole of it, and a step of it.  Pure; units as in `model`."""

from __future__ import annotations

from .model import Descendant, Event, Host, JsonDict, Process, Record, Supervisor
from .pool_model import Pool


class Snapshot(Record, frozen=True, kw_only=True):
    """Everything at one moment; ``events`` are the newest journal lines, oldest first."""

    seq: int
    at: float
    host: Host
    supervisor: Supervisor
    processes: tuple[Process, ...]
    descendants: tuple[Descendant, ...]
    events: tuple[Event, ...] = ()
    pools: tuple[Pool, ...] = ()


class Changes(Record, frozen=True, kw_only=True):
    """What is new since ``base``: patches with ``id`` and the changed fields only (all of them for a new thing)."""

    processes: tuple[JsonDict, ...] = ()
    descendants: tuple[JsonDict, ...] = ()
    pools: tuple[JsonDict, ...] = ()
    host: Host | None = None
    supervisor: Supervisor | None = None


class Delta(Record, frozen=True, kw_only=True):
    """The step from snapshot ``base`` to ``seq``; ``removed`` are ids of processes, their pools, and descendants."""

    seq: int
    base: int
    at: float
    changed: Changes
    removed: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
