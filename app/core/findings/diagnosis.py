"""What the scene means: the edges that last, the cycles, and the findings in words.  Pure.

::

    Scene ──▶ waits.knots ──▶ findings_* ──Candidate──▶ Settling ──Finding──▶ Waits
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import islice

from msgspec.structs import replace

from app.records.primitives import Now
from app.records.waits import Edge, FindingKind, Waits

from . import deadlocks
from . import listeners as findings_listeners
from . import locks as findings_locks
from . import processes as findings_processes
from . import queues as findings_queues
from .debounce import Candidate, Settling
from .knots import Knot, knots
from .scene import Scene

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
        """What is to be told now."""
        self._remember_the_dead(scene)
        scene = replace(scene, at=now.wall, last_edges=self._last_edges, casualties=_casualties(scene))
        found = knots(scene.edges, scene.lives)
        told = self._settling.settle(_candidates(scene, found), now.mono)
        lasting = {finding.id for finding in told if finding.kind is FindingKind.DEADLOCK}
        return Waits(
            edges=tuple(edge for edge in scene.edges if now.wall - edge.since >= EDGE_AFTER_S)[:MAX_EDGES],
            cycles=tuple(knot.cycle for knot in found if deadlocks.deadlock_id(knot) in lasting),
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


def _casualties(scene: Scene) -> dict[str | None, tuple[int, ...]]:
    found: dict[str | None, list[int]] = defaultdict(list)
    for pid, actor in scene.actors.items():
        if not actor.alive and actor.process.exitcode != 0:
            found[actor.process.program].append(pid)
    return {program: tuple(pids) for program, pids in found.items()}


def _candidates(scene: Scene, found: tuple[Knot, ...]) -> Iterator[Candidate]:
    """So many of each kind at most: whatever a program does, a look takes but a moment."""
    yield from islice(deadlocks.deadlocks(scene, found), MAX_FINDINGS)
    for find in (
        findings_locks.abandoned,
        findings_queues.joins_before_drain,
        findings_queues.tasks_lost,
        findings_locks.dead_sleepers,
        findings_locks.broken_barriers,
        findings_listeners.silent_clients,
        findings_processes.orphans,
        findings_processes.zombies,
        findings_processes.refused_starts,
        findings_processes.forks_from_threads,
        findings_queues.leaks,
    ):
        yield from islice(find(scene), MAX_FINDINGS)
