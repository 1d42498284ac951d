"""What may be wrong with a program, or may be meant so: notes, which accuse nobody.  Pure.

A program in which nothing moves although no finding says why may be idle on purpose; but nobody may be told that all is
well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator

from msgspec import Struct, field

from app.core.scene import phrases
from app.core.scene.growth import Growing, Growth
from app.core.scene.scene import Actor, Scene
from app.records.process import Descendant
from app.records.resource import Resource, ResourceKind
from app.records.waits import Certainty, Edge, Finding, FindingKind, Note

from .forks import forks_from_threads
from .zombies import HELPERS, failures

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
#: A queue may grow for so long before somebody begins to empty it.
_GROWS_S = 60.0
#: A block may be unlinked at the end of its use, while others are about to close it.
_UNLINKED_S = 10.0
#: Readings that are older are said to be.
_BEHIND_S = 5.0
_MOST = 100


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


class Notes(Struct):
    """Keeps what notes need of the looks before."""

    _standstill: Standstill = field(default_factory=Standstill)
    _queues: Growing[str] = field(default_factory=Growing)
    #: When something was last taken from each queue, and since when each block is unlinked.
    _taken_at: dict[str, float] = field(default_factory=dict)
    _unlinked_at: dict[str, float] = field(default_factory=dict)

    def look(self, scene: Scene, findings: Iterable[Finding]) -> tuple[Note, ...]:
        """Return the notes to show now; of the ``findings``, those that are only possible become notes."""
        notes = (
            *_possible(findings),
            *self._standstill.look(scene, findings),
            *_failures(scene),
            *self._growing(scene),
            *self._unlinked(scene),
            *_behind(scene),
            *forks_from_threads(scene),
        )
        return notes[:_MOST]

    def _growing(self, scene: Scene) -> Iterator[Note]:
        """Yield a note for each queue that grew for a minute, while nobody took anything from it."""
        queues = {key: one for key, one in scene.resources.items() if one.kind in phrases.QUEUES and not one.part_of}
        self._taken_at = {
            key: scene.at if one.get_per_s else self._taken_at.get(key, scene.at) for key, one in queues.items()
        }
        sizes = {key: one.size for key, one in queues.items() if one.size}
        for key, growth in self._queues.look(sizes, scene.at).items():
            since = max(growth.since, self._taken_at[key])
            if scene.at - since >= _GROWS_S and queues[key].program:
                yield _grows(scene, queues[key], growth, since)

    def _unlinked(self, scene: Scene) -> Iterator[Note]:
        """Yield a note for each shared memory block that is mapped although its name is gone."""
        blocks = {
            key: one
            for key, one in scene.resources.items()
            if one.kind is ResourceKind.SHARED_MEMORY and one.unlinked and one.users and one.program
        }
        self._unlinked_at = {key: self._unlinked_at.get(key, scene.at) for key in blocks}
        for key, since in self._unlinked_at.items():
            if scene.at - since >= _UNLINKED_S:
                yield _block(scene, blocks[key], since)


def _possible(findings: Iterable[Finding]) -> Iterator[Note]:
    for one in findings:
        if one.certainty is Certainty.POSSIBLE and one.program:
            title = f"it may be a {one.kind}, or meant so"
            yield Note(program=one.program, since=one.since, title=title, text=f"{one.text} {one.why}")


def _behind(scene: Scene) -> Iterator[Note]:
    """Yield a note for each living program if there is more to read than the time for readings permits."""
    if scene.behind_s < _BEHIND_S:
        return
    living = Counter(actor.process.program for actor in scene.actors.values() if actor.alive and actor.process.program)
    count = phrases.number(living.total(), "observed process", "observed processes")
    for program in living:
        yield Note(
            program=program or "",
            since=scene.at - scene.behind_s,
            title="readings are behind",
            text=f"Reading {count} takes longer than the time allowed for it: some waits were last read "
            f"{scene.behind_s:.0f} s ago, so findings appear late.",
        )


def _failures(scene: Scene) -> Iterator[Note]:
    """Yield a note for each process that waits although a child of it has failed."""
    for parent, exited, since in failures(scene):
        program = scene.actors[parent].process.program
        if program:
            yield Note(
                program=program,
                since=since,
                title="a child has failed, and its parent waits",
                text=f"{scene.name(parent)} waits, and has not joined {exited}. If it waits for something that this "
                "child should have given, it waits forever.",
            )


def _grows(scene: Scene, queue: Resource, growth: Growth, since: float) -> Note:
    return Note(
        program=queue.program or "",
        since=since,
        title="a queue only grows",
        # The number changes at each look: its record has it.
        text=f"Nobody takes anything from {phrases.resource(scene, queue.id)}, which grows. Its items stay in the "
        "memory of those who put them. Take them out, or give the queue a maxsize, so that put() waits.",
    )


def _block(scene: Scene, block: Resource, since: float) -> Note:
    what = phrases.capitalized(phrases.resource(scene, block.id))
    return Note(
        program=block.program or "",
        since=since,
        title="a shared memory block is unlinked and in use",
        text=f"{what} is used by {phrases.names(scene, block.users)}, but its name is gone: a process that attaches to "
        "it now gets a FileNotFoundError. If the program has not called unlink(), the resource tracker of a process "
        "that had attached and has ended did it; from Python 3.13 on, track=False prevents that.",
    )
