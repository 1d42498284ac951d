"""What is due by the clock: starts, escalations, restarts, timeouts of joins, looks at states.  Pure."""

from collections.abc import Iterator

from app.core.fleet import actions as a
from app.core.fleet.escalation import Due
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.core.fleet.tree import tree_of
from app.core.pools import asks, pool
from app.core.processes import endings, forgetting, joins, starts, stops
from app.core.programs import program
from app.records import primitives as p
from app.records.guard import NO_GUARD, Guarding

#: Starts per turn of the loop: a start blocks for some milliseconds.
STARTS_PER_TURN = 10


def tick(fleet: Fleet, now: p.Now, out: a.Out, guard: Guarding = NO_GUARD) -> None:
    for process_id in tuple(fleet.timed):
        if member := fleet.members.get(process_id):
            with guard.over("decisions about processes"):
                _tick_member(fleet, member, now, out)
    with guard.over("decisions about pools"):
        asks.expire(fleet, now, out)
    with guard.over("decisions about programs"):
        program.refresh(fleet, now, out)
    batch, fleet.to_start = fleet.to_start[:STARTS_PER_TURN], fleet.to_start[STARTS_PER_TURN:]
    for process_id in batch:
        with guard.over("starts"):
            starts.spawn(fleet, fleet.members[process_id], now, out)
    forgetting.forget_surplus(fleet, out)


def next_deadline(fleet: Fleet) -> float | None:
    """Return when `tick` next has something to do, monotonic; None for never, 0 for at once."""
    if fleet.to_start:
        return 0.0
    of_members = (at for one in fleet.timed for at in _deadlines(fleet.members[one]))
    return min((*of_members, *fleet.pools.deadlines()), default=None)


def _tick_member(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    if member.process.pool:
        pool.follow(fleet, member, now, out)
    if member.stop:
        _tick_stop(fleet, member, now, out)
    if member.retry_at is not None and member.retry_at <= now.mono:
        starts.retry(fleet, member, out)
    while member.looks and member.looks[0] <= now.mono:
        member.looks.pop(0)
        if member.key:
            out.append(a.Look(member.id, member.key))
    joins.expire(member, now, out)
    if member.forget_at is not None and member.forget_at <= now.mono:
        forgetting.forget(fleet, member, out)
        return
    if member.process.program:
        program.follow(fleet, member)
    if next(_deadlines(member), None) is None:
        fleet.timed.discard(member.id)


def _tick_stop(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> None:
    assert member.stop
    match member.stop.due(now.mono):
        case Due.KILL:
            stops.kill_tree(fleet, member, now, out)
        case Due.CHECK:
            out.append(a.CheckTree(tree_of(fleet, member), frozenset(member.stop.tree)))
        case Due.DONE:
            endings.tree_gone(fleet, member, now, out)
        case Due.NOTHING:
            pass


def _deadlines(member: Member) -> Iterator[float]:
    if member.stop:
        yield member.stop.deadline()
    if member.retry_at is not None:
        yield member.retry_at
    if member.forget_at is not None:
        yield member.forget_at
    yield from member.looks[:1]
    yield from (waiter.until for waiter in member.waiters if waiter.until is not None)
