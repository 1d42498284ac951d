"""The edges of the wait graph, since when each wait lasts, and the ``waiting`` of each resource.  Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from msgspec import Struct, field

from app.records.primitives import Int64
from app.records.resource import Waiting
from app.records.wait_words import words
from app.records.waits import MAIN, Edge, ThreadWait

from .blocked import Blocked
from .book import Book
from .readings import LOCKS
from .unblockers import Unblockers

#: A thread of a process, and what it waits for.
_Name = tuple[int, int, str | None, int | None, str]
#: A process that is being stopped is in no call for a moment.
_MISSED_S = 1.0
#: Waits for a queue that may be for its read or write lock.
_INSIDE = frozenset({"get", "put", "flush"})
_NOT_SHOWN = frozenset({"thread", "output"})
#: The first looks of a new supervisor may not reach every process.
_INHERITED_S = 30.0


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
    tid: Int64 = MAIN


class Edges(Struct):
    """All waits, and since when each lasts; ``edges`` are those to show, one for all threads of a process."""

    book: Book
    unblockers: Unblockers
    waits: tuple[ThreadWait, ...] = ()
    edges: tuple[Edge, ...] = ()
    _starts: dict[_Name, _Start] = field(default_factory=dict)

    def look(self, found: Iterable[Blocked], wall: float, wall_of_mono: float) -> None:
        """Replace the waits by what was seen at this moment."""
        self.unblockers.begin()
        named = {_name(one): one for one in found}
        starts = {name: self._start(name, one, wall) for name, one in named.items()}
        missed = {name: start for name, start in self._starts.items() if wall - start.at < _MISSED_S}
        self._starts = {**missed, **starts}
        reported = {name: one.since + wall_of_mono for name, one in named.items() if one.since is not None}
        since = {name: reported.get(name, start.since) for name, start in starts.items()}
        alarms = {pid for pid, at in self.book.reach.alarms.items() if at + wall_of_mono > wall}
        self.waits = tuple(self._wait(one, since[name], alarms) for name, one in named.items())
        shown = _shown(self.waits)
        self.edges = tuple(shown.values())
        self._note_waiting([one for name, one in named.items() if name in shown], since)

    def lasting(self, seconds: float) -> dict[int, list[LastingWait]]:
        """Return by pid the waits that have lasted for so long."""
        found: dict[int, list[LastingWait]] = {}
        for (pid, tid, resource, of, to), start in self._starts.items():
            if start.at - start.since >= seconds:
                found.setdefault(pid, []).append(LastingWait(resource, of, to, start.since, start.token, tid))
        return found

    def take_over(self, pid: int, waits: Iterable[LastingWait], wall: float) -> None:
        """Take the waits of a process over from the previous supervisor; each may be another wait by now."""
        until = wall + _INHERITED_S
        self._starts |= {
            (pid, one.tid, one.resource, one.of, one.to): _Start(one.since, one.token, until) for one in waits
        }

    def _start(self, name: _Name, one: Blocked, wall: float) -> _Start:
        before = self._starts.get(name)
        since = before.since if before and before.token == one.token else wall
        return _Start(since, one.token, wall)

    def _wait(self, one: Blocked, since: float, alarms: Collection[int]) -> ThreadWait:
        holders = self.unblockers.holders(one)
        edge = Edge(
            pid=one.pid,
            resource=one.thing.id if one.thing else None,
            since=since,
            to=one.to,
            of=one.of,
            holders=holders,
            main=one.main,
            tid=_tid(one),
            thread="" if one.main else self.book.reach.names.get(one.pid, {}).get(one.tid, ""),
            holder_tid=self.unblockers.holder_tid(one),
            timed=one.timed or (one.main and one.pid in alarms),
            alone=one.alone,
            certain=one.certain,
            behind=one.to in _INSIDE and one.at is not None and one.at.kind in LOCKS,
            handled=one.to == "thread" and self.book.reach.handles(one.pid),
        )
        # Also the write lock of a queue, for example, which a put() or a feeder waits for.
        hopeless = one.at is not None and one.at.kind in LOCKS and not holders and one.at.reading.holding.abandoned
        able = self.unblockers.nodes(one, holders)
        apart, idle = self.unblockers.apart(one, able), self.unblockers.idle_users(one)
        traffic = one.thing.reading.traffic if one.thing and one.to == "get" else None
        is_empty = one.thing is not None and self.book.is_empty(one.thing)
        return ThreadWait(
            edge=edge,
            able=able,
            apart=apart,
            idle_users=idle,
            hopeless=hopeless,
            for_first=traffic is not None and traffic.puts == 0,
            never_arrived=max(0, traffic.left) if traffic and is_empty else 0,
        )

    def _note_waiting(self, shown: Iterable[Blocked], since: Mapping[_Name, float]) -> None:
        waiting: dict[str, list[Waiting]] = {}
        for one in shown:
            kind = one.thing.kind if one.thing else None
            label = words(one.to, kind).label
            waits = Waiting(pid=one.pid, since=since[_name(one)], to=one.to, label=label)
            for thing in self.book.with_wholes(one.at) if one.at else ():
                waiting.setdefault(thing.key, []).append(waits)
        for thing in self.book:
            thing.reading.waiting = tuple(waiting.get(thing.key, ()))
            bystanders = self.unblockers.bystanders(thing) if thing.reading.waiting else ()
            thing.reading.inherited_by = tuple(sorted(bystanders))


def _tid(one: Blocked) -> int:
    return MAIN if one.main else one.tid


def _name(one: Blocked) -> _Name:
    return one.pid, _tid(one), one.thing.id if one.thing else None, one.of, one.to


def _shown(waits: Iterable[ThreadWait]) -> dict[_Name, Edge]:
    """Return the edges to show: one for all threads of a process, that of its main thread if it waits, too.

    Waits between threads of one process are not shown, nor for the output of a command, nor what idle threads of
    libraries wait for.
    """
    chosen: dict[tuple[int, str | None, int | None, str], Edge] = {}
    for edge in (one.edge for one in waits):
        if edge.to in _NOT_SHOWN or not (edge.main or edge.resource or edge.to in {"join", "end"}):
            continue
        known = chosen.get(name := (edge.pid, edge.resource, edge.of, edge.to))
        if known is None or (edge.main and not known.main):
            chosen[name] = edge
    return {(edge.pid, edge.tid, edge.resource, edge.of, edge.to): edge for edge in chosen.values()}
