"""What follows from a command: launch, start, terminate, kill, close, restart, suspend, resume, signal, stop all.

Pure.  The semantics are those of `multiprocessing.Process`: start only once, join only after start, close only if it
does not run.  Each function changes one `Member` and appends the actions that follow.
"""

import signal

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.cause import signal_number
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member, name_of
from app.core.pools import pool
from app.core.processes import joins, starts, stops
from app.core.programs import program
from app.protocol import control as m
from app.records import primitives as p
from app.records.errors import NoSuchProcess, NotPossible
from app.records.primitives import JsonDict
from app.records.process import LIVE, State
from app.records.verbs import OF_PARENTS, Verb, check
from app.records.wording import signal_name

#: How long a closed record is still shown.
_CLOSED_SHOWN_S = 5.0


def launch(fleet: Fleet, event: e.Launched, now: p.Now, out: a.Out) -> None:
    """Create ``count`` processes and, where ``auto_start``, start them."""
    starts.refuse_while_stopping(fleet)
    if sum(1 for _ in fleet.live()) + event.count > fleet.max_processes:
        raise NotPossible(f"at most {fleet.max_processes:,} processes may run at once (PROCESSION_MAX_PROCESSES)")
    plans = [event.plan] if event.count == 1 else [_numbered(event.plan, n) for n in range(1, event.count + 1)]
    members = [fleet.add(one, now) for one in plans]
    for member in members:
        out.append(a.Note(member.draft(now, "created", member.process.target, event.by)))
        if member.process.auto_start:
            starts.begin(fleet, member, Trigger.START, event.by)
    if event.plan.pool:
        (host,) = members
        answer: JsonDict = {"pool": pool.follow(fleet, host, now, out).pool}
    elif event.plan.program:
        (first,) = members
        answer = {"program": program.open_entry(fleet, first).program, "process": first.process}
    else:
        answer = {"processes": [member.process for member in members]}
    out.append(a.Answer(event.client, m.reply(event.request, answer)))


def _numbered(plan: e.Plan, number: int) -> e.Plan:
    """Return the plan with a numbered name, as `multiprocessing` gives them: ``worker-3``."""
    return replace(plan, process=replace(plan.process, name=f"{name_of(plan.process)}-{number}"))


def act(fleet: Fleet, client: int, command: m.Act, now: p.Now, out: a.Out) -> None:
    """Do a verb, journal it with its user, and answer with the record."""
    member = fleet.member(command.process)
    _check_pid(member, command.pid)
    _check_ours(member, command.verb)
    check(command.verb, member.process.state)
    _VERBS[command.verb](fleet, member, command.by, now, out)
    fleet.changed(member)
    out.append(a.Answer(client, m.reply(command.request, member.process)))


def send_signal(fleet: Fleet, client: int, command: m.SendSignal, now: p.Now, out: a.Out) -> None:
    """Send a signal to the process itself."""
    signum, member = signal_number(command.signal), fleet.member(command.process)
    _check_pid(member, command.pid)
    check("signal", member.process.state)
    if member.key is None:
        raise NotPossible("signal is not possible before the process is started")
    stops.send(member, (signum,), command.by, now, out)
    out.append(a.Note(member.draft(now, "signal", f"{signal_name(signum)} sent", command.by)))
    fleet.changed(member)
    out.append(a.Answer(client, m.reply(command.request, member.process)))


def signal_descendant(fleet: Fleet, client: int, command: m.EndDescendant, out: a.Out) -> None:
    """Send a signal to a descendant or an orphan that the last sweep saw."""
    signum, one = signal_number(command.signal), fleet.descendants.get(command.descendant)
    if one is None:
        raise NoSuchProcess(f"descendant not found: {command.descendant}")
    out.append(a.SignalDescendant(client, command, one, signum))


def stop_all(fleet: Fleet, event: e.StopAll, now: p.Now, out: a.Out) -> None:
    """End everything; nothing may start any more."""
    fleet.stopping_by = event.by
    for member in fleet.members.values():
        if not program.to_be_ended(fleet, member):
            continue
        member.restart_by = None
        if member.process.state in LIVE:
            stops.stop(fleet, member, event.by, _capped(member.process.grace_s, event.within_s), now, out)
        elif member.process.state is State.EXITED and not member.process.observed:
            out.append(a.Reap(member.id))
        elif member.process.state is State.BACKOFF:
            stops.cancel_retry(fleet, member)


def _close(fleet: Fleet, member: Member, by: str, now: p.Now, out: a.Out) -> None:
    if fleet.programs.kept(member.id):
        raise NotPossible(f"close is not possible while processes of program {member.id} run; end them first")
    member.advance(Trigger.CLOSE, sentinel=None)
    member.forget_at = now.mono + _CLOSED_SHOWN_S
    out.append(a.Note(member.draft(now, "closed", "by close()", by)))
    out.append(a.Close(member.id))


# Signals


def _suspend(fleet: Fleet, member: Member, by: str, now: p.Now, out: a.Out) -> None:
    out.append(a.Note(member.draft(now, "signal", "SIGSTOP sent: suspend", by)))
    stops.send(member, (signal.SIGSTOP,), by, now, out)


def _resume(fleet: Fleet, member: Member, by: str, now: p.Now, out: a.Out) -> None:
    out.append(a.Note(member.draft(now, "signal", "SIGCONT sent: resume", by)))
    stops.send(member, (signal.SIGCONT,), by, now, out)


# Refusals


def _check_pid(member: Member, pid: int | None) -> None:
    if pid is not None and pid != member.process.pid:
        raise NotPossible(f"{member.id} is no longer pid {pid}, but pid {member.process.pid}")


def _check_ours(member: Member, verb: Verb) -> None:
    if member.process.observed and verb in OF_PARENTS:
        raise NotPossible(joins.not_ours(member, verb))


def _capped(grace_s: float, within_s: float | None) -> float:
    return grace_s if within_s is None else min(grace_s, within_s)


_VERBS = {
    Verb.START: starts.start,
    Verb.TERMINATE: stops.terminate,
    Verb.KILL: stops.kill,
    Verb.CLOSE: _close,
    Verb.RESTART: starts.restart,
    Verb.SUSPEND: _suspend,
    Verb.RESUME: _resume,
}
