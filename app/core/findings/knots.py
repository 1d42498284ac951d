"""The waits-for graph of programs: which processes can never go on by themselves, and the cycles that hold them.  Pure.

An edge says that a process waits for a resource or for another process, and who could let it go on.  Any one of those
is enough: a lock has one holder, but what is waited for from a queue may come from everybody who can put::

    A ──waits for──▶ lock b ──held by──▶ B ──waits for──▶ lock a ──held by──▶ A

A process is *doomed* where all that could let it go on are doomed too (the greatest such set); a cycle alone is not
enough.  Every doomed process leads into a cycle by way of the lowest pid that it waits for, so each knot is found once,
always as the same cycle, in time linear in the number of edges.

Only waits of a main thread without a time limit count; and where something is to be sent, only such of processes that
stand still as a whole: one of their other threads might send it.  A lock is released by the thread that took it, which
is taken to be the main thread.

Who waits for whichever of several things comes first, as in a poll, has an edge for each, and is doomed only where all
of them are in vain.  Where one of those could not be told, the others are not ``certain``, and it is taken to go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from app.records.primitives import Record
from app.records.waits import Edge

Cycle = tuple[int | str, ...]
#: The waits of each main thread: several where it waits for whatever comes first.
Graph = Mapping[int, tuple[Edge, ...]]
Lives = Callable[[int], bool]


class Knot(Record, frozen=True, kw_only=True):
    """A cycle of waits, beginning with its lowest pid; ``behind`` are those that wait for it without being part."""

    edges: tuple[Edge, ...]
    behind: tuple[int, ...] = ()

    @property
    def pids(self) -> tuple[int, ...]:
        """Who waits, in the order of the cycle."""
        return tuple(edge.pid for edge in self.edges)

    @property
    def cycle(self) -> Cycle:
        """Pids and what they wait for, in turn; between a pid and the one that it joins is nothing."""
        return tuple(node for edge in self.edges for node in (edge.pid, edge.resource) if node is not None)


def knots(edges: Iterable[Edge], lives: Lives) -> tuple[Knot, ...]:
    """Every deadlock, once, by the lowest pid of its cycle."""
    doomed = _doomed(list(edges), lives)
    way = {pid: _next(waits, lives) for pid, waits in doomed.items()}
    following = {pid: liberator for pid, (_, liberator) in way.items()}
    leads_to = _cycle_of_each(following)
    behind: dict[int, list[int]] = defaultdict(list)
    for pid, first in leads_to.items():
        behind[first].append(pid)
    return tuple(_knot(first, way, behind[first]) for first in sorted(behind))


def liberators(edge: Edge, lives: Lives) -> tuple[int, ...]:
    """The living processes any of which could let this wait end."""
    holders = edge.holders if edge.of is None else (edge.of,)
    return tuple(pid for pid in holders if lives(pid))


def _doomed(edges: list[Edge], lives: Lives) -> Graph:
    """The waits of those that cannot go on; begins with all that wait, and takes away who is not held."""
    waiting: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        # Who notifies waits for those that it has woken: that is over in a moment, or a finding of its own.
        if edge.main and not edge.timed and edge.to != "notify" and lives(edge.pid):
            waiting[edge.pid].append(edge)
    held = {
        pid: tuple(waits)
        for pid, waits in waiting.items()
        if all(one.certain and liberators(one, lives) for one in waits)
    }
    for pid in _freed(held, lives):
        del held[pid]
    return held


def _freed(held: Graph, lives: Lives) -> set[int]:
    """Those that somebody can let go on who is not held, or is freed himself."""
    waiters: dict[int, list[int]] = defaultdict(list)
    freed: set[int] = set()
    for edge in (edge for waits in held.values() for edge in waits):
        for holder in liberators(edge, lives):
            waiters[holder].append(edge.pid)
            if edge.to != "acquire" and edge.of is None and not _stands_still(held.get(holder, ())):
                freed.add(edge.pid)
    looked_at = [holder for holder in waiters if holder not in held] + list(freed)
    while looked_at:
        new = [pid for pid in waiters.get(looked_at.pop(), ()) if pid not in freed]
        freed.update(new)
        looked_at.extend(new)
    return freed


def _stands_still(waits: tuple[Edge, ...]) -> bool:
    """Whether no thread of the process that has these waits can do anything."""
    return all(edge.alone for edge in waits)


def _next(waits: tuple[Edge, ...], lives: Lives) -> tuple[Edge, int]:
    """The lowest pid that it waits for, itself only where there is no other; and which wait that is."""
    choices = ((edge, pid) for edge in waits for pid in liberators(edge, lives))
    return min(choices, key=lambda choice: (choice[1] == choice[0].pid, choice[1]))


def _cycle_of_each(following: Mapping[int, int]) -> dict[int, int]:
    """For each pid the lowest pid of the cycle that its way leads into."""
    leads_to: dict[int, int] = {}
    for start in following:
        walked: dict[int, int] = {}
        pid = start
        while pid not in leads_to and pid not in walked:
            walked[pid] = len(walked)
            pid = following[pid]
        first = leads_to[pid] if pid in leads_to else min(list(walked)[walked[pid] :])
        leads_to.update(dict.fromkeys(walked, first))
    return leads_to


def _knot(first: int, way: Mapping[int, tuple[Edge, int]], members: list[int]) -> Knot:
    edges = [way[first][0]]
    while (pid := way[edges[-1].pid][1]) != first:
        edges.append(way[pid][0])
    behind = tuple(sorted(set(members) - {edge.pid for edge in edges}))
    return Knot(edges=tuple(edges), behind=behind)
