"""The records of the resources that the processes of a program share.  Pure."""

from enum import StrEnum
from typing import Any

from .primitives import JsonDict, Record


class ResourceKind(StrEnum):
    """The kinds of resources in a multiprocessing program."""

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
    """A process that waits for a resource: since when (wall clock, as first seen), and in what: put, get, acquire …

    ``label`` is what it does in words: ``in get()``.
    """

    pid: int
    since: float
    to: str
    label: str = ""


class Resource(Record, frozen=True, kw_only=True):
    """One resource that processes share.  Fields that do not apply to its kind, or cannot be read, are None.

    ``kind_label`` is its kind in words: ``managed bounded semaphore``.  ``name`` is its variable and where it was
    created, e.g. ``jobs (train.py:41)``, or what it is within its whole: ``_rlock``; ``title`` is what to show as its
    name, ``jobs`` or ``read lock of jobs``, and ``place`` is ``train.py:41``.  ``figure`` is its state in words:
    ``12 of 50 items``, ``2 of 3 free``, ``held``.  ``users``: living pids that have it;
    ``ended_users``: the last ended ones that could use it; ``inherited_by``, of one that is
    waited for: users by fork whose code cannot use it.  ``manager``: the id of the manager that keeps it.

    - queue: ``size`` (None for a simple queue), ``maxsize`` (0: unbounded), ``unfinished`` (joinable), ``buffered``
      items in feeders by pid, ``pipe_bytes`` unread, rates, ``oldest_s`` age of the oldest item
    - pipe: ``pipe_bytes`` per direction, ``ends``: pids by end
    - lock: ``value``, ``maximum``, ``holder`` pid and ``held_s`` (None: not held, or ``holder_unknown``),
      ``abandoned``: the holder is dead
    - semaphore: also ``acquired_by``: pids that acquired and did not release it, ``lost``: slots that dead ones held,
      ``lost_to``: the dead ones that are known, one for each slot
    - condition: ``sleepers``; event: ``flag``; barrier: ``parties``, ``arrived``, ``broken``
    - value, array: ``typecode``, ``length``, ``values`` (the first ones, read without their lock)
    - shared memory: ``size_bytes``, ``unlinked``: its name is gone while it is mapped
    - manager: ``address``, ``server``, ``objects``
    - pool: ``workers`` pids, ``queued``, ``running`` (pid, what, since), ``done``, the name of its ``initializer``
    - listener: ``address``, ``connections``
    """

    id: str
    program: str | None
    kind: ResourceKind
    kind_label: str = ""
    name: str
    title: str = ""
    place: str = ""
    figure: str = ""
    created_by: int
    created_at: float
    users: tuple[int, ...] = ()
    ended_users: tuple[int, ...] = ()
    inherited_by: tuple[int, ...] = ()
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
    lost_to: tuple[int, ...] | None = None
    sleepers: int | None = None
    flag: bool | None = None
    parties: int | None = None
    arrived: int | None = None
    broken: bool | None = None
    typecode: str | None = None
    length: int | None = None
    values: tuple[Any, ...] | None = None
    size_bytes: int | None = None
    unlinked: bool | None = None
    address: str | None = None
    server: int | None = None
    objects: int | None = None
    connections: int | None = None
    workers: tuple[int, ...] | None = None
    queued: int | None = None
    running: tuple[JsonDict, ...] | None = None
    done: int | None = None
    initializer: str | None = None
