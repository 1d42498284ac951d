"""The records of the stream of state: a snapshot and a delta.  Pure; units as in `process`."""

from .event import Event
from .machine import Host, Supervisor
from .pool import Pool
from .primitives import JsonDict, Record
from .process import Descendant, Process
from .program import Program
from .resource import Resource
from .waits import Waits


class Snapshot(Record, frozen=True, kw_only=True):
    """The whole state at one moment; ``events`` are the newest journal lines, oldest first."""

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
    """What changed since ``base``: patches with ``id`` and only the changed fields (all of them for a new record).

    Of the ``workers`` and ``jobs`` of a known pool only the changed rows come (`protocol.rows`).  ``waits`` comes
    whole: a graph is one picture, and small.
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
    """The step from ``base`` to ``seq``; ``removed``: ids of processes, descendants and resources.

    A pool or a program is removed with the process of the same id.
    """

    seq: int
    base: int
    at: float
    changed: Changes
    removed: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
