"""The records of observed programs: what they hold, who waits for what, and what that means.  Pure; units as in
`model`.

A program has the id of its first process.  Each of its processes is a `model.Process` with ``program`` set; those that
the supervisor did not start itself have ``observed`` set: they are watched, and nobody but their parent can join them.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from .model import JsonDict, Record


class ResourceKind(StrEnum):
    """What a multiprocessing program may hold."""

    QUEUE = "queue"
    JOINABLE_QUEUE = "joinable_queue"
    SIMPLE_QUEUE = "simple_queue"
    PIPE = "pipe"
    LOCK = "lock"
    RLOCK = "rlock"
    SEMAPHORE = "semaphore"
    BOUNDED_SEMAPHORE = "bounded_semaphore"
    CONDITION = "condition"
    EVENT = "event"
    BARRIER = "barrier"
    VALUE = "value"
    ARRAY = "array"
    SHARED_MEMORY = "shared_memory"
    MANAGER = "manager"
    POOL = "pool"
    LISTENER = "listener"


class Waiting(Record, frozen=True, kw_only=True):
    """A process that waits for a resource, since when (wall clock, as first seen), and for what: put, get, acquire …"""

    pid: int
    since: float
    to: str


class Resource(Record, frozen=True, kw_only=True):
    """One thing that processes share.  Fields that do not apply to its kind are None; so is what cannot be read.

    ``name`` is its variable and where it was made, e.g. ``jobs (train.py:41)``.  ``users`` are living pids that hold
    it.
    Queues: ``size`` (None for simple queues), ``maxsize`` (0: unbounded), ``unfinished`` (joinable), ``buffered``
    items in
    feeders by pid, ``pipe_bytes`` unread, rates, ``oldest_s`` age of the oldest item.  Pipes: ``pipe_bytes`` per
    direction,
    ``ends`` pids by end.  Locks, semaphores: ``value``, ``maximum``, ``holder`` pid and ``held_s`` (None: nobody, or
    unknown: ``holder_unknown``), ``abandoned`` when the holder is dead.  Semaphores: ``acquired_by`` pids that acquired
    and did not release it, ``lost`` places that such took along when they died.  Condition: ``sleepers``.
    Event: ``flag``.
    Barrier: ``parties``, ``arrived``, ``broken``.  Value and Array: ``typecode``, ``length``, ``values`` (the first
    ones,
    read without their lock).  Shared memory: ``size_bytes``.  Manager: ``address``, ``server``, ``objects``.  Pool:
    ``workers`` pids, ``queued``, ``running`` (pid, what, since), ``done``.  Listener: ``address``, ``connections``.
    What a manager keeps: ``manager``, the id of that.
    """

    id: str
    program: str | None
    kind: ResourceKind
    name: str
    created_by: int
    created_at: float
    users: tuple[int, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    parts: tuple[str, ...] = ()
    part_of: str | None = None
    manager: str | None = None
    size: int | None = None
    maxsize: int | None = None
    unfinished: int | None = None
    buffered: JsonDict | None = None
    pipe_bytes: int | None = None
    pipe_bytes_back: int | None = None
    put_per_s: float | None = None
    get_per_s: float | None = None
    oldest_s: float | None = None
    ends: JsonDict | None = None
    value: int | None = None
    maximum: int | None = None
    holder: int | None = None
    holder_unknown: bool | None = None
    held_s: float | None = None
    abandoned: bool | None = None
    acquired_by: tuple[int, ...] | None = None
    lost: int | None = None
    sleepers: int | None = None
    flag: bool | None = None
    parties: int | None = None
    arrived: int | None = None
    broken: bool | None = None
    typecode: str | None = None
    length: int | None = None
    values: tuple[Any, ...] | None = None
    size_bytes: int | None = None
    address: str | None = None
    server: int | None = None
    objects: int | None = None
    connections: int | None = None
    workers: tuple[int, ...] | None = None
    queued: int | None = None
    running: tuple[JsonDict, ...] | None = None
    done: int | None = None


class Program(Record, frozen=True, kw_only=True):
    """A program under observation.  ``attached`` says that it was started by `procession run`, in its user's terminal.

    ``not_seen`` counts reports that did not fit into its sockets, or could not be read.  ``unobserved``: why none of
    its processes has told of itself, and what to do, in sentences.
    """

    id: str
    name: str
    command: tuple[str, ...]
    cwd: str
    python: str | None = None
    attached: bool = False
    state: str = "running"
    pid: int | None = None
    exitcode: int | None = None
    started_at: float = 0.0
    ended_at: float | None = None
    processes: int = 0
    observed: int = 0
    not_seen: int = 0
    unobserved: str | None = None
    workload: str | None = None
    safe_pool: bool = False


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


class ProgramSpec(Record, frozen=True, kw_only=True):
    """What to run: a ``workload`` of the catalogue of programs with ``params``, or a ``command``.

    ``env`` is added to the supervisor's environment.  ``safe_pool`` puts our Pool in the place of the stdlib's.
    """

    workload: str | None = None
    params: JsonDict = {}  # noqa: RUF012 - msgspec copies it
    command: tuple[str, ...] = ()
    cwd: str | None = None
    env: dict[str, str] = {}  # noqa: RUF012 - msgspec copies it
    name: str | None = None
    safe_pool: bool = False
    track_owners: bool = False
