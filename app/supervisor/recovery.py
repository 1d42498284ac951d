"""After a start: what the supervisor before us left behind, told by the journal and compared with the OS.

What ended unseen is `lost`; what still runs, found by (pid, start time), is an orphan that can be killed; what has a
restart policy comes back.
"""

from __future__ import annotations

import msgspec

from . import actions as a
from . import starts
from .actions import Key, Plan
from .facts import ProcessFact
from .fleet import Fleet
from .identity import lives, parse
from .model import EventDraft, State
from .world import World


def recover(world: World, fleet: Fleet) -> None:
    """Restore the records of the run before, adopt its orphans, and tell all of it."""
    now, journal = world.now(), world.recording.journal
    if journal.replaced:
        _note(world, now, journal.replaced)
    before = world.recording.begin(fleet.own_pid, now)
    if before is None:
        return
    left = journal.unfinished()
    orphans = [parse(one.id) for one in left.descendants if _runs(parse(one.id), one.boot_id, journal.boot_id)]
    for one in left.descendants:
        if parse(one.id) in orphans:
            world.inventory.adopt(parse(one.id), one.root)
        else:
            world.recording.forget_descendant(one.id)
    lost = [fact for fact in left.processes if _restore(world, fleet, fact, journal.boot_id, now)]
    if before.ended_at is None:
        text = f"the supervisor before (pid {before.pid}) did not end in order: {len(lost)} processes were lost"
        _note(world, now, f"{text}, {len(orphans)} of their descendants still run")


def _restore(world: World, fleet: Fleet, fact: ProcessFact, boot_id: str, now: a.Now) -> bool:
    """Whether the record could be restored."""
    try:
        plan = msgspec.json.decode(fact.spec or "", type=Plan)
    except msgspec.DecodeError:
        # Written by another version: the journal's lines still tell of it.
        world.recording.forget(fact.id)
        return False
    key = (fact.pid, fact.start_ticks) if fact.pid and fact.start_ticks else None
    runs = key is not None and _runs(key, fact.boot_id, boot_id)
    if key and runs:
        world.inventory.adopt(key, fact.id)
    former = starts.Former(id=fact.id, state=State(fact.state), pid=fact.pid, created_at=fact.created_at, runs=runs)
    for note in starts.restore(fleet, plan, former, now):
        world.recording.note(note.draft)
    return True


def _runs(key: Key, boot_id_then: str, boot_id: str) -> bool:
    """A pid and a start time mean nothing after a reboot."""
    return boot_id_then == boot_id and lives(key)


def _note(world: World, now: a.Now, text: str) -> None:
    world.recording.note(EventDraft(at=now.wall, kind="supervisor", text=text, by="supervisor"))
