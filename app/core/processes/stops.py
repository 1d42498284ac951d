"""How a process is stopped: SIGTERM and then SIGKILL to its remembered tree, or SIGKILL at once.

Pure.  `escalation.Stop` is the state of the escalation; this module begins it, publishes it and does what is due.
"""

import signal

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet.cause import Sent
from app.core.fleet.escalation import Stop
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member
from app.core.fleet.tree import tree_of
from app.records import primitives as p
from app.records.process import State, Stopping
from app.records.wording import duration

#: When to look whether a SIGSTOP or SIGCONT took effect, which it does when the process is next scheduled.
_LOOKS_S = (0.002, 0.01, 0.05, 0.2)


def terminate(fleet: Fleet, member: Member, by: str, now: p.Now, out: a.Out) -> None:
    """Stop a process within its grace period, or cancel its automatic restart."""
    member.restart_by = None
    if member.process.state is State.BACKOFF:
        cancel_retry(fleet, member)
        out.append(a.Note(member.draft(now, "stop", "automatic restart cancelled", by)))
        return
    stop(fleet, member, by, member.process.grace_s, now, out)


def kill(fleet: Fleet, member: Member, by: str, now: p.Now, out: a.Out) -> None:
    """Kill a process and its tree at once."""
    member.restart_by = None
    if member.stop is None:
        _begin(fleet, member, by, "SIGKILL", 0.0, now, out)
    else:
        member.stop.hurry(by, now.mono)
        _show(member, now)
    out.append(a.Note(member.draft(now, "stop", "kill requested: SIGKILL to its whole tree", by)))


def stop(fleet: Fleet, member: Member, by: str, grace_s: float, now: p.Now, out: a.Out) -> None:
    """Begin an escalation, or shorten the grace period of the present one."""
    if member.stop:
        member.stop.kill_at = min(member.stop.kill_at, now.mono + grace_s)
        return
    suspended = member.process.state is State.SUSPENDED or member.process.os_state in ("T", "t")
    _begin(fleet, member, by, "SIGTERM", grace_s, now, out)
    if member.key:
        # A stopped process keeps its SIGTERM pending until it is continued.
        signums = (signal.SIGTERM, signal.SIGCONT) if suspended else (signal.SIGTERM,)
        send(member, signums, by, now, out)
    text = f"SIGTERM sent; SIGKILL to its whole tree in {duration(grace_s)}"
    out.append(a.Note(member.draft(now, "stop", text, by)))


def _begin(fleet: Fleet, member: Member, by: str, signal_sent: str, grace_s: float, now: p.Now, out: a.Out) -> None:
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
        out.append(a.Remember(tree_of(fleet, member)))
    _show(member, now)
    fleet.changed(member)


def remembered(fleet: Fleet, member: Member, keys: frozenset[p.Key]) -> None:
    """Take the tree as it was before the first signal."""
    if member.stop:
        member.stop.remember(keys)
        show_left(member)
        fleet.changed(member)


def kill_tree(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    """Kill the remembered tree: the grace period is over, or there was none."""
    assert member.stop
    if not member.stop.leader_gone and not any(one.signum == signal.SIGKILL for one in member.sent):
        member.sent.append(Sent(signum=signal.SIGKILL, by=member.stop.by, at=now.mono))
    if member.process.stopping and member.process.stopping.signal != "SIGKILL":
        member.update(stopping=replace(member.process.stopping, signal="SIGKILL", kill_at=None))
        why = "its process has exited" if member.stop.leader_gone else "grace period over"
        text = f"{why}: SIGKILL to pid {', '.join(map(str, member.stop.left()))}"
        out.append(a.Note(member.draft(now, "stop", text, "supervisor")))
        fleet.changed(member)
    if entry := fleet.programs.entries.get(member.id):
        entry.killed = Sent(signum=signal.SIGKILL, by=member.stop.by, at=now.mono)
    out.append(a.KillTree(tree_of(fleet, member), member.stop.targets()))


def _show(member: Member, now: p.Now) -> None:
    assert member.stop
    stop = member.stop
    kill_at = None if stop.signal == "SIGKILL" else now.wall + stop.kill_at - now.mono
    at = now.wall - (now.mono - stop.asked_at)
    member.update(stopping=Stopping(signal=stop.signal, by=stop.by, at=at, kill_at=kill_at, left=stop.left()))


def show_left(member: Member) -> None:
    """Publish which pids of the tree are left."""
    if member.stop and member.process.stopping:
        member.update(stopping=replace(member.process.stopping, left=member.stop.left()))


def cancel_retry(fleet: Fleet, member: Member) -> None:
    """Cancel the automatic restart of a process in backoff."""
    member.retry_at = None
    member.advance(Trigger.CANCEL, backoff=None)
    fleet.changed(member)


def send(member: Member, signums: tuple[int, ...], by: str, now: p.Now, out: a.Out) -> None:
    """Send signals to the process itself, and remember them for the cause of its end."""
    member.sent += [Sent(signum=signum, by=by, at=now.mono) for signum in signums if signum != signal.SIGCONT]
    del member.sent[:-20]
    member.looks = [now.mono + pause for pause in _LOOKS_S]
    if member.key:
        out.append(a.SendTo(member.id, signums, observed=member.process.observed))
