"""What may be wrong with a program, or may be meant so: notes, which accuse nobody.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct, field

from app.records.resource import Resource, ResourceKind
from app.records.waits import Finding, Note

from . import phrases
from .growth import Growing, Growth
from .scene import Scene
from .standstill import Standstill

#: A queue may grow for so long before somebody begins to empty it.
_GROWS_S = 60.0
#: A block may be unlinked at the end of its use, while others are about to close it.
_UNLINKED_S = 10.0
_MOST = 100


class Notes(Struct):
    """Keeps what notes need of the looks before."""

    _standstill: Standstill = field(default_factory=Standstill)
    _queues: Growing[str] = field(default_factory=Growing)
    #: When something was last taken from each queue, and since when each block is unlinked.
    _taken_at: dict[str, float] = field(default_factory=dict)
    _unlinked_at: dict[str, float] = field(default_factory=dict)

    def look(self, scene: Scene, findings: Iterable[Finding]) -> tuple[Note, ...]:
        """Return the notes to show now."""
        notes = (*self._standstill.look(scene, findings), *self._growing(scene), *self._unlinked(scene))
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
        "it now gets a FileNotFoundError. If nobody called unlink(), the resource tracker of a process that had attached and has ended did it (before Python 3.13; from then on pass "
        "track=False).",
    )
