"""What may be wrong with a program, or may be meant so: notes, which accuse nobody.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from app.core.scene import phrases
from app.core.scene.growth import Growing, Growth
from app.core.scene.scene import Scene
from app.records.resource import Resource, ResourceKind
from app.records.waits import Certainty, Finding, Note

from .forks import forks_from_threads
from .queues import CURE_OF_NOT_SENT, items_not_sent
from .standstill import Standstill
from .zombies import failures

#: A queue may grow for so long before somebody begins to empty it.
_GROWS_S = 60.0
#: A block may be unlinked at the end of its use, while others are about to close it.
_UNLINKED_S = 10.0
#: Readings that are older are said to be.
_BEHIND_S = 5.0
_MOST = 100


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
            *_not_sent(scene),
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
            title = f"possible {one.kind}, or an intended wait"
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


def _not_sent(scene: Scene) -> Iterator[Note]:
    """Yield a note for each item of a queue that was dropped, as long as a process has the queue."""
    for actor in scene.actors.values():
        for item, text in items_not_sent(scene, actor):
            if actor.process.program and scene.resources[item.resource or ""].users:
                yield Note(
                    program=actor.process.program,
                    since=item.since,
                    title="an item was not sent",
                    text=f"{text} {CURE_OF_NOT_SENT}",
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
