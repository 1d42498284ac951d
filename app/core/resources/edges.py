"""The edges of the wait graph, since when each wait lasts, and the ``waiting`` of each resource.  Pure.

``holders`` are the processes that can end a wait, chosen carefully: for a lock its holder, for anything that is
received all that can send it.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from app.records.primitives import Int64
from app.records.resource import ResourceKind, Waiting
from app.records.wait_words import words
from app.records.waits import Edge

from .book import Book
from .reading import Reading
from .thing import Thing

_Name = tuple[int, str | None, int | None, str]
_RECEIVES = frozenset({"get", "recv"})
_SENDS = frozenset({"put", "flush", "send"})
#: A process that is being stopped is in no call for a moment.
_MISSED_S = 1.0
#: The first looks of a new supervisor may not reach every process.
_INHERITED_S = 30.0
_OTHER_END = {"a": "b", "b": "a"}


class Blocked(NamedTuple):
    """A thread of ``pid`` waits for ``thing``, at its part ``at``; or, in a join, for process ``of``.

    ``alone``: all its other threads wait too.  ``token`` stays the same during one wait; ``since``: when that began, if
    reported.  ``holders``: if already known; ``tid``: the thread; ``certain`` as in `Edge`.
    """

    pid: int
    thing: Thing | None
    at: Thing | None
    to: str
    main: bool
    timed: bool
    of: int | None = None
    since: float | None = None
    alone: bool = True
    token: int = 0
    holders: tuple[int, ...] | None = None
    tid: int = 0
    certain: bool = True


class _Start(NamedTuple):
    """The beginning of a wait: first seen ``since``, last seen ``at``, both of the wall clock."""

    since: float
    token: int
    at: float


class LastingWait(NamedTuple):
    """A wait that lasts ``since`` then, by the wall clock; another ``token`` means another wait."""

    resource: str | None
    of: Int64 | None
    to: str
    since: float
    token: Int64


class Edges(Struct):
    """All edges, and since when each wait lasts."""

    book: Book
    #: By key of an exhausted semaphore, the processes that acquired it.
    semaphore_holders: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    #: The threads of each process that do not wait for another one of it.
    active: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    _starts: dict[_Name, _Start] = field(default_factory=dict)
    _free: dict[str, frozenset[int]] = field(default_factory=dict)
    _only_inherited: dict[str, frozenset[int]] = field(default_factory=dict)

    def look(self, found: Iterable[Blocked], wall: float, wall_of_mono: float) -> None:
        """Replace the edges by what was seen at this moment."""
        self._free, self._only_inherited = {}, {}
        chosen: dict[_Name, Blocked] = {}
        for one in found:
            name = (one.pid, one.thing.id if one.thing else None, one.of, one.to)
            # One edge for all threads of a process; the wait of the main thread counts most.
            if name not in chosen or (one.main and not chosen[name].main):
                chosen[name] = one
        starts = {name: self._start(name, one, wall) for name, one in chosen.items()}
        missed = {name: start for name, start in self._starts.items() if wall - start.at < _MISSED_S}
        self._starts = {**missed, **starts}
        reported = {name: one.since + wall_of_mono for name, one in chosen.items() if one.since is not None}
        since = {name: reported.get(name, start.since) for name, start in starts.items()}
        self.edges = tuple(self._edge(one, since[name]) for name, one in chosen.items())
        self._note_waiting(chosen, since)

    def lasting(self, seconds: float) -> dict[int, list[LastingWait]]:
        """Return by pid the waits that have lasted for so long."""
        found: dict[int, list[LastingWait]] = {}
        for (pid, resource, of, to), start in self._starts.items():
            if start.at - start.since >= seconds:
                found.setdefault(pid, []).append(LastingWait(resource, of, to, start.since, start.token))
        return found

    def take_over(self, pid: int, waits: Iterable[LastingWait], wall: float) -> None:
        """Take the waits of a process over from the previous supervisor; each may be another wait by now."""
        until = wall + _INHERITED_S
        self._starts |= {(pid, one.resource, one.of, one.to): _Start(one.since, one.token, until) for one in waits}

    def _start(self, name: _Name, one: Blocked, wall: float) -> _Start:
        before = self._starts.get(name)
        since = before.since if before and before.token == one.token else wall
        return _Start(since, one.token, wall)

    def _edge(self, one: Blocked, since: float) -> Edge:
        holders = self._holders(one)
        return Edge(
            pid=one.pid,
            resource=one.thing.id if one.thing else None,
            since=since,
            to=one.to,
            of=one.of,
            holders=holders,
            main=one.main,
            tid=0 if one.main else one.tid,
            thread="" if one.main else self.book.reach.names.get(one.pid, {}).get(one.tid, ""),
            holder_tid=self._holder_tid(one),
            timed=one.timed,
            alone=one.alone,
            otherwise=self._may_end_otherwise(holders, one),
            certain=one.certain,
        )

    def _holders(self, one: Blocked) -> tuple[int, ...]:
        at = one.at
        if one.of is not None:
            return (one.of,)
        if one.holders is not None or at is None:
            return one.holders or ()
        reading = at.reading
        if at.kind in {ResourceKind.LOCK, ResourceKind.RLOCK} and one.to not in {"wait", "notify"}:
            return self._lock_holders(at, reading, one.pid)
        if one.to == "acquire" and (holders := self.semaphore_holders.get(at.key)):
            return holders
        able = self._able(at, reading, one)
        others = tuple(sorted(able - {one.pid}))
        # If only the process itself has the other end, it alone can end its wait.
        return others or ((one.pid,) if one.pid in able else ())

    def _may_end_otherwise(self, holders: tuple[int, ...], one: Blocked) -> bool:
        """Return whether a holder could end the wait while its main thread, or the one that waits, is blocked."""
        if one.of is not None or one.to == "acquire":
            return False
        if one.thing is None or one.pid in holders:
            return any(self._may_while_blocked(pid, one.thing, one.tid if pid == one.pid else pid) for pid in holders)
        return not self._free_users(one.thing).isdisjoint(holders)

    def _may_while_blocked(self, pid: int, thing: Thing | None, blocked: int) -> bool:
        """Return whether a handler of a signal, or a thread that is not ``blocked``, can use a thing."""
        if self.book.can_use_in_handler(pid, thing):
            return True
        others = (tid for tid in self.active.get(pid, ()) if tid != blocked)
        return any(thing is None or self.book.can_use(pid, thing, tid) for tid in others)

    def _free_users(self, thing: Thing) -> frozenset[int]:
        """Return the users of a thing that can use it while their main thread is blocked; worked out once a look."""
        if (found := self._free.get(thing.key)) is None:
            found = frozenset(pid for pid in thing.users if self._may_while_blocked(pid, thing, pid))
            self._free[thing.key] = found
        return found

    def _bystanders(self, thing: Thing) -> frozenset[int]:
        """Return the users of a thing whose code cannot use it; worked out once a look."""
        if (found := self._only_inherited.get(thing.key)) is None:
            found = frozenset(pid for pid in thing.users if not self.book.can_use(pid, thing))
            self._only_inherited[thing.key] = found
        return found

    def _holder_tid(self, one: Blocked) -> int:
        is_lock = one.at and one.at.kind in {ResourceKind.LOCK, ResourceKind.RLOCK}
        return one.at.reading.holding.tid if one.at and is_lock and one.to == "acquire" else 0

    def _lock_holders(self, at: Thing, reading: Reading, pid: int) -> tuple[int, ...]:
        holding = reading.holding
        if holding.abandoned:
            return ()
        if holding.holder is not None:
            return (holding.holder,)
        return tuple(sorted(at.users.keys() - self._bystanders(at) - {pid}))

    def _able(self, at: Thing, reading: Reading, one: Blocked) -> set[int]:
        """Return the processes that can do what is waited for; of a pool only its own, whoever inherited its pipes."""
        able = self._with_the_other_end(at, reading, one)
        pool = one.thing if one.thing and one.thing.kind is ResourceKind.POOL else None
        able = (able & {*pool.workers, pool.created_by} if pool else None) or able
        return able - (self._bystanders(one.thing or at) - {one.pid})

    def _with_the_other_end(self, at: Thing, reading: Reading, one: Blocked) -> set[int]:
        pipe = at if at.inode() and not at.key.startswith("sem:") else self.book.part(one.thing or at, "pipe")
        ends = pipe.reading.ends if pipe else None
        users = set((one.thing or at).users) | set(at.users)
        if not ends or one.to not in _RECEIVES | _SENDS:
            return users
        if "a" in ends or "b" in ends:
            mine = [end for end in _OTHER_END if one.pid in ends.get(end, ())]
            return set(ends.get(_OTHER_END[mine[0]], ())) if len(mine) == 1 else users
        return set(ends.get("write" if one.to in _RECEIVES else "read", ()))

    def _note_waiting(self, chosen: Mapping[_Name, Blocked], since: Mapping[_Name, float]) -> None:
        waiting: dict[str, list[Waiting]] = {}
        for name, one in chosen.items():
            kind = one.thing.kind if one.thing else None
            label = words(one.to, kind).label
            waits = Waiting(pid=one.pid, since=since[name], to=one.to, label=label)
            for thing in self.book.with_wholes(one.at) if one.at else ():
                waiting.setdefault(thing.key, []).append(waits)
        for thing in self.book:
            thing.reading.waiting = tuple(waiting.get(thing.key, ()))
            thing.reading.inherited_by = tuple(sorted(self._bystanders(thing))) if thing.reading.waiting else ()
