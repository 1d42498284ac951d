"""What the scene means: the edges that last, the cycles, and the findings in words.  Pure.

::

    Scene ──▶ waits.knots ──▶ findings_* ──Candidate──▶ Settling ──Finding──▶ Waits
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from . import findings_locks, findings_processes, findings_queues
from .actions import Now
from .program_model import Edge, FindingKind, Waits
from .scene import Scene
from .settling import Candidate, Settling
from .waits import Knot, knots

#: A consumer waits for each of its items; that is no news.
EDGE_AFTER_S = 0.5
MAX_EDGES = 1000
MAX_FINDINGS = 200


class Diagnosis:
    """Looks at one scene after the other."""

    def __init__(self) -> None:
        self._settling = Settling()
        self._edges: dict[int, tuple[Edge, ...]] = {}
        self._last_edges: dict[int, tuple[Edge, ...]] = {}

    def look(self, scene: Scene, now: Now) -> Waits:
        """What is to be told now; ``scene.at`` and ``last_edges`` are filled in here."""
        self._remember_the_dead(scene)
        scene = replace(scene, at=now.wall, last_edges=self._last_edges)
        found = knots(scene.edges, scene.lives)
        told = self._settling.settle(_candidates(scene, found), now.mono)
        lasting = {finding.id for finding in told if finding.kind is FindingKind.DEADLOCK}
        return Waits(
            edges=tuple(edge for edge in scene.edges if now.wall - edge.since >= EDGE_AFTER_S)[:MAX_EDGES],
            cycles=tuple(knot.cycle for knot in found if findings_locks.deadlock_id(knot) in lasting),
            findings=told[:MAX_FINDINGS],
        )

    def next_deadline(self) -> float | None:
        """When a look would tell something new, if nothing changed; monotonic."""
        return self._settling.next_deadline()

    def _remember_the_dead(self, scene: Scene) -> None:
        """What those waited for who were there at the last look and are dead now."""
        dead = {pid for pid, actor in scene.actors.items() if not actor.alive}
        self._last_edges = {pid: edges for pid, edges in self._last_edges.items() if pid in dead}
        self._last_edges |= {pid: edges for pid, edges in self._edges.items() if pid in dead}
        self._edges = {}
        for edge in scene.edges:
            self._edges[edge.pid] = (*self._edges.get(edge.pid, ()), edge)


def _candidates(scene: Scene, found: tuple[Knot, ...]) -> Iterator[Candidate]:
    yield from findings_locks.deadlocks(scene, found)
    yield from findings_locks.abandoned(scene)
    yield from findings_queues.joins_before_drain(scene)
    yield from findings_queues.tasks_lost(scene)
    yield from findings_locks.dead_sleepers(scene)
    yield from findings_locks.broken_barriers(scene)
    yield from findings_processes.orphans(scene)
    yield from findings_processes.zombies(scene)
    yield from findings_processes.refused_starts(scene)
    yield from findings_processes.forks_from_threads(scene)
    yield from findings_queues.leaks(scene)
