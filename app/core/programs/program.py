"""The programs of the fleet: how each begins, how it stands, and what is told of it in the journal.

Pure.  A program is a member of the fleet, its first process, and all that its processes tell of (`observed`)::

    Launched ────▶ its first process is our child, which execs the command
    Registered ──▶ its first process is that of a terminal: it is watched, and never ended by our own end
    Fleet.tick ──refresh──▶ the records of those programs about whose processes there is something new
"""

from __future__ import annotations

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import LIVE, Trigger
from app.core.fleet.member import Member, create
from app.core.fleet.program_book import Held
from app.core.processes import endings, forgetting, observed_ends, starts
from app.protocol.control import reply
from app.protocol.programs import ProgramEnded, ProgramStarted
from app.records import primitives as p
from app.records.errors import NoSuchProcess, NotPossible
from app.records.process import State
from app.records.program import Program, ProgramSpec

from .unobserved import why_unobserved
from .watching import watch

Out = list[a.Action]
#: Records of ended processes kept of one program.
ENDED_SHOWN = 200


# How it begins


def opened(fleet: Fleet, member: Member, *, attached: bool = False) -> Held:
    """The program whose first process this is; it has the id of that from now on."""
    spec, process = member.plan.program or ProgramSpec(), member.process
    member.update(program=process.id)
    held = fleet.programs.held[process.id] = Held(
        Program(
            id=process.id,
            name=process.name,
            command=spec.command,
            cwd=spec.cwd or "",
            attached=attached,
            state="starting",
            started_at=process.created_at,
            workload=spec.workload,
            safe_pool=spec.safe_pool,
        )
    )
    fleet.changed(member)
    return held


def register(fleet: Fleet, event: e.Registered, now: p.Now, out: Out) -> None:
    """A program is about to be run in a terminal: it gets an id, and what makes it observed."""
    if fleet.stopping_by:
        raise NotPossible("Procession is stopping: no program is taken on")
    member = fleet.add(event.plan, now)
    held = opened(fleet, member, attached=True)
    held.runner = event.runner
    member.advance(Trigger.START)
    out.append(a.Note(member.draft(now, "program", f"procession run: {member.process.target}", event.by)))
    out.append(a.WatchRunner(member.id, event.runner))
    environment = {**event.environment, "PROCESSION_PROGRAM": member.id}
    out.append(a.Answer(event.client, reply(event.request, {"program": held.program, "environment": environment})))


def runner_said(fleet: Fleet, event: e.RunnerSaid, now: p.Now, out: Out) -> None:
    """`procession run` tells that the command runs, or how it ended."""
    command = event.command
    held, member = fleet.programs.of(command.program), fleet.members.get(command.program)
    if held is None or member is None:
        raise NoSuchProcess(f"there is no program {command.program}")
    if not held.program.attached:
        raise NotPossible(f"program {command.program} was not started by procession run")
    match command:
        case ProgramStarted(pid=pid):
            started(fleet, member, pid, now, out)
        case ProgramEnded():
            _ended(fleet, member, command, now, out)
    fleet.changed(member)
    refresh(fleet, now, out)
    out.append(a.Answer(event.client, reply(command.request, {"program": held.program})))


def started(fleet: Fleet, member: Member, pid: int, now: p.Now, out: Out) -> None:
    """The command of an attached program has this pid: it is watched instead of who runs it."""
    held, process = fleet.programs.held[member.id], member.process
    if process.pid == pid:
        return
    if process.state is not State.STARTING or process.pid is not None:
        raise NotPossible(f"program {process.id} cannot start again: it is pid {process.pid}, {process.state}")
    member.advance(Trigger.BOOT, pid=pid, ppid=held.runner, started_by=held.runner, booted=True)
    fleet.programs.by_pid[pid] = member.id
    out.append(watch(fleet, member, pid, parent=held.runner))
    out.append(a.Note(member.draft(now, "started", f"in a terminal, by pid {held.runner}", "cli")))


def _ended(fleet: Fleet, member: Member, command: ProgramEnded, now: p.Now, out: Out) -> None:
    sighting = fleet.programs.sighting(member.id)
    sighting.joined, sighting.joined_as = True, command.exitcode
    if member.process.pid is None and member.process.state is State.STARTING:
        endings.not_spawned(fleet, member, command.error or "the command was not run", now, out)
    elif member.process.state is State.EXITED:
        observed_ends.settle(fleet, member, now)


def restored(fleet: Fleet, member: Member) -> None:
    """The record of a first process was brought back after a crash of the supervisor: so is that of its program."""
    opened(fleet, member, attached=member.plan.process.observed)
    follow(fleet, member)


def went_on(fleet: Fleet, plan: e.Plan, former: starts.Former, now: p.Now) -> list[a.Action]:
    """A program of a terminal survives the supervisor: it is watched again, where there is no `legacy` to tell more."""
    member = create(plan, former.id, now)
    fleet.members[former.id] = member
    member.update(created_at=former.created_at, pid=former.pid, booted=True)
    member.advance(Trigger.START)
    member.advance(Trigger.BOOT)
    restored(fleet, member)
    text = "it went on while the supervisor was away; what it did meanwhile was not seen"
    return [watch(fleet, member, former.pid or 0), a.Note(member.draft(now, "program", text, "supervisor"))]


# How it stands


def follow(fleet: Fleet, member: Member) -> None:
    """Note how one of its processes stands; the record of the program is made anew once in a turn."""
    process = member.process
    held = fleet.programs.of(process.program)
    if held is None:
        return
    if process.state in LIVE:
        held.living.add(member.id)
        held.ended.pop(member.id, None)
        if process.pid is not None:
            fleet.programs.by_pid[process.pid] = member.id
    else:
        held.living.discard(member.id)
        if member.id != held.program.id:
            held.ended.setdefault(member.id)
    if process.observed and process.state is State.EXITED:
        held.unjoined.add(member.id)
    else:
        held.unjoined.discard(member.id)
    fleet.programs.stale.add(held.program.id)


def refresh(fleet: Fleet, now: p.Now, out: Out) -> None:
    """Bring the records up to date where there is something new, and forget what is long over."""
    stale, fleet.programs.stale = fleet.programs.stale, set()
    for held in filter(None, map(fleet.programs.of, stale)):
        before = held.program
        _bring_up_to_date(fleet, held, fleet.members[before.id], now, out)
        _forget_ended(fleet, held, out)
        if held.program != before:
            fleet.dirty.add(before.id)


def _bring_up_to_date(fleet: Fleet, held: Held, first: Member, now: p.Now, out: Out) -> None:
    process, book = first.process, fleet.programs
    if held.run != process.restarts:
        held.run, held.killed, held.heard = process.restarts, None, False
        book.seen.pop(first.id, None)
        held.update(python=None, started_at=now.wall)
    state = _state(held, first)
    ended_at = None if state != "ended" else held.program.ended_at or now.wall
    if state == "ended" != held.program.state:
        out.append(a.Note(first.draft(now, "program", _farewell(held, first), "process")))
    held.update(
        state=state,
        pid=process.pid,
        exitcode=process.exitcode,
        ended_at=ended_at,
        processes=len(held.living) + (process.descendants if held.living else 0),
        observed=sum(book.seen[one].said_hello for one in held.living if one in book.seen),
        not_seen=held.unread + held.beyond,
        unobserved=None if held.heard or state == "starting" else why_unobserved(held.program.command),
    )


def _state(held: Held, first: Member) -> str:
    """``running`` while any of its processes lives, be the first one dead."""
    if held.living - {first.id}:
        return "running"
    if first.process.state in (State.CREATED, State.STARTING):
        return "starting"
    return "running" if held.living else "ended"


def _farewell(held: Held, first: Member) -> str:
    seen = held.entered
    missed = held.unread + held.beyond
    unseen = f"; {missed} reports of it were not seen" if missed else ""
    return f"the program has ended, {first.process.cause or 'its end was not seen'}; {seen} processes seen{unseen}"


def _forget_ended(fleet: Fleet, held: Held, out: Out) -> None:
    """The oldest first, zombies last: they are still there."""
    surplus = len(held.ended) - ENDED_SHOWN
    if surplus > 0:
        by_age = sorted(held.ended, key=lambda one: one in held.unjoined)
        for process_id in by_age[:surplus]:
            forgetting.forget(fleet, fleet.members[process_id], out)
            fleet.not_shown += 1


# What others ask


def to_be_ended(fleet: Fleet, member: Member) -> bool:
    """Whether a stop of everything has to see to it: not to a terminal's, nor to what ends with its program."""
    if fleet.programs.attached(member.process.program):
        return False
    first = fleet.members.get(member.process.program or "")
    return not member.process.observed or first is None or first.process.state not in LIVE
