"""The pools of the fleet: one record each, from what its host reports, the sweeps, and the state of its process.

Pure.  The host of a pool is a member of the fleet::

    Deciding.tick ──follow──▶ a new record when the host starts (again); its end when the host is dead
    HostSaid ───────handle──▶ merged into the record, or into the journal; answers go to `asks`
    Sampled ───────sampled──▶ the figures of the workers, and which of them are stuck (`stuck_workers`)
"""

from typing import assert_never

from msgspec import UNSET
from msgspec.structs import asdict

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet import journal_lines
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.core.fleet.pool_book import PoolEntry
from app.protocol.pool_host import HostDetail, HostNote, HostRefused, HostReply, HostState, PoolChanges
from app.records import primitives as p
from app.records.masking import masked_text
from app.records.pool import Pool, PoolSpec
from app.records.process import State

from . import asks, ending, stuck_workers
from .failures import masked_detail, masked_job

_DEAD = frozenset({State.EXITED, State.JOINED, State.CLOSED, State.BACKOFF, State.FATAL, State.LOST})


# The state of its host


def follow(fleet: Fleet, member: Member, now: p.Now, out: a.Out) -> PoolEntry:
    """Bring the record in line with the process: a new one at each start, its end at its exit."""
    entry, process = fleet.pools.entries.get(member.id), member.process
    if entry is None or entry.run != process.restarts:
        if entry and not entry.dead:
            ending.end(fleet, entry, member, "its host was restarted", now, out)
        entry = fleet.pools.entries[member.id] = PoolEntry(_opening(member), run=process.restarts)
        fleet.changed(member)
    if not entry.dead and (process.state in _DEAD or process.exited_at is not None):
        ending.end(fleet, entry, member, process.cause or f"its host is {process.state}", now, out)
    if entry.stale:
        entry.stale = False
        entry.update(workers=entry.workers.published(now.mono))
    if entry.pool.pid != process.pid:
        entry.update(pid=process.pid)
        fleet.changed(member)
    return entry


def target(processes: int, start_method: str) -> str:
    """Return the target in the record of its host."""
    return f"pool of {processes} worker{'s' if processes != 1 else ''} ({start_method})"


def _opening(member: Member) -> Pool:
    spec, process = member.plan.pool or PoolSpec(), member.process
    return Pool(
        id=process.id,
        name=process.name,
        processes=spec.processes or 1,
        start_method=spec.start_method,
        maxtasksperchild=spec.maxtasksperchild,
        retries=spec.retries,
        stuck_after_s=spec.stuck_after_s,
        created_at=process.created_at,
    )


# Its reports


def handle(fleet: Fleet, event: e.HostSaid | e.HostMessageInvalid | e.ChannelClosed, now: p.Now, out: a.Out) -> None:
    """Handle what comes over the channel of a host."""
    member = fleet.members.get(event.process)
    if member is None:
        return
    entry = follow(fleet, member, now, out)
    match event:
        case e.HostSaid():
            _said(fleet, entry, member, event, now, out)
        case e.HostMessageInvalid(why=why):
            journal_lines.write(entry.lines, member, "pool", f"its host sent an invalid message: {why}", None, now, out)
        case e.ChannelClosed(why=why):
            if not entry.dead:
                _closed(fleet, entry, member, why, now, out)


def _said(fleet: Fleet, entry: PoolEntry, member: Member, event: e.HostSaid, now: p.Now, out: a.Out) -> None:
    match event.word:
        case HostReply() | HostRefused() as answer:
            asks.answered(fleet, answer, out)
        case HostState(pool=changes):
            if not entry.dead:
                _merge(entry, changes, now)
                member.update(target=target(entry.pool.processes, entry.pool.start_method))
                fleet.changed(member)
        case HostDetail(detail=detail):
            entry.details.keep(masked_detail(detail))
        case HostNote(event=kind, text=text, pid=pid):
            journal_lines.write(entry.lines, member, kind, masked_text(text), pid, now, out)
        case _:
            assert_never(event.word)


def _merge(entry: PoolEntry, changes: PoolChanges, now: p.Now) -> None:
    changed = {name: value for name, value in asdict(changes).items() if value is not UNSET}
    if (workers := changed.pop("workers", None)) is not None:
        entry.workers.take(workers, now.mono)
        entry.stale = True
    if "jobs" in changed:
        changed["jobs"] = tuple(map(masked_job, changed["jobs"]))
    entry.update(**changed)


def _closed(fleet: Fleet, entry: PoolEntry, member: Member, why: str | None, now: p.Now, out: a.Out) -> None:
    """Note that the host cannot be reached.  If it is dead too, its end is reported next."""
    entry.unreachable = why or "its host has closed its channel"
    if why is None:
        entry.ending_until = now.mono + asks.ENDS_WITHIN_S
    else:
        entry.update(error=f"its host cannot be reached: {why}")
        out.append(a.Note(member.draft(now, "pool", f"its channel is closed: {why}", "supervisor")))
        asks.refuse_all(fleet, entry, out)
        fleet.changed(member)


# The sweeps


def sampled(fleet: Fleet, now: p.Now, out: a.Out) -> None:
    """Take the figures of a sweep, and judge which workers make no progress."""
    living = {key: entry for key, entry in fleet.pools.entries.items() if not entry.dead}
    if not living:
        return
    for entry in living.values():
        entry.workers.sampled = {}
    for one in fleet.descendants.values():
        if one.root in living:
            living[one.root].workers.sampled[one.pid] = one
    for key, entry in living.items():
        stuck_workers.judge(fleet.members[key], entry.workers, entry.pool.stuck_after_s, now, out)
        _set_stale(fleet, entry)


def blocked_on(fleet: Fleet, member: Member, event: e.BlockedOn, now: p.Now, out: a.Out) -> None:
    """Take what a quiet worker is blocked on."""
    if entry := fleet.pools.entries.get(member.id):
        stuck_workers.blocked_on(member, entry.workers, event, now, out)
        _set_stale(fleet, entry)


def frame_found(fleet: Fleet, member: Member, event: e.FrameFound, now: p.Now, out: a.Out) -> None:
    """Take the line of Python of a stuck worker."""
    if entry := fleet.pools.entries.get(member.id):
        stuck_workers.frame_found(member, entry.workers, event, now, out)
        _set_stale(fleet, entry)


def _set_stale(fleet: Fleet, entry: PoolEntry) -> None:
    entry.stale = True
    fleet.changed(fleet.members[entry.pool.id])
