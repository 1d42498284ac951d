"""The records of who waits for whom, and what that means.  Pure."""

from __future__ import annotations

from enum import StrEnum

from .primitives import Record


class FindingKind(StrEnum):
    """What a graph of waits, or a program's history, can mean."""

    DEADLOCK = "deadlock"
    ABANDONED_LOCK = "abandoned-lock"
    JOIN_BEFORE_DRAIN = "join-before-drain"
    POOL_TASK_LOST = "pool-task-lost"
    ZOMBIE = "zombie"
    ORPHAN = "orphan"
    DAEMON_WITH_CHILD = "daemon-with-child"
    START_REFUSED = "start-refused"
    FORK_FROM_THREADS = "fork-from-threads"
    LEAK = "leak"
    BROKEN_BARRIER = "broken-barrier"
    DEAD_SLEEPER = "dead-sleeper"
    SILENT_CLIENT = "silent-client"


class Edge(Record, frozen=True, kw_only=True):
    """``pid`` waits for ``resource`` (or for process ``of``, in a join) since then; ``holders`` could let it go on.

    With neither it waits for a message of its ``holders``, over a pipe or a socket that is nobody's resource.

    ``to``: acquire, get, put, flush (a feeder into a full pipe), recv, send, wait, notify, join, end (of a process, or
    whatever else comes first), answer (of a manager), accept (somebody that connects), connect (to be accepted), greet
    (in accept, a client that says who it is).  ``main``: its main thread waits; ``timed``: it will not wait for ever;
    ``alone``: nor can any other of its threads do anything.  ``certain``: nothing but its holders can let it go on;
    where not, it makes no deadlock.
    """

    pid: int
    resource: str | None
    since: float
    to: str
    of: int | None = None
    holders: tuple[int, ...] = ()
    main: bool = True
    timed: bool = False
    alone: bool = True
    certain: bool = True


class Finding(Record, frozen=True, kw_only=True):
    """Something wrong, in words: what happened, why, and what to do (``cure``)."""

    id: str
    kind: FindingKind
    program: str | None
    text: str
    why: str
    cure: str
    pids: tuple[int, ...] = ()
    resources: tuple[str, ...] = ()
    since: float = 0.0


class Waits(Record, frozen=True, kw_only=True):
    """The waits-for graph of all programs.  A cycle is a tuple of pids and resource ids in turn."""

    edges: tuple[Edge, ...] = ()
    cycles: tuple[tuple[int | str, ...], ...] = ()
    findings: tuple[Finding, ...] = ()
