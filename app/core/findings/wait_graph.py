"""The waits-for graph of programs: which processes can never continue, and the cycles that block them.  Pure.

An edge says that a process waits for a resource or for another process, and which processes can end that wait, its
*unblockers*.  One unblocker is enough: a lock has one holder, but any process that can put can end a get()::

    A ──waits for──▶ lock b ──held by──▶ B ──waits for──▶ lock a ──held by──▶ A

A process is *doomed* if all its unblockers are doomed too (the greatest such set); a cycle alone is not enough.  From
every doomed process, always going on to its lowest unblocker leads into a cycle.  So each deadlock is found once,
always as the same cycle, in time linear in the number of edges.

Only waits of a main thread without a timeout count.  Where a message or a signal is awaited, an unblocker counts as
blocked only if no other thread or signal handler of it can use what it is sent by.  A lock is released by the thread
that acquired it, which is taken to be the main thread.

A process that waits for the first of several things, as in a poll, has an edge for each, and is doomed only if all of
them are.  Where one of those could not be determined, the others are not ``certain``, and the process is not doomed.
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


class Deadlock(Record, frozen=True, kw_only=True):
    """A cycle of waits, beginning with its lowest pid; ``blocked_behind`` wait for it without being part of it."""

    edges: tuple[Edge, ...]
    blocked_behind: tuple[int, ...] = ()

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the processes of the cycle, in its order."""
        return tuple(edge.pid for edge in self.edges)

    @property
    def cycle(self) -> Cycle:
        """Return pids and what they wait for, in turn; a join has nothing between its two pids."""
        return tuple(node for edge in self.edges for node in (edge.pid, edge.resource) if node is not None)


def find_deadlocks(edges: Iterable[Edge], lives: Lives) -> tuple[Deadlock, ...]:
    """Return every deadlock once, by the lowest pid of its cycle."""
    doomed = _doomed(list(edges), lives)
    steps = {pid: _next(waits, lives) for pid, waits in doomed.items()}
    first_of_cycle = _first_of_cycle({pid: unblocker for pid, (_, unblocker) in steps.items()})
    members: dict[int, list[int]] = defaultdict(list)
    for pid, first in first_of_cycle.items():
        members[first].append(pid)
    return tuple(_deadlock(first, steps, members[first]) for first in sorted(members))


def unblockers(edge: Edge, lives: Lives) -> tuple[int, ...]:
    """Return the living processes, any of which can end this wait."""
    holders = edge.holders if edge.of is None else (edge.of,)
    return tuple(pid for pid in holders if lives(pid))


def _doomed(edges: list[Edge], lives: Lives) -> Graph:
    """Return the waits of the processes that can never continue: of all that wait, less those that can be freed."""
    waiting: dict[int, list[Edge]] = defaultdict(list)
    for edge in edges:
        # A notify() waits for the processes that it has woken: over in a moment, or a finding of its own.
        if edge.main and not edge.timed and edge.to != "notify" and lives(edge.pid):
            waiting[edge.pid].append(edge)
    blocked = {
        pid: tuple(waits)
        for pid, waits in waiting.items()
        if all(one.certain and unblockers(one, lives) for one in waits)
    }
    for pid in _freed(blocked, lives):
        del blocked[pid]
    return blocked


def _freed(blocked: Graph, lives: Lives) -> set[int]:
    """Return the processes with an unblocker that is not blocked, or is freed itself."""
    waiters: dict[int, list[int]] = defaultdict(list)
    freed: set[int] = set()
    for edge in (edge for waits in blocked.values() for edge in waits):
        for holder in unblockers(edge, lives):
            waiters[holder].append(edge.pid)
            if holder in edge.through:
                freed.add(edge.pid)
    to_visit = [holder for holder in waiters if holder not in blocked] + list(freed)
    while to_visit:
        new = [pid for pid in waiters.get(to_visit.pop(), ()) if pid not in freed]
        freed.update(new)
        to_visit.extend(new)
    return freed


def _next(waits: tuple[Edge, ...], lives: Lives) -> tuple[Edge, int]:
    """Return its lowest unblocker, itself only if there is no other, and the wait for it."""
    choices = ((edge, pid) for edge in waits for pid in unblockers(edge, lives))
    return min(choices, key=lambda choice: (choice[1] == choice[0].pid, choice[1]))


def _first_of_cycle(following: Mapping[int, int]) -> dict[int, int]:
    """Return for each pid the lowest pid of the cycle that its path leads into."""
    first_of: dict[int, int] = {}
    for start in following:
        path: dict[int, int] = {}
        pid = start
        while pid not in first_of and pid not in path:
            path[pid] = len(path)
            pid = following[pid]
        first = first_of[pid] if pid in first_of else min(list(path)[path[pid] :])
        first_of.update(dict.fromkeys(path, first))
    return first_of


def _deadlock(first: int, steps: Mapping[int, tuple[Edge, int]], members: list[int]) -> Deadlock:
    edges = [steps[first][0]]
    while (pid := steps[edges[-1].pid][1]) != first:
        edges.append(steps[pid][0])
    behind = tuple(sorted(set(members) - {edge.pid for edge in edges}))
    return Deadlock(edges=tuple(edges), blocked_behind=behind)
