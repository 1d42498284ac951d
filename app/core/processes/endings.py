"""What follows from the end of a process: its cause in words, the join, and an automatic restart.

Pure.  A process that exits by itself is `exited` at once.  One that is being stopped is `stopping` until nothing of its
remembered tree is left, and its record names the pids that still live.
"""

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet import journal_lines
from app.core.fleet.cause import describe
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member
from app.core.fleet.tree import tree_of
from app.records import primitives as p
from app.records.masking import masked_text
from app.records.process import LIVE, NOT_SAMPLED, Backoff, State
from app.records.wording import duration

from . import joins, observed_ends, starts, stops
from .restarts import GiveUp, Retry, decide


def not_spawned(fleet: Fleet, member: Member, error: str, now: p.Now, out: a.Out) -> None:
    """Record that start() raised: there is no process, so nothing to join."""
    error = masked_text(error)
    cause = f"failed to start: {error.splitlines()[-1]}"
    member.advance(Trigger.FAIL, failed=True, failed_to_start=True, cause=cause, error=error)
    out.append(a.Note(member.draft(now, "fatal", member.process.cause or "", "supervisor")))
    fleet.changed(member)
    joins.answer(member, out)


def ended(fleet: Fleet, member: Member, event: e.Ended, now: p.Now, out: a.Out) -> None:
    """Record that the process itself is gone; others of its tree may still live."""
    if member.process.observed and member.process.pid is None:
        if member.process.state is State.STARTING:
            not_spawned(fleet, member, "procession run ended before the command ran", now, out)
        return
    member.key = None
    process = member.process
    if process.observed and process.state not in LIVE:
        return  # This is the end of a `procession run` that has reported that its command did not start.
    exitcode = observed_ends.exitcode(fleet, member, event.exitcode) if process.observed else event.exitcode
    cause = describe(
        exitcode,
        ended_at=now.mono,
        sent=observed_ends.sent(fleet, member),
        error=member.error,
        booted=process.booted,
        failed_to_start=process.failed_to_start,
        reports_errors=process.program is None,
        oom_kills=event.oom_kills,
    )
    failed = exitcode != 0 and member.stop is None and not (process.observed and exitcode is None)
    if process.observed:
        cause = observed_ends.cause_within(fleet, member, exitcode) or cause
        failed = failed and not observed_ends.by_its_pool(fleet, member, exitcode)
    member.update(
        alive=False,
        exitcode=exitcode,
        cause=cause,
        failed=failed,
        exited_at=now.wall,
        stuck=None,
        **NOT_SAMPLED,
    )
    kind = "lost" if exitcode is None and not process.observed else "exited"
    text = cause if cause.startswith("exit ") or exitcode is None else f"exit code {exitcode}: {cause}"
    journal_lines.write(fleet.lines_of(member), member, kind, text, None, now, out)
    if member.stop:
        member.stop.leader_ended(now.mono)
        stops.show_left(member)
        out.append(a.CheckTree(tree_of(fleet, member), frozenset(member.stop.tree)))
    else:
        _over(fleet, member, out)
    fleet.changed(member)


def remaining(fleet: Fleet, member: Member, keys: frozenset[p.Key], now: p.Now, out: a.Out) -> None:
    """Take what is left of a tree that is being ended."""
    if member.stop is None:
        return
    before = member.stop.left()
    member.stop.remaining(keys)
    if member.stop.left() != before:
        stops.show_left(member)
        fleet.changed(member)
    if member.stop.over():
        tree_gone(fleet, member, now, out)


def tree_gone(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    """Record the exit of a stopped process: nothing of its tree is left."""
    member.stop = None
    member.update(stopping=None, descendants=0)
    if member.process.pid is None:
        # It was stopped while it waited to be spawned.
        member.update(cause="stopped before it started")
        out.append(a.Note(member.draft(now, "exited", "stopped before it started", "supervisor")))
    _over(fleet, member, out)
    fleet.changed(member)


def _over(fleet: Fleet, member: Member, out: a.Out) -> None:
    if member.process.observed:
        observed_ends.over(fleet, member)
        return
    if member.process.exitcode is None and member.process.pid is not None:
        member.advance(Trigger.LOSE, failed=True)
        joins.answer(member, out)
        return
    member.advance(Trigger.END)
    if member.process.auto_join or member.waiters or member.restart_by or member.process.pid is None:
        out.append(a.Reap(member.id))


def reaped(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    """Record that join() returned: answer the clients that join, then restart if that is wanted."""
    if member.process.observed:
        observed_ends.reaped(fleet, member)
        return
    if member.process.state is not State.EXITED:
        return
    member.advance(Trigger.JOIN)
    joins.answer(member, out)
    fleet.changed(member)
    if member.restart_by:
        starts.begin_again(fleet, member, member.restart_by, out)
    elif fleet.stopping_by is None and not member.stopped:
        _apply_policy(fleet, member, now, out)


def _apply_policy(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    decision = decide(
        member.process.restart,
        exitcode=member.process.exitcode,
        uptime_s=now.mono - member.started_at,
        attempts=member.attempts,
        jitter=fleet.rng.random(),
    )
    match decision:
        case Retry(attempt, delay_s):
            member.attempts, member.retry_at = attempt, now.mono + delay_s
            limit = member.process.restart.limit
            member.advance(Trigger.RETRY, backoff=Backoff(attempt=attempt, limit=limit, until=now.wall + delay_s))
            text = f"restart {attempt} of {limit} in {duration(delay_s)}"
            out.append(a.Note(member.draft(now, "backoff", text, "policy")))
        case GiveUp(reason):
            member.advance(Trigger.GIVE_UP, failed=True, cause=f"{reason}. Last error: {member.process.cause}")
            out.append(a.Note(member.draft(now, "fatal", member.process.cause or reason, "policy")))
        case None:
            pass
