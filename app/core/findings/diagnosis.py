"""What a scene means: the waits that last, the cycles, and the findings in words.  Pure.

::

    Scene ──▶ wait_graph ──▶ one file per theme ──Candidate──▶ StabilityFilter ──Finding──▶ Waits
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from msgspec.structs import replace

from app.records.guard import NO_GUARD, Guarding
from app.records.primitives import Now
from app.records.wait_words import worded
from app.records.waits import Edge, FindingKind, Waits

from . import deadlocks, listeners, locks, processes, queues
from .scene import Scene
from .stability import Candidate, StabilityFilter
from .wait_graph import Deadlock, find_deadlocks

#: A consumer waits for each of its items; shorter waits are not shown.
EDGE_AFTER_S = 0.5
MAX_EDGES = 1000
MAX_FINDINGS = 200
_FINDERS: tuple[Callable[[Scene], Iterable[Candidate]], ...] = (
    locks.abandoned,
    queues.joins_before_drain,
    queues.tasks_lost,
    locks.dead_sleepers,
    locks.broken_barriers,
    listeners.silent_clients,
    processes.orphans,
    processes.zombies,
    processes.refused_starts,
    processes.forks_from_threads,
    queues.leaks,
)


class Diagnosis:
    """Judges one scene after the other."""

    def __init__(self, guard: Guarding = NO_GUARD) -> None:
        self._guard = guard
        self._stable = StabilityFilter()
        self.next_deadline = self._stable.next_deadline
        self._edges: dict[int, tuple[Edge, ...]] = {}
        self._last_edges: dict[int, tuple[Edge, ...]] = {}

    def look(self, scene: Scene, now: Now) -> Waits:
        """Return the waits, cycles and findings to report now."""
        self._remember_waits_of_dead(scene)
        scene = replace(scene, at=now.wall, last_edges=self._last_edges, failed_pids=_failed_pids(scene))
        found = find_deadlocks(scene.waits, scene.lives)
        findings = self._stable.update(self._candidates(scene, found), now.mono)
        lasting = {finding.id for finding in findings if finding.kind is FindingKind.DEADLOCK}
        return Waits(
            edges=tuple(islice(_shown(scene, now), MAX_EDGES)),
            cycles=tuple(one.cycle for one in found if deadlocks.finding_id(one) in lasting),
            findings=findings[:MAX_FINDINGS],
        )

    def _candidates(self, scene: Scene, found: tuple[Deadlock, ...]) -> Iterator[Candidate]:
        """Yield a bounded number of each kind: whatever a program does, a look takes only a moment."""
        for find in (lambda one: deadlocks.deadlocks(one, found), *_FINDERS):
            with self._guard.over("searches for findings"):
                yield from islice(find(scene), MAX_FINDINGS)

    def _remember_waits_of_dead(self, scene: Scene) -> None:
        """Keep what each dead process waited for when it was last seen alive."""
        dead = {pid for pid, actor in scene.actors.items() if not actor.alive}
        self._last_edges = {pid: edges for pid, edges in self._last_edges.items() if pid in dead}
        self._last_edges |= {pid: edges for pid, edges in self._edges.items() if pid in dead}
        self._edges = {}
        for edge in scene.edges:
            self._edges[edge.pid] = (*self._edges.get(edge.pid, ()), edge)


def _shown(scene: Scene, now: Now) -> Iterator[Edge]:
    """Yield the waits that last, with their words."""
    lasting = (edge for edge in scene.edges if now.wall - edge.since >= EDGE_AFTER_S)
    return (worded(edge, scene.resources.get(edge.resource or "")) for edge in lasting)


def _failed_pids(scene: Scene) -> dict[str | None, tuple[int, ...]]:
    found: dict[str | None, list[int]] = defaultdict(list)
    for pid, actor in scene.actors.items():
        if not actor.alive and actor.process.exitcode != 0:
            found[actor.process.program].append(pid)
    return {program: tuple(pids) for program, pids in found.items()}
