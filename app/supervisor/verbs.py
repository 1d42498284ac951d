"""What a wish leads to: launch, start, terminate, kill, close, restart, suspend, resume, signal, join, stop all.

Pure.  The semantics are those of `multiprocessing.Process`: start only once, join not before start, close not while it
runs.  Each function changes one `Member` and appends the actions that follow.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from msgspec.structs import replace

from . import actions as a
from .cause import Sent, signal_name
from .errors import NotPossible
from .lifecycle import JOINABLE, LIVE, Trigger, advance
from .member import Member, Waiter
from .messages import reply
from .model import Sentinel, State, Stopping, Verb
from .stopping import Stop
from .stuck import Watch

if TYPE_CHECKING:
    from .fleet import Fleet

Out = list[a.Action]

#: When to look whether a SIGSTOP or SIGCONT has taken effect: it does so when the process is next scheduled.
_LOOKS_S = (0.002, 0.01, 0.05, 0.2)
#: How long a closed record stays to be seen.
_CLOSED_SHOWN_S = 10.0
_CREATED_ANEW = {
    "alive": False, "booted": False, "exitcode": None, "cause": None, "error": None, "failed": False, "stuck": None,
    "progress": None, "stopping": None, "backoff": None, "sentinel": None, "exited_at": None, "descendants": 0,
    "pid": None, "ppid": None, "start_time": None, "cpu_percent": None, "rss_bytes": None, "threads": None, "fds": None,
    "os_state": None,
}  # fmt: skip


def create(plan: a.Plan, process_id: str, now: a.Now) -> Member:
    """A member as it is before start()."""
    name = plan.process.name or plan.process.workload or plan.process.target
    process = replace(plan.process, id=process_id, name=name, created_at=now.wall)
    return Member(process=process, plan=plan, watch=Watch(since=now.mono))


def launch(fleet: Fleet, event: a.Launched, now: a.Now, out: Out) -> None:
    """Create ``count`` processes and, where ``auto_start``, start them."""
    _refuse_while_stopping(fleet)
    if sum(1 for _ in fleet.live()) + event.count > fleet.max_processes:
        raise NotPossible(f"at most {fleet.max_processes} processes may live at once (PROCESSION_MAX_PROCESSES)")
    members = [fleet.add(event.plan, now) for _ in range(event.count)]
    for member in members:
        out.append(a.Note(member.draft(now, "created", f"created: {member.process.target}", event.by)))
        if member.process.auto_start:
            _begin_start(fleet, member, Trigger.START, event.by)
    records = [member.process for member in members]
    out.append(a.Answer(event.client, reply(event.request, {"processes": records})))


def act(fleet: Fleet, event: a.Acted, now: a.Now, out: Out) -> None:
    """Do a verb, journal it with who gave it, answer with the record as it then stands."""
    member = fleet.member(event.process)
    _check_pid(member, event.pid)
    _VERBS[event.verb](fleet, member, event.by, now, out)
    fleet.changed(member)
    out.append(a.Answer(event.client, reply(event.request, member.process)))


def send_signal(fleet: Fleet, event: a.Signalled, now: a.Now, out: Out) -> None:
    """Send any signal to the process itself."""
    member = fleet.member(event.process)
    _check_pid(member, event.pid)
    _check_alive(member, f"signal {signal_name(event.signum)}")
    _send(member, (event.signum,), event.by, now, out)
    out.append(a.Note(member.draft(now, "signal", f"{signal_name(event.signum)} sent", event.by)))
    fleet.changed(member)
    out.append(a.Answer(event.client, reply(event.request, member.process)))


def join(fleet: Fleet, event: a.Joining, now: a.Now, out: Out) -> None:
    """Answer when it has ended, or when the timeout is over; a zombie is reaped."""
    member, command = fleet.member(event.command.process), event.command
    state = member.process.state
    if state in (State.CREATED, State.CLOSED):
        raise NotPossible(f"join is not possible while the process is {state}")
    until = None if command.timeout_s is None else now.mono + command.timeout_s
    member.waiters.append(Waiter(event.client, command.request, until))
    if state is State.EXITED:
        out.append(a.Note(member.draft(now, "joined", "join asked for", command.by)))
        out.append(a.Reap(member.id))
    elif state in JOINABLE:
        answer_joins(member, out)
    fleet.changed(member)


def stop_all(fleet: Fleet, event: a.StopAll, now: a.Now, out: Out) -> None:
    """End everything; nothing new may start."""
    fleet.stopping_by = event.by
    for member in fleet.members.values():
        member.restart_by = None
        if member.process.state in LIVE:
            _stop(fleet, member, event.by, _capped(member.process.grace_s, event.within_s), now, out)
        elif member.process.state is State.BACKOFF:
            _cancel_retry(fleet, member)


# Starting


def retry(fleet: Fleet, member: Member, out: Out) -> None:
    """The back-off is over."""
    out.append(a.Close(member.id))
    _begin_start(fleet, member, Trigger.RESTART, "policy")
    fleet.changed(member)


def spawn(fleet: Fleet, member: Member, now: a.Now, out: Out) -> None:
    """It is this member's turn to be started."""
    member.spawning = False
    out.append(a.Spawn(member.process, {**member.plan.job, "id": member.id}))


def spawned(fleet: Fleet, member: Member, event: a.Spawned, now: a.Now, out: Out) -> None:
    """start() returned: there is a process of the OS."""
    member.key, member.started_at = event.key, now.mono
    member.watch = Watch(since=now.mono, busy_at=now.mono)
    member.update(
        pid=event.key[0],
        ppid=event.ppid,
        started_by=fleet.own_pid,
        alive=True,
        start_time=now.wall,
        sentinel=Sentinel(fd=event.sentinel_fd, ready=False),
    )
    fleet.changed(member)
    by, again = member.spawn_by or "supervisor", f", restart {member.process.restarts}" if member.process.restarts else ""
    out.append(a.Note(member.draft(now, "started", f"started by {member.process.start_method}{again}", by)))


def _begin_start(fleet: Fleet, member: Member, trigger: Trigger, by: str) -> None:
    again = trigger is Trigger.RESTART
    member.advance(trigger, **(_CREATED_ANEW if again else {}))
    if again:
        member.update(restarts=member.process.restarts + 1)
    member.sent, member.error, member.failed_to_start, member.stopped = [], None, False, False
    member.retry_at, member.restart_by, member.spawn_by = None, None, by
    fleet.enqueue_start(member)
    fleet.changed(member)


def _start(fleet: Fleet, member: Member, by: str, now: a.Now, out: Out) -> None:
    _refuse_while_stopping(fleet)
    _begin_start(fleet, member, Trigger.START, by)


def _restart(fleet: Fleet, member: Member, by: str, now: a.Now, out: Out) -> None:
    _refuse_while_stopping(fleet)
    state = member.process.state
    if state in LIVE or state is State.EXITED:
        out.append(a.Note(member.draft(now, "restarted", "restart asked for", by)))
        member.restart_by = by
        if state is State.EXITED:
            out.append(a.Reap(member.id))
        elif state is not State.STOPPING:
            _stop(fleet, member, by, member.process.grace_s, now, out)
        return
    advance(state, Trigger.RESTART)
    out.append(a.Note(member.draft(now, "restarted", "restart asked for", by)))
    begin_restart(fleet, member, by, out)


def begin_restart(fleet: Fleet, member: Member, by: str, out: Out) -> None:
    """A new Process object under the same id, because a person wants it: the count of failures starts anew."""
    member.attempts = 0
    out.append(a.Close(member.id))
    _begin_start(fleet, member, Trigger.RESTART, by)


# Ending


def _terminate(fleet: Fleet, member: Member, by: str, now: a.Now, out: Out) -> None:
    member.restart_by = None
    if member.process.state is State.BACKOFF:
        _cancel_retry(fleet, member)
        out.append(a.Note(member.draft(now, "stop", "automatic restarts cancelled", by)))
        return
    if member.stop:
        raise NotPossible(f"terminate is not possible while the process is stopping: {member.stop.signal} is sent")
    _stop(fleet, member, by, member.process.grace_s, now, out)


def _kill(fleet: Fleet, member: Member, by: str, now: a.Now, out: Out) -> None:
    member.restart_by = None
    if member.stop is None:
        _begin_stop(fleet, member, by, "SIGKILL", 0.0, now, out)
    else:
        member.stop.hurry(by, now.mono)
        _show_stop(member, now)
    out.append(a.Note(member.draft(now, "stop", "kill asked for: SIGKILL to the whole tree", by)))


def _stop(fleet: Fleet, member: Member, by: str, grace_s: float, now: a.Now, out: Out) -> None:
    if member.stop:
        member.stop.kill_at = min(member.stop.kill_at, now.mono + grace_s)
        return
    suspended = member.process.state is State.SUSPENDED or member.process.os_state in ("T", "t")
    _begin_stop(fleet, member, by, "SIGTERM", grace_s, now, out)
    if member.key:
        # A stopped process keeps its SIGTERM pending until it is continued.
        signums = (signal.SIGTERM, signal.SIGCONT) if suspended else (signal.SIGTERM,)
        _send(member, signums, by, now, out)
    text = f"SIGTERM sent; SIGKILL to its whole tree in {grace_s:g} s"
    out.append(a.Note(member.draft(now, "stop", text, by)))


def _begin_stop(
    fleet: Fleet, member: Member, by: str, signal_sent: str, grace_s: float, now: a.Now, out: Out
) -> None:
    member.advance(Trigger.STOP, stuck=None)
    if member.spawning:
        fleet.cancel_start(member)
    member.stopped = True
    member.stop = Stop(
        by=by,
        signal=signal_sent,
        asked_at=now.mono,
        kill_at=now.mono + grace_s,
        leader=member.key or (0, 0),
        leader_gone=member.key is None,
        checked=member.key is None,
    )
    if member.key:
        out.append(a.Remember(member.id))
    _show_stop(member, now)
    fleet.changed(member)


def remembered(fleet: Fleet, member: Member, keys: frozenset[a.Key]) -> None:
    """The tree, taken before the first signal."""
    if member.stop:
        member.stop.remember(keys)
        show_left(member)
        fleet.changed(member)


def kill_tree(fleet: Fleet, member: Member, now: a.Now, out: Out) -> None:
    """The grace is over, or was none: kill all that is remembered."""
    assert member.stop
    if not member.stop.leader_gone and not any(one.signum == signal.SIGKILL for one in member.sent):
        member.sent.append(Sent(signum=signal.SIGKILL, by=_killer(member.stop), at=now.mono))
    if member.process.stopping and member.process.stopping.signal != "SIGKILL":
        member.update(stopping=replace(member.process.stopping, signal="SIGKILL", kill_at=None))
        text = f"grace is over: SIGKILL to {len(member.stop.targets())} processes"
        out.append(a.Note(member.draft(now, "stop", text, "supervisor")))
        fleet.changed(member)
    out.append(a.KillTree(member.id, member.stop.targets()))


def _killer(stop: Stop) -> str:
    return stop.by if stop.signal == "SIGKILL" else f"the escalation of {stop.by}'s terminate"


def _show_stop(member: Member, now: a.Now) -> None:
    assert member.stop
    stop = member.stop
    kill_at = None if stop.signal == "SIGKILL" else now.wall + stop.kill_at - now.mono
    at = now.wall - (now.mono - stop.asked_at)
    member.update(stopping=Stopping(signal=stop.signal, by=stop.by, at=at, kill_at=kill_at, left=stop.left()))


def show_left(member: Member) -> None:
    """Publish which pids of the tree are left."""
    if member.stop and member.process.stopping:
        member.update(stopping=replace(member.process.stopping, left=member.stop.left()))


def _close(fleet: Fleet, member: Member, by: str, now: a.Now, out: Out) -> None:
    if member.process.state in LIVE:
        raise NotPossible(f"close is not possible while the process is {member.process.state}: end it first")
    member.advance(Trigger.CLOSE, sentinel=None)
    member.forget_at = now.mono + _CLOSED_SHOWN_S
    out.append(a.Note(member.draft(now, "closed", "closed", by)))
    out.append(a.Close(member.id))


def _cancel_retry(fleet: Fleet, member: Member) -> None:
    member.retry_at = None
    member.advance(Trigger.CANCEL, backoff=None)
    fleet.changed(member)


# Signals


def _suspend(fleet: Fleet, member: Member, by: str, now: a.Now, out: Out) -> None:
    _check_running(member, Trigger.SUSPEND, State.RUNNING)
    out.append(a.Note(member.draft(now, "signal", "SIGSTOP sent: suspend", by)))
    _send(member, (signal.SIGSTOP,), by, now, out)


def _resume(fleet: Fleet, member: Member, by: str, now: a.Now, out: Out) -> None:
    _check_running(member, Trigger.RESUME, State.SUSPENDED)
    out.append(a.Note(member.draft(now, "signal", "SIGCONT sent: resume", by)))
    _send(member, (signal.SIGCONT,), by, now, out)


def _send(member: Member, signums: tuple[int, ...], by: str, now: a.Now, out: Out) -> None:
    member.sent += [Sent(signum=signum, by=by, at=now.mono) for signum in signums if signum != signal.SIGCONT]
    del member.sent[:-20]
    member.looks = [now.mono + pause for pause in _LOOKS_S]
    out.append(a.SendTo(member.id, signums))


# Joins


def answer_joins(member: Member, out: Out) -> None:
    """It has ended: tell all who wait."""
    for waiter in member.waiters:
        out.append(_joined(member, waiter, joined=True))
    member.waiters = []


def expire_joins(member: Member, now: a.Now, out: Out) -> None:
    """Tell those whose timeout is over."""
    for waiter in [one for one in member.waiters if one.until is not None and one.until <= now.mono]:
        member.waiters.remove(waiter)
        out.append(_joined(member, waiter, joined=False))


def _joined(member: Member, waiter: Waiter, *, joined: bool) -> a.Answer:
    result = {"joined": joined, "exitcode": member.process.exitcode}
    return a.Answer(waiter.client, reply(waiter.request, result))


# Refusals


def _refuse_while_stopping(fleet: Fleet) -> None:
    if fleet.stopping_by:
        raise NotPossible("Procession is stopping: nothing new is started")


def _check_pid(member: Member, pid: int | None) -> None:
    if pid is not None and pid != member.process.pid:
        raise NotPossible(f"{member.id} is no longer pid {pid}: it is pid {member.process.pid} now")


def _check_alive(member: Member, what: str) -> None:
    if member.key is None or member.process.state not in LIVE:
        raise NotPossible(f"{what} is not possible while the process is {member.process.state}")


def _check_running(member: Member, trigger: Trigger, wanted: State) -> None:
    if member.process.state is not wanted or member.key is None:
        raise NotPossible(f"{trigger} is not possible while the process is {member.process.state}, only while {wanted}")


def _capped(grace_s: float, within_s: float | None) -> float:
    return grace_s if within_s is None else min(grace_s, within_s)


_VERBS = {
    Verb.START: _start,
    Verb.TERMINATE: _terminate,
    Verb.KILL: _kill,
    Verb.CLOSE: _close,
    Verb.RESTART: _restart,
    Verb.SUSPEND: _suspend,
    Verb.RESUME: _resume,
}
