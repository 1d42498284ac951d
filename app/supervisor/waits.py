"""The waits-for graph of programs: which processes can never go on by themselves, and the cycles that hold them.  Pure.

An edge says that a process waits for a resource or for another process, and who could let it go on.  Any one of those
is enough: a lock has one holder, but what is waited for from a queue may come from everybody who can put::

    A ──waits for──▶ lock b ──held by──▶ B ──waits for──▶ lock a ──held by──▶ A

A process is *doomed* where all that could let it go on are doomed too (the greatest such set); a cycle alone is not
enough.  Every doomed process leads into a cycle by way of the lowest pid that it waits for, so each knot is found once,
always as the same cycle, in time linear in the number of edges.  Only waits of a main thread without a time limit
count: another thread, or the end of the time, may let the process go on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from .model import Record
from .program_model import Edge

Cycle = tuple[int | str, ...]
Graph = Mapping[int, Edge]
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
    following = {pid: _next(edge, lives) for pid, edge in doomed.items()}
    leads_to = _cycle_of_each(following)
    behind: dict[int, list[int]] = defaultdict(list)
    for pid, first in leads_to.items():
        behind[first].append(pid)
    return tuple(_knot(first, doomed, following, behind[first]) for first in sorted(behind))


def liberators(edge: Edge, lives: Lives) -> tuple[int, ...]:
    """The living processes any of which could let this wait end."""
    holders = edge.holders if edge.of is None else (edge.of,)
    return tuple(pid for pid in holders if lives(pid))


def _doomed(edges: list[Edge], lives: Lives) -> dict[int, Edge]:
    """The one wait of each process that cannot end; begins with all that wait, and takes away who is not held."""
    waiting: dict[int, Edge] = {}
    several: set[int] = set()
    for edge in edges:
        if edge.main and not edge.timed and lives(edge.pid):
            # Two waits of one main thread cannot be: one of the readings is old.
            several.update({edge.pid} & waiting.keys())
            waiting[edge.pid] = edge
    held = {pid: edge for pid, edge in waiting.items() if pid not in several and liberators(edge, lives)}
    for pid in _freed(held, lives):
        del held[pid]
    return held


def _freed(held: Graph, lives: Lives) -> set[int]:
    """Those that somebody can let go on who is not held, or is freed himself."""
    waiters: dict[int, list[int]] = defaultdict(list)
    for pid, edge in held.items():
        for holder in liberators(edge, lives):
            waiters[holder].append(pid)
    freed: set[int] = set()
    looked_at = [holder for holder in waiters if holder not in held]
    while looked_at:
        new = [pid for pid in waiters.get(looked_at.pop(), ()) if pid not in freed]
        freed.update(new)
        looked_at.extend(new)
    return freed


def _next(edge: Edge, lives: Lives) -> int:
    """The lowest pid that it waits for; itself only where there is no other."""
    return min(liberators(edge, lives), key=lambda pid: (pid == edge.pid, pid))


def _cycle_of_each(following: Mapping[int, int]) -> dict[int, int]:
    """For each pid the lowest pid of the cycle that its way leads into."""
    leads_to: dict[int, int] = {}
    for start in following:
        way: dict[int, int] = {}
        pid = start
        while pid not in leads_to and pid not in way:
            way[pid] = len(way)
            pid = following[pid]
        first = leads_to[pid] if pid in leads_to else min(list(way)[way[pid] :])
        leads_to.update(dict.fromkeys(way, first))
    return leads_to


def _knot(first: int, doomed: Graph, following: Mapping[int, int], members: list[int]) -> Knot:
    pids = [first]
    while (pid := following[pids[-1]]) != first:
        pids.append(pid)
    behind = tuple(sorted(set(members) - set(pids)))
    return Knot(edges=tuple(doomed[pid] for pid in pids), behind=behind)
