"""After a start: what the supervisor before us left behind, told by the journal and compared with the OS.

What ended unseen is `lost`; what still runs, found by (pid, start time), is an orphan that can be killed; what has a
restart policy comes back; a program of a terminal has gone on, and is known as before (`legacy`).
"""

from __future__ import annotations

import msgspec

from app.core.fleet import actions as a
from app.core.fleet.events import Plan
from app.core.fleet.fleet import Fleet
from app.core.processes import starts
from app.core.programs import program as programs
from app.linux.identity import lives
from app.records import primitives as p
from app.records.event import EventDraft
from app.records.primitives import Key
from app.records.process import State, key_of
from app.supervisor.handover.handover import Legacy
from app.supervisor.journal.facts import ProcessFact
from app.supervisor.observers.observation import Observation

from .world import World


def recover(world: World, fleet: Fleet, observation: Observation, legacy: Legacy) -> None:
    """Restore the records of the run before, adopt its orphans, and tell all of it."""
    now, journal = world.now(), world.recording.journal
    if journal.replaced:
        _note(world, now, journal.replaced)
    before = world.recording.begin(fleet.own_pid, now)
    if before is None:
        return
    left = journal.unfinished()
    went_on, out = legacy.take_over(now)
    elsewhere = went_on | {fact.id for fact in left.processes if _is_attached(_plan(fact))}
    orphans = [
        key_of(one.id)
        for one in left.descendants
        if one.root not in elsewhere and _runs(key_of(one.id), one.boot_id, journal.boot_id)
    ]
    for one in left.descendants:
        if key_of(one.id) in orphans:
            world.inventory.adopt(key_of(one.id), one.root)
        else:
            world.recording.forget_descendant(one.id)
    _watch_again(world, observation, out)
    others = (fact for fact in left.processes if fact.id not in went_on)
    lost = [fact for fact in others if _restore(world, fleet, observation, fact, now)]
    if before.ended_at is None:
        text = f"the supervisor before (pid {before.pid}) did not end in order: {len(lost)} processes were lost"
        _note(world, now, f"{text}, {len(orphans)} of their descendants still run")


def _restore(world: World, fleet: Fleet, observation: Observation, fact: ProcessFact, now: p.Now) -> bool:
    """Whether the process was lost; its record is restored where it can be read."""
    plan, boot_id = _plan(fact), world.recording.journal.boot_id
    if plan is None:
        # Written by another version: the journal's lines still tell of it.
        world.recording.forget(fact.id)
        return False
    key = (fact.pid, fact.start_ticks) if fact.pid and fact.start_ticks else None
    runs = key is not None and _runs(key, fact.boot_id, boot_id)
    former = starts.Former(id=fact.id, state=State(fact.state), pid=fact.pid, created_at=fact.created_at, runs=runs)
    if runs and _is_attached(plan):
        _watch_again(world, observation, programs.went_on(fleet, plan, former, now))
        return False
    if key and runs:
        world.inventory.adopt(key, fact.id)
    for note in starts.restore(fleet, plan, former, now):
        world.recording.note(note.draft)
    if plan.program:
        programs.restored(fleet, fleet.member(fact.id))
    return True


def _watch_again(world: World, observation: Observation, actions: list[a.Action]) -> None:
    for action in actions:
        match action:
            case a.Watch():
                world.happened.append(observation.watch_again(action))
            case a.Note(draft=draft):
                world.recording.note(draft)


def _plan(fact: ProcessFact) -> Plan | None:
    try:
        return msgspec.json.decode(fact.spec or "", type=Plan)
    except msgspec.DecodeError:
        return None


def _is_attached(plan: Plan | None) -> bool:
    """Whether it is a program of a terminal: not below us, and not ended with us."""
    return plan is not None and plan.program is not None and plan.process.observed


def _runs(key: Key, boot_id_then: str, boot_id: str) -> bool:
    """A pid and a start time mean nothing after a reboot."""
    return boot_id_then == boot_id and lives(key)


def _note(world: World, now: p.Now, text: str) -> None:
    world.recording.note(EventDraft(at=now.wall, kind="supervisor", text=text, by="supervisor"))
