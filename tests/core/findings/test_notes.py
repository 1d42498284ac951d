"""Notes: a queue that only grows, and a shared memory block without a name."""

from __future__ import annotations

from typing import Any

from app.core.findings.diagnosis import Diagnosis
from app.records.resource import ResourceKind
from app.records.waits import Certainty, Note
from tests.core.scene.scenes import MAIN, ONE, START, TWO, actor, after, resource, scene, settled


def told(looks: int, kind: ResourceKind, **facts: Any) -> list[Note]:
    """Return the last notes of so many seconds; facts may be functions of the second."""
    diagnosis = Diagnosis()
    notes: tuple[Note, ...] = ()
    for look in range(looks):
        now = {name: fact(look) if callable(fact) else fact for name, fact in facts.items()}
        # Something else is busy: it does not stand still.
        notes = diagnosis.look(scene(resource("it", kind, **now), actor(TWO, cpu_percent=50.0)), after(look)).notes
    return list(notes)


def test_a_queue_that_only_grows() -> None:
    [note] = told(70, ResourceKind.QUEUE, size=lambda look: look, get_per_s=0.0)
    assert note.title == "a queue only grows"
    assert note.text.startswith("Nobody takes anything from queue it, which grows.")
    assert note.program == "p1"


def test_a_queue_that_is_read_is_no_note() -> None:
    """However slowly, or until a moment ago."""
    assert told(70, ResourceKind.QUEUE, size=lambda look: look, get_per_s=0.2) == []
    assert told(70, ResourceKind.QUEUE, size=lambda look: look, get_per_s=lambda look: 1.0 * (look < 30)) == []


def test_a_queue_that_stays_or_has_grown_for_a_moment_is_no_note() -> None:
    assert told(70, ResourceKind.QUEUE, size=500, get_per_s=0.0) == []
    assert told(50, ResourceKind.QUEUE, size=lambda look: look, get_per_s=0.0) == []


def test_a_shared_memory_block_that_is_unlinked_and_in_use() -> None:
    [note] = told(15, ResourceKind.SHARED_MEMORY, unlinked=True, users=(MAIN, ONE))
    assert note.text.startswith("Shared memory it is used by main (pid 10) and worker-1 (pid 11), but its name is gone")
    assert note.since == START + 60


def test_a_block_that_has_its_name_or_is_just_closed_is_no_note() -> None:
    assert told(15, ResourceKind.SHARED_MEMORY, unlinked=False, users=(MAIN,)) == []
    assert told(15, ResourceKind.SHARED_MEMORY, unlinked=True) == []
    assert told(8, ResourceKind.SHARED_MEMORY, unlinked=True, users=(MAIN,)) == []


def test_readings_that_are_behind() -> None:
    """There is more to read than the time for it permits: findings come later, and that is said."""
    for behind_s, told in ((4.9, 0), (7.4, 1)):
        notes = [one for one in settled(scene(behind_s=behind_s)).notes if one.title == "readings are behind"]
        assert len(notes) == told
    assert "Reading 4 observed processes takes longer" in notes[0].text
    assert "were last read 7 s ago" in notes[0].text
    assert notes[0].certainty is Certainty.POSSIBLE
