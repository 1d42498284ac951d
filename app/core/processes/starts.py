"""How a process is started: at a launch, by a verb, after a stop, or by its restart policy.

Pure.  start() is called once per Process object; a restart is a new object under the same id.
"""

from msgspec import Struct

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member, create
from app.core.fleet.stuck import ProgressWatch
from app.records import primitives as p
from app.records.errors import NotPossible
from app.records.process import LIVE, NOT_SAMPLED, Sentinel, State

from . import stops

_OF_NEW_OBJECT = {
    "alive": False, "booted": False, "exitcode": None, "cause": None, "error": None, "failed": False,
    "failed_to_start": False, "stuck": None, "progress": None, "stopping": None, "backoff": None, "sentinel": None,
    "exited_at": None, "descendants": 0, "pid": None, "ppid": None, "start_time": None, **NOT_SAMPLED,
}  # fmt: skip


def refuse_while_stopping(fleet: Fleet) -> None:
    if fleet.stopping_by:
        raise NotPossible("Procession is stopping; no process can be started")


def retry(fleet: Fleet, member: Member, out: a.Out) -> None:
    """Restart a process after its backoff."""
    out.append(a.Close(member.id))
    begin(fleet, member, Trigger.RESTART, "policy")
    fleet.changed(member)


def spawn(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    """Spawn a process whose turn has come."""
    member.spawning = False
    out.append(a.Spawn(member.process, {**member.plan.job, "id": member.id}))


def spawned(fleet: Fleet, member: Member, event: e.Spawned, now: p.Now, out: a.Out) -> None:
    """Record that start() returned: there is a process of the OS."""
    member.key, member.started_at = event.key, now.mono
    member.watch = ProgressWatch(since=now.mono, busy_at=now.mono)
    member.update(
        pid=event.key[0],
        ppid=event.ppid,
        started_by=fleet.own_pid,
        alive=True,
        start_time=now.wall,
        sentinel=Sentinel(fd=event.sentinel_fd, ready=False),
    )
    fleet.changed(member)
    again = f", restart {member.process.restarts}" if member.process.restarts else ""
    text = f"by {member.process.start_method}{again}"
    out.append(a.Note(member.draft(now, "started", text, member.spawn_by or "supervisor")))


def begin(fleet: Fleet, member: Member, trigger: Trigger, by: str) -> None:
    """Take the transition to starting, and queue the start."""
    again = trigger is Trigger.RESTART
    member.advance(trigger, **(_OF_NEW_OBJECT if again else {}))
    if again:
        member.update(restarts=member.process.restarts + 1)
    member.sent, member.error, member.stopped = [], None, False
    member.retry_at, member.restart_by, member.spawn_by = None, None, by
    fleet.enqueue_start(member)
    fleet.changed(member)


def start(fleet: Fleet, member: Member, by: str, now: p.Now, out: a.Out) -> None:
    """Start a created process."""
    refuse_while_stopping(fleet)
    begin(fleet, member, Trigger.START, by)


def restart(fleet: Fleet, member: Member, by: str, now: p.Now, out: a.Out) -> None:
    """Stop a process that runs, then start it as a new Process object."""
    refuse_while_stopping(fleet)
    state = member.process.state
    if state in LIVE or state is State.EXITED:
        out.append(a.Note(member.draft(now, "restarted", "restart requested", by)))
        member.restart_by = by
        if state is State.EXITED:
            out.append(a.Reap(member.id))
        elif state is not State.STOPPING:
            stops.stop(fleet, member, by, member.process.grace_s, now, out)
        return
    out.append(a.Note(member.draft(now, "restarted", "restart requested", by)))
    begin_again(fleet, member, by, out)


def begin_again(fleet: Fleet, member: Member, by: str, out: a.Out) -> None:
    """Start a new Process object under the same id because a user wants it: the restart counter is reset."""
    member.attempts = 0
    out.append(a.Close(member.id))
    begin(fleet, member, Trigger.RESTART, by)


# After a crash of the supervisor


class Former(Struct, frozen=True, kw_only=True):
    """What the journal last knew of a process; ``runs``: it still runs, but is no longer a child."""

    id: str
    state: State
    pid: int | None
    created_at: float
    runs: bool


def restore(fleet: Fleet, plan: e.Plan, former: Former, now: p.Now) -> list[a.Note]:
    """Bring a record back after a crash: lost unless it never started; one with a restart policy is restarted."""
    member = create(plan, former.id, now)
    member.update(created_at=former.created_at)
    fleet.members[former.id] = member
    fleet.changed(member)
    if former.state is State.CREATED:
        return []
    cause = "the supervisor died; it still runs, as an orphan" if former.runs else "exit not seen: the supervisor died"
    member.update(state=State.LOST, pid=former.pid, failed=True, cause=cause)
    notes = [a.Note(member.draft(now, "lost", cause, "supervisor"))]
    if plan.process.restart.policy != "never" and not former.runs:
        begin(fleet, member, Trigger.RESTART, "policy")
    return notes
