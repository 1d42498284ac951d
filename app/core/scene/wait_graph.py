"""The waits-for graph of programs: which threads can never continue, and the cycles that block them.  Pure.

A wait says what a thread waits for, and which threads can end that, its *unblockers*.  One unblocker is enough: a lock
has one holder, but any thread that can put can end a get()::

    A ──waits for──▶ lock b ──held by──▶ B ──waits for──▶ lock a ──held by──▶ A

A thread is *doomed* if all its unblockers are doomed too (the greatest such set); a cycle alone is not enough.  From
every doomed thread, always going on to its first unblocker leads into a cycle.  So each deadlock is found once, always
as the same cycle, in time linear in the number of waits and of unblockers.  Waits with the same unblockers share one
set of them.

Only waits without a timeout count.  A lock is released by the thread that acquired it, and a process exits when its
main thread does.  A message can be sent by each thread and each handler of a signal whose code can use what it is sent
by.  A lock between threads of one process can be released by any other thread of it.

A thread that waits for the first of several things, as in a poll, has a wait for each, and is doomed only if all of
them are.  Where one of those could not be determined, the others are not ``certain``, and the thread is not doomed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from app.records.primitives import Record
from app.records.waits import Edge, Node, ThreadWait

Cycle = tuple[int | str, ...]
_Set = frozenset[Node]
Lives = Callable[[int], bool]


class Deadlock(Record, frozen=True, kw_only=True):
    """A cycle of waits, beginning with its lowest pid; ``blocked_behind`` wait for it without being part of it.

    ``hopeless``: no cycle, but a single wait for an abandoned lock, which another finding is about.
    """

    edges: tuple[Edge, ...]
    blocked_behind: tuple[int, ...] = ()
    hopeless: bool = False

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the processes of the cycle, in its order, each once."""
        return tuple(dict.fromkeys(edge.pid for edge in self.edges))

    @property
    def cycle(self) -> Cycle:
        """Return pids and what they wait for, in turn; a join has nothing between its two pids."""
        between_processes = (edge for edge in self.edges if edge.to != "thread")
        return tuple(node for edge in between_processes for node in (edge.pid, edge.resource) if node is not None)

    @property
    def within(self) -> int | None:
        """Return the process of which all threads wait for each other; None if other processes are involved."""
        return self.edges[0].pid if all(edge.to == "thread" for edge in self.edges) else None


def find_deadlocks(waits: Iterable[ThreadWait], lives: Lives) -> tuple[Deadlock, ...]:
    """Return every deadlock once, by the lowest pid of its cycle."""
    doomed = _doomed(waits, lives)
    choices: dict[_Set, _Choices] = {}
    for able in (able for each in doomed.values() for _, able in each):
        if able and able not in choices:
            choices[able] = _choices(able, lives)
    steps = {node: _next(node, each, choices) for node, each in doomed.items()}
    first_of_cycle = _first_of_cycle({node: unblocker for node, (_, unblocker) in steps.items()})
    members: dict[Node, list[Node]] = defaultdict(list)
    for node, first in first_of_cycle.items():
        members[first].append(node)
    return tuple(_deadlock(first, steps, members[first]) for first in sorted(members))


def _counts(edge: Edge) -> bool:
    """Return whether a wait may be a part of a deadlock."""
    # A notify() waits for the processes that it has woken: over in a moment, or a finding of its own.
    return not edge.timed and edge.to != "notify"


_Waits = Mapping[Node, tuple[tuple[Edge, _Set], ...]]


def _doomed(waits: Iterable[ThreadWait], lives: Lives) -> _Waits:
    """Return the waits of the threads that can never continue: of all that wait, less those that can be freed."""
    waiting: dict[Node, list[tuple[Edge, _Set]]] = defaultdict(list)
    hopeless: set[Node] = set()
    for wait in waits:
        edge = wait.edge
        if _counts(edge) and lives(edge.pid):
            waiting[edge.pid, edge.tid].append((edge, wait.able))
            if wait.hopeless:
                hopeless.add((edge.pid, edge.tid))
    alive: dict[_Set, bool] = {}
    for able in (able for each in waiting.values() for _, able in each):
        if able not in alive:
            alive[able] = any(lives(pid) for pid, _ in able)
    blocked = {
        node: tuple(each)
        for node, each in waiting.items()
        if node in hopeless or all(edge.certain and alive[able] for edge, able in each)
    }
    for node in _freed(blocked, lives):
        del blocked[node]
    return blocked


def _freed(blocked: _Waits, lives: Lives) -> set[Node]:
    """Return the threads with an unblocker that is not blocked, or is freed itself."""
    waiters: dict[_Set, list[Node]] = defaultdict(list)
    for node, waits in blocked.items():
        for _, able in waits:
            waiters[able].append(node)
    sets_with: dict[Node, list[_Set]] = defaultdict(list)
    for able in waiters:
        for node in able:
            if lives(node[0]):
                sets_with[node].append(able)
    freed: set[Node] = set()
    to_visit = [node for node in sets_with if node not in blocked]
    while to_visit:
        for able in sets_with.pop(to_visit.pop(), ()):
            new = [node for node in waiters.pop(able, ()) if node not in freed]
            freed.update(new)
            to_visit.extend(new)
    return freed


class _Choices(NamedTuple):
    """Of a set of unblockers: the lowest, the next one, and the lowest of another process than the lowest."""

    first: Node
    second: Node | None
    elsewhere: Node | None

    def of(self, node: Node, edge: Edge, able: _Set) -> Node:
        """Return whom to go on to: a thread of another process, or else itself; in a wait for a thread, to another."""
        if edge.to == "thread":
            return self.second if self.second and self.first == node else self.first
        if self.first[0] != node[0]:
            return self.first
        return self.elsewhere or (node if node in able else self.first)


def _choices(able: _Set, lives: Lives) -> _Choices:
    alive = [node for node in able if lives(node[0])]
    first = min(alive)
    second = min((node for node in alive if node != first), default=None)
    return _Choices(first, second, min((node for node in alive if node[0] != first[0]), default=None))


_Step = tuple[Edge, Node | None]


def _next(node: Node, waits: tuple[tuple[Edge, _Set], ...], choices: Mapping[_Set, _Choices]) -> _Step:
    """Return the unblocker to go on to, and the wait for it: itself only if no wait has another one.

    None for a lock that nobody can release any more.
    """
    found = [(edge, _holder(node, edge, able) or choices[able].of(node, edge, able)) for edge, able in waits if able]
    return min(found, key=lambda choice: (choice[1] == node, choice[1])) if found else (waits[0][0], None)


def _holder(node: Node, edge: Edge, able: _Set) -> Node | None:
    """Return a thread of another process that has acquired what is waited for; others may only release it."""
    if edge.to != "acquire":
        return None
    return min((one for one in able if one[0] in edge.holders and one[0] != node[0]), default=None)


def _first_of_cycle(following: Mapping[Node, Node | None]) -> dict[Node, Node]:
    """Return for each thread the lowest of the cycle that its path leads into, or the end of the path."""
    first_of: dict[Node, Node] = {}
    for start in following:
        path: dict[Node, int] = {}
        node = start
        while node not in first_of and node not in path:
            path[node] = len(path)
            # The end of a path is a cycle of its own.
            node = following[node] or node
        first = first_of[node] if node in first_of else min(list(path)[path[node] :])
        first_of.update(dict.fromkeys(path, first))
    return first_of


def _deadlock(first: Node, steps: Mapping[Node, _Step], members: list[Node]) -> Deadlock:
    edges, node = [steps[first][0]], steps[first][1]
    hopeless = node is None
    while node is not None and node != first:
        edges.append(steps[node][0])
        node = steps[node][1]
    behind = tuple(sorted({pid for pid, _ in members} - {edge.pid for edge in edges}))
    return Deadlock(edges=tuple(edges), blocked_behind=behind, hopeless=hopeless)
