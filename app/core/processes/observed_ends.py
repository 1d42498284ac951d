"""How an observed process ended, and whether its parent has joined it.  Pure.

The kernel is believed before its parent, and that before itself: who says that it ends with 0 may still be killed.
"""

from __future__ import annotations

from signal import SIGKILL, SIGTERM

from app.core.fleet.cause import Sent, describe, signal_name
from app.core.fleet.fleet import Fleet
from app.core.fleet.lifecycle import LIVE, Trigger
from app.core.fleet.member import Member
from app.core.fleet.program_book import Held
from app.records import primitives as p
from app.records.process import Sentinel, State

#: So far up a family is followed.
_GENERATIONS = 50


def exitcode(fleet: Fleet, member: Member, by_kernel: int | None) -> int | None:
    """By the best of those who may know."""
    if by_kernel is not None:
        return by_kernel
    sighting = fleet.programs.sighting(member.id)
    return sighting.joined_as if sighting.joined_as is not None else sighting.told_exit


def sent(fleet: Fleet, member: Member) -> tuple[Sent, ...]:
    """The signals that we sent it: the SIGKILL to the tree of its program is one too."""
    held = fleet.programs.of(member.process.program)
    return (*member.sent, *([held.killed] if held and held.killed and member.process.observed else []))


def by_its_pool(fleet: Fleet, member: Member, code: int | None) -> bool:
    """Whether its pool ended a worker, as that told before: so a with block takes leave, and it is no failure."""
    sighting = fleet.programs.seen.get(member.id)
    return (
        sighting is not None
        and sighting.ended_by_pool
        and _by(code, SIGTERM, SIGKILL)
        and not _ours(fleet, member, code)
    )


def cause_within(fleet: Fleet, member: Member, code: int | None) -> str | None:
    """The cause where its own pool or parent sent the signal; None where it was somebody else, or none."""
    if by_its_pool(fleet, member, code):
        return f"{signal_name(-(code or 0))} by its own pool"
    sighting = fleet.programs.seen.get(member.id)
    if sighting is None or not _by(code, *sighting.signals) or _ours(fleet, member, code):
        return None
    parent = fleet.members.get(fleet.programs.by_pid.get(member.process.started_by or 0, ""))
    name = f"{parent.process.name} (pid {member.process.started_by})" if parent else f"pid {member.process.started_by}"
    return f"{signal_name(-(code or 0))} by its parent, {name}"


def _by(code: int | None, *signals: int) -> bool:
    return code is not None and -code in signals


def _ours(fleet: Fleet, member: Member, code: int | None) -> bool:
    return any(one.signum == -(code or 0) for one in sent(fleet, member))


def over(fleet: Fleet, member: Member) -> None:
    """It has ended; nobody can join its own children any more."""
    member.advance(Trigger.END)
    held, pid = fleet.programs.of(member.process.program), member.process.pid
    _join_where_done(fleet, member)
    if held:
        _fire_sentinels(fleet, held)
    for process_id in tuple(held.unjoined) if held else ():
        child = fleet.members.get(process_id)
        if child and child.process.started_by == pid:
            _join_where_done(fleet, child)


def reaped(fleet: Fleet, member: Member) -> None:
    """Its zombie is gone."""
    fleet.programs.sighting(member.id).unlisted = True
    _join_where_done(fleet, member)


def settle(fleet: Fleet, member: Member, now: p.Now) -> None:
    """Its parent told that it has joined it, after its end was seen."""
    told = fleet.programs.sighting(member.id).joined_as
    if member.process.exitcode is None and told is not None:
        cause = cause_within(fleet, member, told) or describe(
            told, ended_at=now.mono, sent=sent(fleet, member), error=member.error, tells_errors=False
        )
        member.update(
            exitcode=told,
            cause=cause,
            failed=told != 0 and not member.stopped and not by_its_pool(fleet, member, told),
        )
    _join_where_done(fleet, member)


def heed_sentinel(fleet: Fleet, held: Held, member: Member) -> None:
    """Its parent told its sentinel, maybe after its end."""
    held.unfired.add(member.id)
    _fire_sentinels(fleet, held)


def _fire_sentinels(fleet: Fleet, held: Held) -> None:
    """A sentinel is a pipe: it is ready when nobody has its other end any more, and what the dead one forked has it."""
    members = {process_id: fleet.members.get(process_id) for process_id in held.unfired}
    held.unfired = {process_id for process_id, member in members.items() if member}
    ended = [member for member in members.values() if member and member.process.state not in LIVE]
    heirs = _heirs(fleet, held) if ended else {}
    for member in ended:
        before = member.process.sentinel
        # The forkserver tells of the end of its children by itself.
        by_forkserver = member.process.start_method == "forkserver"
        holding = () if by_forkserver else tuple(sorted(heirs.get(member.process.pid or 0, ())))
        if not holding:
            held.unfired.discard(member.id)
        if before and (before.ready, before.held_by) != (not holding, holding):
            member.update(sentinel=Sentinel(fd=before.fd, ready=not holding, held_by=holding))
            fleet.changed(member)


def _heirs(fleet: Fleet, held: Held) -> dict[int, set[int]]:
    """By pid who lives of those that it forked, and these in turn."""
    heirs: dict[int, set[int]] = {}
    living = (fleet.members[process_id] for process_id in held.living)
    for heir in (one for one in living if one.process.state in LIVE):
        member: Member | None = heir
        for _ in range(_GENERATIONS):
            if member is None or member.process.start_method != "fork" or not member.process.started_by:
                break
            heirs.setdefault(member.process.started_by, set()).add(heir.process.pid or 0)
            member = fleet.members.get(fleet.programs.by_pid.get(member.process.started_by, ""))
    return heirs


def _join_where_done(fleet: Fleet, member: Member) -> None:
    """The forkserver reaps its children at once; who called their start() may join them all the same."""
    if member.process.state is not State.EXITED:
        return
    sighting = fleet.programs.sighting(member.id)
    awaited = member.process.start_method == "forkserver" and _lives(fleet, member.process.started_by)
    if sighting.joined or member.process.pid is None or (sighting.unlisted and not awaited):
        member.advance(Trigger.JOIN)
        fleet.changed(member)


def _lives(fleet: Fleet, pid: int | None) -> bool:
    member = fleet.members.get(fleet.programs.by_pid.get(pid or 0, ""))
    return member is not None and member.process.pid == pid and member.process.state in LIVE
