"""The processes of a program that went on without a supervisor: as they were known, so far as they are still there.

Pure.  What ran is taken to run; that it was being stopped, or suspended, shows again.  What has gone meanwhile nobody
saw end: it is `lost`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet import journal_lines
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import LIVE, Trigger
from app.core.fleet.member import Member
from app.core.fleet.stuck import Watch
from app.core.processes import observed_ends
from app.records import primitives as p
from app.records.process import State

from . import program as programs
from .handover_facts import OfProcess
from .watching import watch

Out = list[a.Action]
_WENT_ON = "it went on while the supervisor was away; what it did meanwhile was not seen"
_UNSEEN = "it ended unseen: the supervisor was away"
#: Whether a process is there, be it as a zombie.
Exists = Callable[[p.Key], bool]
_SAMPLED = {
    "cpu_percent": None, "rss_bytes": None, "threads": None, "fds": None, "os_state": None, "descendants": 0,
    "stuck": None, "progress": None, "stopping": None,
}  # fmt: skip


def of_process(fleet: Fleet, process_id: str) -> OfProcess | None:
    """What is to be left about it; None for what ends with us, or is over."""
    member = fleet.members.get(process_id)
    held = fleet.programs.of(member.process.program) if member else None
    if member is None or held is None or not held.program.attached or member.process.pid is None:
        return None
    is_first = member.id == held.program.id
    there = member.process.state in LIVE or member.process.state is State.EXITED
    if not there and not (is_first and held.living):
        return None
    sighting = fleet.programs.sighting(member.id)
    fact = OfProcess(
        program=held.program.id,
        process=replace(member.process, **_SAMPLED),
        sighting=sighting,
        key=member.key or sighting.key,
    )
    if is_first:
        # What it counts is counted anew, and its state follows from its processes.
        record = replace(held.program, processes=0, observed=0)
        return replace(fact, plan=member.plan, record=record, runner=held.runner, entered=held.entered)
    return fact


def take_over(fleet: Fleet, facts: Iterable[OfProcess], exists: Exists, now: p.Now) -> tuple[set[str], Out]:
    """Bring back the records of those programs of which something lives: their ids, and what is to be done."""
    by_program: dict[str, list[OfProcess]] = {}
    for fact in facts:
        by_program.setdefault(fact.program, []).append(fact)
    out: Out = []
    taken = {program for program, theirs in by_program.items() if _program(fleet, theirs, exists, now, out)}
    return taken, out


def _program(fleet: Fleet, facts: list[OfProcess], exists: Exists, now: p.Now, out: Out) -> bool:
    there = {fact.process.id for fact in facts if fact.key and exists(fact.key)}
    first = next((fact for fact in facts if fact.process.id == fact.program), None)
    runs = any(fact.process.state in LIVE and fact.process.id in there for fact in facts)
    if first is None or first.plan is None or first.record is None or not runs:
        return False
    member = _enter(fleet, first, first.plan, now)
    held = programs.opened(fleet, member, attached=True)
    held.program, held.runner = first.record, first.runner
    held.heard = first.record.state != "starting" and first.record.unobserved is None
    for fact in facts:
        if fact is not first and (fact.process.state in LIVE or fact.process.id in there):
            _enter(fleet, fact, e.Plan(process=fact.process, job={}), now)
    held.entered = max(first.entered, len(facts))
    out.append(a.Note(member.draft(now, "program", _WENT_ON, "supervisor")))
    for fact in facts:
        if fact.process.id in fleet.members:
            _settle(fleet, fact, fact.key if fact.process.id in there else None, now, out)
    waiting = [one for one in _members(fleet, facts) if one.process.sentinel and not one.process.sentinel.ready]
    held.unfired.update(one.id for one in waiting)
    if waiting:
        observed_ends.heed_sentinel(fleet, held, waiting[0])
    return True


def _members(fleet: Fleet, facts: Iterable[OfProcess]) -> Iterator[Member]:
    return filter(None, (fleet.members.get(fact.process.id) for fact in facts))


def _enter(fleet: Fleet, fact: OfProcess, plan: e.Plan, now: p.Now) -> Member:
    process = fact.process
    if process.state in LIVE and process.state is not State.STARTING:
        process = replace(process, state=State.RUNNING)
    member = fleet.members[process.id] = Member(process=process, plan=plan, watch=Watch(since=now.mono))
    fleet.programs.seen[process.id] = fact.sighting
    if process.pid is not None:
        fleet.programs.by_pid[process.pid] = process.id
    return member


def _settle(fleet: Fleet, fact: OfProcess, key: p.Key | None, now: p.Now, out: Out) -> None:
    """Watch it; or tell that it is gone."""
    member = fleet.members[fact.process.id]
    if key:
        if member.process.state in LIVE:
            member.key = key
            member.update(alive=True)
        out.append(watch(fleet, member, key[0]))
    elif member.process.state in LIVE:
        member.advance(Trigger.LOSE, alive=False, cause=_UNSEEN)
        journal_lines.write(fleet.lines_of(member), member, "lost", _UNSEEN, None, now, out)
    elif member.process.state is State.EXITED:
        member.advance(Trigger.JOIN)
    programs.follow(fleet, member)
    fleet.changed(member)
