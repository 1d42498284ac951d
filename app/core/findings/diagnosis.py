"""What a scene means: the waits that last, the cycles, and the findings in words.  Pure.

::

    Scene ──▶ wait_graph ──▶ one file per theme ──Candidate──▶ StabilityFilter ──Finding──▶ Waits
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from msgspec.structs import replace

from app.core.scene import phrases, pool_calls
from app.core.scene.growth import Growing
from app.core.scene.scene import Scene
from app.core.scene.stability import Candidate, StabilityFilter
from app.core.scene.wait_graph import Deadlock, find_deadlocks
from app.records.guard import NO_GUARD, Guarding
from app.records.primitives import Now
from app.records.process import Stuck
from app.records.wait_words import worded
from app.records.waits import Certainty, Edge, Finding, FindingKind, Waits

from . import (
    deadlocks,
    files,
    leaks,
    listeners,
    locks,
    pools,
    processes,
    queues,
    sleepers,
    stuck_threads,
    threads,
    unread,
    zombies,
)
from .notes import Notes

#: A consumer waits for each of its items; shorter waits are not shown.
EDGE_AFTER_S = 0.5
MAX_EDGES = 1000
MAX_FINDINGS = 200
#: Findings about waits that do not end by themselves.
_ENDLESS = frozenset(
    {
        FindingKind.DEADLOCK,
        FindingKind.STUCK,
        FindingKind.ABANDONED_LOCK,
        FindingKind.JOIN_BEFORE_DRAIN,
        FindingKind.DEAD_SLEEPER,
    }
)
_FINDERS: tuple[Callable[[Scene], Iterable[Candidate]], ...] = (
    locks.abandoned,
    unread.joins_before_drain,
    unread.exits_before_drain,
    queues.tasks_lost,
    threads.dead_threads,
    sleepers.dead_sleepers,
    sleepers.broken_barriers,
    listeners.silent_clients,
    unread.kept_outputs,
    processes.orphans,
    zombies.zombies,
    processes.refused_starts,
    leaks.leaks,
    files.near_limit,
    files.inherited,
    pools.crash_loops,
    pools.jobs_without_workers,
    pools.waits_in_callbacks,
    queues.dead_producers,
)


class Diagnosis:
    """Judges one scene after the other."""

    def __init__(self, guard: Guarding = NO_GUARD) -> None:
        self._guard = guard
        self._stable = StabilityFilter()
        self.next_deadline = self._stable.next_deadline
        #: The processes that something seems to be wrong with, even if it is too early to say so.
        self.suspects: tuple[int, ...] = ()
        #: By id, the processes that cannot go on.
        self.stuck: Mapping[str, Stuck] = {}
        self._edges: dict[int, tuple[Edge, ...]] = {}
        self._last_edges: dict[int, tuple[Edge, ...]] = {}
        self._children: Growing[int] = Growing()
        self._files: Growing[int] = Growing()
        self._notes = Notes()

    def look(self, scene: Scene, now: Now) -> Waits:
        """Return the waits, cycles and findings to report now."""
        self._remember_waits_of_dead(scene)
        scene = replace(scene, at=now.wall, last_edges=self._last_edges, failed_pids=_failed_pids(scene))
        scene = self._with_growth(replace(scene, waits=pool_calls.resolved(scene)))
        deadlocked = find_deadlocks(scene.waits, scene.lives)
        scene = replace(scene, blocked_behind=_blocked_behind(deadlocked))
        found = tuple(
            one for one in deadlocked if not _is_told_elsewhere(scene, one) and not deadlocks.is_none(scene, one)
        )
        scene = replace(scene, deadlocked=frozenset(pid for one in found for pid in one.pids + one.blocked_behind))
        lasting = self._stable.update(self._candidates(scene, found), now.mono)
        findings = tuple(one for one in lasting if one.certainty is not Certainty.POSSIBLE)
        self.stuck = _stuck(scene, findings)
        of_graph = (pid for one in deadlocked for pid in (*one.pids, *one.blocked_behind))
        of_pools = (pool.created_by for pool in (*pools.stalled(scene), *pool_calls.blocked(scene)))
        self.suspects = tuple(dict.fromkeys((*self._stable.parties(), *of_graph, *of_pools)))
        told = {finding.id for finding in findings if finding.kind is FindingKind.DEADLOCK}
        return Waits(
            edges=tuple(islice(_shown(scene, now), MAX_EDGES)),
            cycles=tuple(one.cycle for one in found if deadlocks.finding_id(one) in told),
            findings=findings[:MAX_FINDINGS],
            notes=self._notes.look(scene, lasting),
        )

    def _with_growth(self, scene: Scene) -> Scene:
        children = {parent: len(those) for parent, those in zombies.by_parent(scene).items()}
        fds = {pid: actor.process.fds for pid, actor in scene.actors.items() if actor.alive and actor.process.fds}
        return replace(
            scene,
            growing_children=self._children.look(children, scene.at),
            growing_files=self._files.look(fds, scene.at),
        )

    def _candidates(self, scene: Scene, found: tuple[Deadlock, ...]) -> Iterator[Candidate]:
        """Yield a bounded number of each kind: whatever a program does, a look takes only a moment."""
        of_graph = (
            lambda one: deadlocks.deadlocks(one, found),
            lambda one: stuck_threads.stuck_threads(one, found),
        )
        for find in (*of_graph, *_FINDERS):
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


def _is_told_elsewhere(scene: Scene, deadlock: Deadlock) -> bool:
    return locks.explain(scene, deadlock) or pools.explain(scene, deadlock)


def _stuck(scene: Scene, findings: Iterable[Finding]) -> Mapping[str, Stuck]:
    """Return the processes that wait without a timeout, and about which a finding says that this does not end."""
    waits = scene.main_waits()
    found: dict[str, Stuck] = {}
    for finding in (one for one in findings if one.kind in _ENDLESS):
        for pid in finding.pids:
            actor, edge = scene.actors.get(pid), waits.get(pid)
            if actor and actor.alive and edge and edge.to != "notify":
                words = f"{str(finding.kind).replace('-', ' ')}: {phrases.waits(scene, edge)}"
                found.setdefault(actor.process.id, Stuck(since=edge.since, reason=words, detail=words))
    return found


def _blocked_behind(found: Iterable[Deadlock]) -> Mapping[str, tuple[int, ...]]:
    behind: dict[str, set[int]] = defaultdict(set)
    for one in found:
        if one.hopeless and one.edges[0].resource:
            behind[one.edges[0].resource].update(one.blocked_behind)
    return {key: tuple(sorted(pids)) for key, pids in behind.items()}


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
