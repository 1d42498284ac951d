"""The programs of the fleet: how each begins, its state, and its lines in the journal.

Pure.  A program is a member of the fleet, its first process, and all processes that these report (`observed`)::

    Launched ──────▶ its first process is a child of the supervisor, which execs the command
    Registered ────▶ its first process runs in a terminal: it is watched, and outlives the supervisor
    Deciding.tick ──refresh──▶ the records of the programs whose processes have changed
"""

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member, create
from app.core.fleet.program_book import ProgramEntry
from app.core.processes import endings, forgetting, observed_ends, starts
from app.protocol.control import reply
from app.protocol.programs import ProgramEnded, ProgramStarted
from app.records import primitives as p
from app.records.errors import NoSuchProcess, NotPossible
from app.records.masking import masked_command
from app.records.process import LIVE, State
from app.records.program import Program, ProgramSpec

from .unobserved import why_unobserved
from .watching import watch

#: How many records of ended processes are kept per program.
ENDED_SHOWN = 200
WENT_ON = "ran on while the supervisor was away; events in the meantime were not seen"


# Its beginning


def open_entry(fleet: Fleet, member: Member, *, attached: bool = False) -> ProgramEntry:
    """Add the program whose first process this is, and return it; both have the same id."""
    spec, process = member.plan.program or ProgramSpec(), member.process
    member.update(program=process.id)
    entry = fleet.programs.entries[process.id] = ProgramEntry(
        Program(
            id=process.id,
            name=process.name,
            command=tuple(masked_command(spec.command)),
            cwd=spec.cwd or "",
            attached=attached,
            state="starting",
            started_at=process.created_at,
            workload=spec.workload,
            safe_pool=spec.safe_pool,
        )
    )
    fleet.changed(member)
    return entry


def register(fleet: Fleet, event: e.Registered, now: p.Now, out: a.Out) -> None:
    """Register a program that is about to run in a terminal; answer its id and the environment to observe it."""
    if fleet.stopping_by:
        raise NotPossible("Procession is stopping; no program can be registered")
    member = fleet.add(event.plan, now)
    entry = open_entry(fleet, member, attached=True)
    entry.runner = event.runner
    member.advance(Trigger.START)
    out.append(a.Note(member.draft(now, "program", f"procession run: {member.process.target}", event.by)))
    out.append(a.WatchRunner(member.id, event.runner))
    environment = {**event.environment, "PROCESSION_PROGRAM": member.id}
    out.append(a.Answer(event.client, reply(event.request, {"program": entry.program, "environment": environment})))


def runner_said(fleet: Fleet, client: int, command: ProgramStarted | ProgramEnded, now: p.Now, out: a.Out) -> None:
    """Take the report of `procession run` that its command started or exited."""
    entry, member = fleet.programs.of(command.program), fleet.members.get(command.program)
    if entry is None or member is None:
        raise NoSuchProcess(f"program not found: {command.program}")
    if not entry.program.attached:
        raise NotPossible(f"program {command.program} was not started by procession run")
    match command:
        case ProgramStarted(pid=pid):
            started(fleet, member, pid, now, out)
        case ProgramEnded():
            _ended(fleet, member, command, now, out)
    fleet.changed(member)
    refresh(fleet, now, out)
    out.append(a.Answer(client, reply(command.request, {"program": entry.program})))


def started(fleet: Fleet, member: Member, pid: int, now: p.Now, out: a.Out) -> None:
    """Record the pid of the command of an attached program, and watch it instead of its `procession run`."""
    entry, process = fleet.programs.entries[member.id], member.process
    if process.pid == pid:
        return
    if process.state is not State.STARTING or process.pid is not None:
        raise NotPossible(f"start is not possible: program {process.id} is {process.state} as pid {process.pid}")
    member.advance(Trigger.BOOT, pid=pid, ppid=entry.runner, started_by=entry.runner, booted=True)
    fleet.programs.by_pid[pid] = member.id
    out.append(watch(fleet, member, pid))
    out.append(a.Note(member.draft(now, "started", f"in a terminal, by pid {entry.runner}", "cli")))


def _ended(fleet: Fleet, member: Member, command: ProgramEnded, now: p.Now, out: a.Out) -> None:
    reported = fleet.programs.reported_of(member.id)
    reported.joined, reported.joined_as = True, command.exitcode
    if member.process.pid is None and member.process.state is State.STARTING:
        endings.not_spawned(fleet, member, command.error or "the command was not started", now, out)
    elif member.process.state is State.EXITED:
        observed_ends.settle(fleet, member, now)


def restored(fleet: Fleet, member: Member) -> None:
    """Bring back the record of a program whose first process was restored after a crash of the supervisor."""
    open_entry(fleet, member, attached=member.plan.process.observed)
    follow(fleet, member)


def went_on(fleet: Fleet, plan: e.Plan, former: starts.Former, now: p.Now) -> list[a.Action]:
    """Watch a program in a terminal again after a crash of the supervisor that left no handover of it."""
    member = create(plan, former.id, now)
    fleet.members[former.id] = member
    member.update(created_at=former.created_at, pid=former.pid, booted=True)
    member.advance(Trigger.START)
    member.advance(Trigger.BOOT)
    restored(fleet, member)
    return [watch(fleet, member, former.pid or 0), a.Note(member.draft(now, "program", WENT_ON, "supervisor"))]


# Its state


def follow(fleet: Fleet, member: Member) -> None:
    """Note the state of one of its processes; the record of the program is updated once a turn."""
    process = member.process
    entry = fleet.programs.of(process.program)
    if entry is None:
        return
    if process.state in LIVE:
        entry.living.add(member.id)
        entry.ended.pop(member.id, None)
        if process.pid is not None:
            fleet.programs.by_pid[process.pid] = member.id
    else:
        entry.living.discard(member.id)
        if member.id != entry.program.id:
            entry.ended.setdefault(member.id)
    if process.observed and process.state is State.EXITED:
        entry.unjoined.add(member.id)
    else:
        entry.unjoined.discard(member.id)
    fleet.programs.stale.add(entry.program.id)


def refresh(fleet: Fleet, now: p.Now, out: a.Out) -> None:
    """Update the records of the programs that changed, and forget surplus ended processes."""
    stale, fleet.programs.stale = fleet.programs.stale, set()
    for entry in filter(None, map(fleet.programs.of, stale)):
        before = entry.program
        _update(fleet, entry, fleet.members[before.id], now, out)
        _forget_ended(fleet, entry, out)
        if entry.program != before:
            fleet.dirty.add(before.id)


def _update(fleet: Fleet, entry: ProgramEntry, first: Member, now: p.Now, out: a.Out) -> None:
    process, book = first.process, fleet.programs
    if entry.run != process.restarts:
        entry.run, entry.killed, entry.heard = process.restarts, None, False
        book.reported.pop(first.id, None)
        entry.update(python=None, started_at=now.wall)
    state = _state(entry, first)
    ended_at = None if state != "ended" else entry.program.ended_at or now.wall
    if state == "ended" != entry.program.state:
        out.append(a.Note(first.draft(now, "program", _last_line(entry, first), "process")))
    entry.update(
        state=state,
        pid=process.pid,
        exitcode=process.exitcode,
        ended_at=ended_at,
        processes=len(entry.living) + (process.descendants if entry.living else 0),
        observed=sum(book.reported[one].said_hello for one in entry.living if one in book.reported),
        not_seen=entry.unread + entry.beyond,
        unobserved=None if entry.heard or state == "starting" else why_unobserved(entry.program.command),
    )


def _state(entry: ProgramEntry, first: Member) -> str:
    """Return its state: ``running`` while any of its processes lives, even if the first one is dead."""
    if entry.living - {first.id}:
        return "running"
    if first.process.state in (State.CREATED, State.STARTING):
        return "starting"
    return "running" if entry.living else "ended"


def _last_line(entry: ProgramEntry, first: Member) -> str:
    missed = entry.unread + entry.beyond
    not_seen = f"; {missed:,} of its reports were not seen" if missed else ""
    processes = "1 process" if entry.entered == 1 else f"{entry.entered:,} processes"
    return f"program ended: {first.process.cause or 'exit not seen'}; {processes}{not_seen}"


def _forget_ended(fleet: Fleet, entry: ProgramEntry, out: a.Out) -> None:
    """Forget the oldest first, zombies last: they still exist."""
    surplus = len(entry.ended) - ENDED_SHOWN
    if surplus > 0:
        by_age = sorted(entry.ended, key=lambda one: one in entry.unjoined)
        for process_id in by_age[:surplus]:
            forgetting.forget(fleet, fleet.members[process_id], out)
            fleet.not_shown += 1


# A stop of everything


def to_be_ended(fleet: Fleet, member: Member) -> bool:
    """Return whether a stop of everything must end it: not a program in a terminal, nor what ends with its program."""
    if fleet.programs.attached(member.process.program):
        return False
    first = fleet.members.get(member.process.program or "")
    return not member.process.observed or first is None or first.process.state not in LIVE
