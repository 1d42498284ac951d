"""Programs in which nothing moves, though no finding says why: what is known of them.  Pure.

Such a program may be idle on purpose; but nobody may be told that all is well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable

from msgspec import Struct, field

from app.core.scene import phrases
from app.core.scene.scene import Actor, Scene
from app.records.process import Descendant, State
from app.records.resource import Resource
from app.records.waits import Edge, Finding, FindingKind, Note

from .zombies import HELPERS

#: A program that is quiet for a shorter time is between two pieces of work.
QUIET_S = 10.0
#: One clock tick a second is no work but a heartbeat.
_BUSY_PERCENT = 1.0
_NAMED = 5
TITLE = "nothing moves, and no finding says why: it may be idle"
#: These only inform; each of the others says why a process does not continue.
_NO_REASON = frozenset(
    {
        FindingKind.ZOMBIE,
        FindingKind.ORPHAN,
        FindingKind.DAEMON_WITH_CHILD,
        FindingKind.START_REFUSED,
        FindingKind.LEAK,
        FindingKind.FILE_LIMIT,
        FindingKind.INTERNAL_ERROR,
    }
)


class _Moved(Struct):
    """When something last moved in a program (wall clock), and what was seen then."""

    at: float
    seen: Hashable


class _Program(Struct):
    """What there is of one living program; ``waits`` are those without a timeout, ``others`` are not observed."""

    living: list[Actor] = field(default_factory=list)
    resources: list[Resource] = field(default_factory=list)
    waits: list[Edge] = field(default_factory=list)
    others: list[Descendant] = field(default_factory=list)

    @property
    def unobserved(self) -> list[Descendant]:
        """Return the processes that are not observed and have not exited."""
        return [one for one in self.others if not one.exited]


class Standstill(Struct):
    """Remembers since when nothing has moved in each program."""

    _moved: dict[str, _Moved] = field(default_factory=dict)

    def look(self, scene: Scene, findings: Iterable[Finding]) -> tuple[Note, ...]:
        """Return what is known of each living program that does not move and has no finding that says why."""
        programs = _programs(scene)
        self._moved = {key: self._look(scene.at, key, one) for key, one in programs.items()}
        told = {finding.program for finding in findings if finding.kind not in _NO_REASON}
        still = {key: one.at for key, one in self._moved.items() if scene.at - one.at >= QUIET_S and key not in told}
        return tuple(_note(scene, key, programs[key], since) for key, since in still.items())

    def _look(self, at: float, key: str, program: _Program) -> _Moved:
        seen = (
            frozenset((one.pid, one.process.log_bytes) for one in program.living),
            frozenset((one.pid, one.tid, round(one.since, 1)) for one in program.waits),
            frozenset((one.pid, one.exited) for one in program.others),
            tuple(map(_figures, program.resources)),
        )
        before = self._moved.get(key)
        cpu = [one.process.cpu_percent for one in program.living] + [one.cpu_percent for one in program.unobserved]
        busy = any((percent or 0.0) > _BUSY_PERCENT for percent in cpu)
        return before if before and before.seen == seen and not busy else _Moved(at, seen)


def _programs(scene: Scene) -> dict[str, _Program]:
    """Return by id the programs of which a process lives."""
    found: dict[str, _Program] = defaultdict(_Program)
    of_pid: dict[int, _Program] = {}
    for actor in scene.actors.values():
        if actor.alive and actor.process.program:
            of_pid[actor.pid] = found[actor.process.program]
            of_pid[actor.pid].living.append(actor)
    for resource in scene.resources.values():
        if resource.program in found:
            found[resource.program].resources.append(resource)
    for edge in (one.edge for one in scene.waits):
        if edge.pid in of_pid and not edge.timed:
            of_pid[edge.pid].waits.append(edge)
    for other in scene.others.values():
        if other.root in found:
            found[other.root].others.append(other)
    return found


def _figures(one: Resource) -> Hashable:
    """Return what changes when a resource is used."""
    return (one.id, one.size, one.pipe_bytes, one.value, one.holder, one.done, one.flag, one.arrived, one.unfinished)


def _note(scene: Scene, key: str, program: _Program, since: float) -> Note:
    waits = {edge.pid: edge for edge in program.waits if edge.main}
    own = [actor for actor in program.living if actor.role not in HELPERS]
    others = program.unobserved
    strangers = [scene.name(actor.pid) for actor in own if not actor.reports]
    strangers += [f"{one.name} (pid {one.pid})" for one in others]
    total = phrases.number(len(own) + len(others), "process", "processes")
    text = [_waiting(scene, list(waits.values()), total)]
    if strangers:
        is_ = "is" if len(strangers) == 1 else "are"
        text.append(f"{len(strangers):,} of {total} {is_} not observed: {phrases.listed(strangers)}.")
    if suspended := [actor.pid for actor in own if actor.process.state is State.SUSPENDED]:
        is_, it = ("is", "it") if len(suspended) == 1 else ("are", "them")
        text.append(f"{phrases.names(scene, suspended)} {is_} suspended (SIGSTOP); SIGCONT resumes {it}.")
    if failed := tuple(
        pid
        for pid in scene.failed_pids.get(key, ())
        if scene.has_failed(pid) and scene.actors[pid].process.state is State.EXITED
    ):
        text.append(f"Failed and not yet joined: {phrases.how_they_ended(scene, failed)}.")
    first = next(iter(waits), (own or program.living)[0].pid)
    text.append(f"To see where a process stands: procession stack {scene.actors[first].process.id}.")
    return Note(program=key, since=since, title=TITLE, text=" ".join(text))


def _waiting(scene: Scene, edges: list[Edge], total: str) -> str:
    if not edges:
        return "No process is known to wait without a timeout."
    words = [f"{phrases.who_waits(scene, edge)} {phrases.waits(scene, edge)}" for edge in edges[:_NAMED]]
    if len(edges) > _NAMED:
        words.append(f"and {len(edges) - _NAMED:,} more")
    verb = "waits" if len(edges) == 1 else "wait"
    return f"{len(edges):,} of {total} {verb} without a timeout: {'; '.join(words)}."
