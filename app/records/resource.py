"""The records of what the processes of a program share.  Pure."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from .primitives import JsonDict, Record


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
