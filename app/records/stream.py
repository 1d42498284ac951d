"""The records of the stream of state: the whole of it, and a step of it.  Pure; units as in `model`."""

from __future__ import annotations

from .event import Event
from .machine import Host, Supervisor
from .pool import Pool
from .primitives import JsonDict, Record
from .process import Descendant, Process
from .program import Program
from .resource import Resource
from .waits import Waits


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
    programs: tuple[Program, ...] = ()
    resources: tuple[Resource, ...] = ()
    waits: Waits = Waits()


class Changes(Record, frozen=True, kw_only=True):
    """What is new since ``base``: patches with ``id`` and the changed fields only (all of them for a new thing).

    Of the ``workers`` and the ``jobs`` of a pool that is known only the rows come that changed (`rows`).
    ``waits`` comes whole: a graph is one picture, and small.
    """

    processes: tuple[JsonDict, ...] = ()
    descendants: tuple[JsonDict, ...] = ()
    pools: tuple[JsonDict, ...] = ()
    programs: tuple[JsonDict, ...] = ()
    resources: tuple[JsonDict, ...] = ()
    waits: Waits | None = None
    host: Host | None = None
    supervisor: Supervisor | None = None


class Delta(Record, frozen=True, kw_only=True):
    """The step from snapshot ``base`` to ``seq``; ``removed`` are ids of processes, descendants and resources.

    A pool or a program of the same id as a process goes with it.
    """

    seq: int
    base: int
    at: float
    changed: Changes
    removed: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
