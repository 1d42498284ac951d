"""How an observed process ended, and whether its parent has joined it.  Pure.

The kernel is believed first, then its parent, then the process itself: one that reports exit code 0 may still be
killed.
"""

from signal import SIGKILL, SIGTERM

from app.core.fleet.cause import Sent, describe
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import Trigger
from app.core.fleet.member import Member
from app.core.fleet.program_book import ProgramEntry
from app.records import primitives as p
from app.records.process import LIVE, Sentinel, State
from app.records.wording import signal_name

#: How many generations of forks are followed.
_GENERATIONS = 50


def exitcode(fleet: Fleet, member: Member, by_kernel: int | None) -> int | None:
    """Return the exit code by the most reliable source that knows it."""
    if by_kernel is not None:
        return by_kernel
    reported = fleet.programs.reported_of(member.id)
    return reported.joined_as if reported.joined_as is not None else reported.told_exit


def sent(fleet: Fleet, member: Member) -> tuple[Sent, ...]:
    """Return the signals that Procession sent it, the SIGKILL to the tree of its program included."""
    entry = fleet.programs.of(member.process.program)
    return (*member.sent, *([entry.killed] if entry and entry.killed and member.process.observed else []))


def by_its_pool(fleet: Fleet, member: Member, code: int | None) -> bool:
    """Return whether its pool ended it, as the pool reported before; the end of a with block is no failure."""
    reported = fleet.programs.reported.get(member.id)
    return (
        reported is not None
        and reported.ended_by_pool
        and _by(code, SIGTERM, SIGKILL)
        and not _ours(fleet, member, code)
    )


def cause_within(fleet: Fleet, member: Member, code: int | None) -> str | None:
    """Return the cause if its own pool or parent sent the signal; else None."""
    if by_its_pool(fleet, member, code):
        return f"{signal_name(-(code or 0))} by its own pool"
    reported = fleet.programs.reported.get(member.id)
    if reported is None or not _by(code, *reported.signals) or _ours(fleet, member, code):
        return None
    parent = fleet.members.get(fleet.programs.by_pid.get(member.process.started_by or 0, ""))
    name = f"{parent.process.name} (pid {member.process.started_by})" if parent else f"pid {member.process.started_by}"
    return f"{signal_name(-(code or 0))} by its parent, {name}"


def _by(code: int | None, *signals: int) -> bool:
    return code is not None and -code in signals


def _ours(fleet: Fleet, member: Member, code: int | None) -> bool:
    return any(one.signum == -(code or 0) for one in sent(fleet, member))


def over(fleet: Fleet, member: Member) -> None:
    """Record its exit; its own children cannot be joined any more."""
    member.advance(Trigger.END)
    entry, pid = fleet.programs.of(member.process.program), member.process.pid
    _join_where_done(fleet, member)
    if entry:
        _fire_sentinels(fleet, entry)
    for process_id in tuple(entry.unjoined) if entry else ():
        child = fleet.members.get(process_id)
        if child and child.process.started_by == pid:
            _join_where_done(fleet, child)


def reaped(fleet: Fleet, member: Member) -> None:
    """Record that its zombie is gone."""
    fleet.programs.reported_of(member.id).unlisted = True
    _join_where_done(fleet, member)


def settle(fleet: Fleet, member: Member, now: p.Now) -> None:
    """Record that its parent has joined it, after its end was seen."""
    code = fleet.programs.reported_of(member.id).joined_as
    if member.process.exitcode is None and code is not None:
        cause = cause_within(fleet, member, code) or describe(
            code, ended_at=now.mono, sent=sent(fleet, member), error=member.error, reports_errors=False
        )
        member.update(
            exitcode=code,
            cause=cause,
            failed=code != 0 and not member.stopped and not by_its_pool(fleet, member, code),
        )
    _join_where_done(fleet, member)


def take_sentinel(fleet: Fleet, entry: ProgramEntry, member: Member) -> None:
    """Take the sentinel that its parent reported, maybe after its end."""
    entry.unfired.add(member.id)
    _fire_sentinels(fleet, entry)


def _fire_sentinels(fleet: Fleet, entry: ProgramEntry) -> None:
    """Update the sentinels of dead processes: each is ready unless a process that the dead one forked has its pipe."""
    members = {process_id: fleet.members.get(process_id) for process_id in entry.unfired}
    entry.unfired = {process_id for process_id, member in members.items() if member}
    ended = [member for member in members.values() if member and member.process.state not in LIVE]
    heirs = _heirs(fleet, entry) if ended else {}
    for member in ended:
        before = member.process.sentinel
        # The forkserver reports the end of its children itself.
        by_forkserver = member.process.start_method == "forkserver"
        holding = () if by_forkserver else tuple(sorted(heirs.get(member.process.pid or 0, ())))
        if not holding:
            entry.unfired.discard(member.id)
        if before and (before.ready, before.held_by) != (not holding, holding):
            member.update(sentinel=Sentinel(fd=before.fd, ready=not holding, held_by=holding))
            fleet.changed(member)


def _heirs(fleet: Fleet, entry: ProgramEntry) -> dict[int, set[int]]:
    """Return by pid the living processes that it forked, directly or not."""
    heirs: dict[int, set[int]] = {}
    living = (fleet.members[process_id] for process_id in entry.living)
    for heir in (one for one in living if one.process.state in LIVE):
        member: Member | None = heir
        for _ in range(_GENERATIONS):
            if member is None or member.process.start_method != "fork" or not member.process.started_by:
                break
            heirs.setdefault(member.process.started_by, set()).add(heir.process.pid or 0)
            member = fleet.members.get(fleet.programs.by_pid.get(member.process.started_by, ""))
    return heirs


def _join_where_done(fleet: Fleet, member: Member) -> None:
    """Advance to joined if its parent joined it or its zombie is gone.

    The forkserver reaps its children at once; the process that called start() may still join them.
    """
    if member.process.state is not State.EXITED:
        return
    reported = fleet.programs.reported_of(member.id)
    awaited = member.process.start_method == "forkserver" and _lives(fleet, member.process.started_by)
    if reported.joined or member.process.pid is None or (reported.unlisted and not awaited):
        member.advance(Trigger.JOIN)
        fleet.changed(member)


def _lives(fleet: Fleet, pid: int | None) -> bool:
    member = fleet.members.get(fleet.programs.by_pid.get(pid or 0, ""))
    return member is not None and member.process.pid == pid and member.process.state in LIVE
