"""The waits-for graph of programs: which processes can never continue, and the cycles that block them.  Pure.

An edge says that a process waits for a resource or for another process, and which processes can end that wait, its
*unblockers*.  One unblocker is enough: a lock has one holder, but any process that can put can end a get()::

    A ──waits for──▶ lock b ──held by──▶ B ──waits for──▶ lock a ──held by──▶ A

A process is *doomed* if all its unblockers are doomed too (the greatest such set); a cycle alone is not enough.  From
every doomed process, always going on to its lowest unblocker leads into a cycle.  So each deadlock is found once,
always as the same cycle, in time linear in the number of edges.

Only waits without a timeout count: those of a main thread, and those of any thread for a lock whose holder is known.
Nodes are threads.  Where a message or a signal is awaited, an unblocker counts as
blocked only if no other thread or signal handler of it can use what it is sent by.  A lock is released by the thread
that acquired it.

A process that waits for the first of several things, as in a poll, has an edge for each, and is doomed only if all of
them are.  Where one of those could not be determined, the others are not ``certain``, and the process is not doomed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping

from app.records.primitives import Record
from app.records.waits import Edge

Cycle = tuple[int | str, ...]
#: A thread: pid and tid, 0 for the main thread.
Node = tuple[int, int]
#: The waits of each thread: several where it waits for whatever comes first.
Graph = Mapping[Node, tuple[Edge, ...]]
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
    steps = {node: _next(waits, lives) for node, waits in doomed.items()}
    first_of_cycle = _first_of_cycle({node: unblocker for node, (_, unblocker) in steps.items()})
    members: dict[Node, list[Node]] = defaultdict(list)
    for node, first in first_of_cycle.items():
        members[first].append(node)
    return tuple(_deadlock(first, steps, members[first]) for first in sorted(members))


def unblockers(edge: Edge, lives: Lives) -> tuple[int, ...]:
    """Return the living processes, any of which can end this wait."""
    holders = edge.holders if edge.of is None else (edge.of,)
    return tuple(pid for pid in holders if lives(pid))


def _nodes(edge: Edge, lives: Lives) -> tuple[Node, ...]:
    """Return the threads, any of which can end this wait: of each process its main thread, but of a lock its holder."""
    pids = unblockers(edge, lives)
    return tuple((pid, edge.holder_tid if len(pids) == 1 else 0) for pid in pids)


def _counts(edge: Edge) -> bool:
    """Return whether a wait may be a part of a deadlock."""
    # A notify() waits for the processes that it has woken: over in a moment, or a finding of its own.
    of_thread = edge.tid != 0 and edge.to == "acquire" and len(edge.holders) == 1
    return not edge.timed and edge.to != "notify" and (edge.main or of_thread)


def _doomed(edges: list[Edge], lives: Lives) -> Graph:
    """Return the waits of the threads that can never continue: of all that wait, less those that can be freed."""
    waiting: dict[Node, list[Edge]] = defaultdict(list)
    for edge in edges:
        if _counts(edge) and lives(edge.pid):
            waiting[edge.pid, edge.tid].append(edge)
    blocked = {
        node: tuple(waits)
        for node, waits in waiting.items()
        if all(one.certain and unblockers(one, lives) for one in waits)
    }
    for node in _freed(blocked, lives):
        del blocked[node]
    return blocked


def _freed(blocked: Graph, lives: Lives) -> set[Node]:
    """Return the threads with an unblocker that is not blocked, or is freed itself."""
    waiters: dict[Node, list[Node]] = defaultdict(list)
    freed: set[Node] = set()
    for edge in (edge for waits in blocked.values() for edge in waits):
        for holder in _nodes(edge, lives):
            waiters[holder].append((edge.pid, edge.tid))
            if edge.otherwise:
                freed.add((edge.pid, edge.tid))
    to_visit = [holder for holder in waiters if holder not in blocked] + list(freed)
    while to_visit:
        new = [node for node in waiters.get(to_visit.pop(), ()) if node not in freed]
        freed.update(new)
        to_visit.extend(new)
    return freed


def _next(waits: tuple[Edge, ...], lives: Lives) -> tuple[Edge, Node]:
    """Return its lowest unblocker, itself only if there is no other, and the wait for it."""
    choices = ((edge, node) for edge in waits for node in _nodes(edge, lives))
    return min(choices, key=lambda choice: (choice[1] == (choice[0].pid, choice[0].tid), choice[1]))


def _first_of_cycle(following: Mapping[Node, Node]) -> dict[Node, Node]:
    """Return for each thread the lowest of the cycle that its path leads into."""
    first_of: dict[Node, Node] = {}
    for start in following:
        path: dict[Node, int] = {}
        node = start
        while node not in first_of and node not in path:
            path[node] = len(path)
            node = following[node]
        first = first_of[node] if node in first_of else min(list(path)[path[node] :])
        first_of.update(dict.fromkeys(path, first))
    return first_of


def _deadlock(first: Node, steps: Mapping[Node, tuple[Edge, Node]], members: list[Node]) -> Deadlock:
    edges, node = [steps[first][0]], steps[first][1]
    while node != first:
        edges.append(steps[node][0])
        node = steps[node][1]
    behind = tuple(sorted({pid for pid, _ in members} - {edge.pid for edge in edges}))
    return Deadlock(edges=tuple(edges), blocked_behind=behind)
