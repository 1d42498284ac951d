"""Programs that ran on without a supervisor: their records are taken over by the next one.

Pure.  A process that ran is taken to run; that it is suspended is seen again.  One that has gone in the meantime, whose
end was not seen, is `lost`.
"""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet import journal_lines
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member
from app.core.fleet.stuck import ProgressWatch
from app.core.processes import observed_ends
from app.records import primitives as p
from app.records.guard import NO_GUARD, Guarding
from app.records.process import LIVE, NOT_SAMPLED, State

from . import program
from .handover_facts import OfProcess
from .watching import watch

_UNSEEN = "exit not seen: the supervisor was away"
#: Whether a process exists, if only as a zombie.
Exists = Callable[[p.Key], bool]
_OF_THE_MOMENT = {**NOT_SAMPLED, "descendants": 0, "stuck": None, "progress": None, "stopping": None}


def of_process(fleet: Fleet, process_id: str) -> OfProcess | None:
    """Return what to leave to the next supervisor; None for a process that ends with this one, or has ended."""
    member = fleet.members.get(process_id)
    entry = fleet.programs.of(member.process.program) if member else None
    if member is None or entry is None or not entry.program.attached or member.process.pid is None:
        return None
    is_first = member.id == entry.program.id
    there = member.process.state in LIVE or member.process.state is State.EXITED
    if not there and not (is_first and entry.living):
        return None
    reported = fleet.programs.reported_of(member.id)
    fact = OfProcess(
        program=entry.program.id,
        process=replace(member.process, **_OF_THE_MOMENT),
        reported=reported,
        key=member.key or reported.key,
    )
    if is_first:
        # Its processes are counted again, and its state follows from them.
        record = replace(entry.program, processes=0, observed=0)
        return replace(fact, plan=member.plan, record=record, runner=entry.runner, entered=entry.entered)
    return fact


def take_over(
    fleet: Fleet, facts: Iterable[OfProcess], exists: Exists, now: p.Now, guard: Guarding = NO_GUARD
) -> tuple[dict[str, bool], a.Out]:
    """Bring back the programs that still have a living process; return which were brought back, and the actions.

    A program that is missing could not be brought back, because its facts contradict each other.
    """
    by_program: dict[str, list[OfProcess]] = {}
    for fact in facts:
        by_program.setdefault(fact.program, []).append(fact)
    out: a.Out = []
    taken: dict[str, bool] = {}
    for key, theirs in by_program.items():
        actions: a.Out = []
        with guard.over("programs to take over", partial(_drop, fleet, theirs)):
            taken[key] = _take_program(fleet, theirs, exists, now, actions)
            out += actions
    return taken, out


def _drop(fleet: Fleet, facts: Iterable[OfProcess]) -> None:
    """Remove the records of a program that could not be taken over."""
    for fact in facts:
        if member := fleet.members.get(fact.process.id):
            fleet.drop(member)


def _take_program(fleet: Fleet, facts: list[OfProcess], exists: Exists, now: p.Now, out: a.Out) -> bool:
    there = {fact.process.id for fact in facts if fact.key and exists(fact.key)}
    first = next((fact for fact in facts if fact.process.id == fact.program), None)
    runs = any(fact.process.state in LIVE and fact.process.id in there for fact in facts)
    if first is None or first.plan is None or first.record is None or not runs:
        return False
    member = _enter(fleet, first, first.plan, now)
    entry = program.open_entry(fleet, member, attached=True)
    entry.program, entry.runner = first.record, first.runner
    entry.heard = first.record.state != "starting" and first.record.unobserved is None
    for fact in facts:
        if fact is not first and (fact.process.state in LIVE or fact.process.id in there):
            _enter(fleet, fact, e.Plan(process=fact.process, job={}), now)
    entry.entered = max(first.entered, len(facts))
    out.append(a.Note(member.draft(now, "program", program.WENT_ON, "supervisor")))
    for fact in facts:
        if fact.process.id in fleet.members:
            _settle(fleet, fact, fact.key if fact.process.id in there else None, now, out)
    waiting = [one for one in _members(fleet, facts) if one.process.sentinel and not one.process.sentinel.ready]
    entry.unfired.update(one.id for one in waiting)
    if waiting:
        observed_ends.take_sentinel(fleet, entry, waiting[0])
    return True


def _members(fleet: Fleet, facts: Iterable[OfProcess]) -> Iterator[Member]:
    return filter(None, (fleet.members.get(fact.process.id) for fact in facts))


def _enter(fleet: Fleet, fact: OfProcess, plan: e.Plan, now: p.Now) -> Member:
    process = fact.process
    if process.state in LIVE and process.state is not State.STARTING:
        process = replace(process, state=State.RUNNING)
    member = fleet.members[process.id] = Member(process=process, plan=plan, watch=ProgressWatch(since=now.mono))
    fleet.programs.reported[process.id] = fact.reported
    if process.pid is not None:
        fleet.programs.by_pid[process.pid] = process.id
    return member


def _settle(fleet: Fleet, fact: OfProcess, key: p.Key | None, now: p.Now, out: a.Out) -> None:
    """Watch a process, or record that it is gone."""
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
    program.follow(fleet, member)
    fleet.changed(member)
