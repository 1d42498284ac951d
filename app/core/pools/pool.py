"""The pools of the fleet: one record each, made of what its host tells, what the sweeps see, and how its process fares.

Pure.  A pool is a member of the fleet, its host, and more::

    Fleet.tick ──follow──▶ a new one where the host starts (again); over where the host is dead
    HostSaid ─────told───▶ merged into the record, or into the journal; answers go on to `pool_asks`
    Sampled ────looked───▶ the workers' figures, and which of them are stuck (`pool_workers`)
"""

from __future__ import annotations

from typing import assert_never

from msgspec import UNSET
from msgspec.structs import asdict

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet import journal_lines
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.core.fleet.pool_book import Held
from app.protocol.pool_host import HostDetail, HostNote, HostRefused, HostReply, HostState, PoolChanges
from app.records import primitives as p
from app.records.pool import Pool, PoolSpec
from app.records.process import State

from . import asks as pool_asks
from . import ending as pool_ending
from . import workers as pool_workers

Out = list[a.Action]

_DEAD = frozenset({State.EXITED, State.JOINED, State.CLOSED, State.BACKOFF, State.FATAL, State.LOST})


# How its host fares


def follow(fleet: Fleet, member: Member, now: p.Now, out: Out) -> Held:
    """Have the record agree with the process: opened with each start of it, over with its end."""
    held, process = fleet.pools.held.get(member.id), member.process
    if held is None or held.run != process.restarts:
        if held and not held.dead:
            pool_ending.end(fleet, held, member, "its host was started again", now, out)
        held = fleet.pools.held[member.id] = Held(_opening(member), run=process.restarts)
        fleet.changed(member)
    if not held.dead and (process.state in _DEAD or process.exited_at is not None):
        pool_ending.end(fleet, held, member, process.cause or f"its host is {process.state}", now, out)
    if held.stale:
        held.stale = False
        held.update(workers=held.crew.shown(now.mono))
    if held.pool.pid != process.pid:
        held.update(pid=process.pid)
        fleet.changed(member)
    return held


def target(processes: int, start_method: str) -> str:
    """What the record of its host says that it runs."""
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


# What is asked of it, and what it tells


def handle(fleet: Fleet, event: e.Asking | e.HostSaid | e.HostMumbled | e.ChannelClosed, now: p.Now, out: Out) -> None:
    """What a client asks, or what comes by the channel of a host."""
    if isinstance(event, e.Asking):
        pool_asks.asking(fleet, event, fleet.pools.find(event.command.pool), now, out)
        return
    member = fleet.members.get(event.process)
    if member is None:
        return
    held = follow(fleet, member, now, out)
    match event:
        case e.HostSaid():
            _said(fleet, held, member, event, now, out)
        case e.HostMumbled(why=why):
            journal_lines.write(held.lines, member, "pool", f"its host said what cannot be read: {why}", None, now, out)
        case e.ChannelClosed(why=why):
            if not held.dead:
                _closed(fleet, held, member, why, now, out)


def _said(fleet: Fleet, held: Held, member: Member, event: e.HostSaid, now: p.Now, out: Out) -> None:
    match event.word:
        case HostReply() | HostRefused() as answer:
            pool_asks.answered(fleet, answer, out)
        case HostState(pool=changes):
            if not held.dead:
                _merge(held, changes, now)
                member.update(target=target(held.pool.processes, held.pool.start_method))
                fleet.changed(member)
        case HostDetail(detail=detail):
            held.details.keep(detail)
        case HostNote(event=kind, text=text, pid=pid):
            journal_lines.write(held.lines, member, kind, text, pid, now, out)
        case _:
            assert_never(event.word)


def _merge(held: Held, changes: PoolChanges, now: p.Now) -> None:
    told = {name: value for name, value in asdict(changes).items() if value is not UNSET}
    if (workers := told.pop("workers", None)) is not None:
        held.crew.told(workers, now.mono)
        held.stale = True
    held.update(**told)


def _closed(fleet: Fleet, held: Held, member: Member, why: str | None, now: p.Now, out: Out) -> None:
    """Nothing is heard of it any more.  Where its host is dead too, its end is told next."""
    held.unheard = why or "its host has closed its channel"
    if why:
        held.update(error=f"nothing is heard of it any more: {why}")
        out.append(a.Note(member.draft(now, "pool", f"its channel is closed: {why}", "supervisor")))
        pool_asks.unheard(fleet, held, out)
        fleet.changed(member)


# What the sweeps see


def looked(fleet: Fleet, now: p.Now, out: Out) -> None:
    """One sweep: the workers' figures, and who of them makes no progress."""
    living = {key: held for key, held in fleet.pools.held.items() if not held.dead}
    if not living:
        return
    for held in living.values():
        held.crew.seen = {}
    for one in fleet.descendants.values():
        if one.root in living:
            living[one.root].crew.seen[one.pid] = one
    for key, held in living.items():
        pool_workers.judge(fleet.members[key], held.crew, held.pool.stuck_after_s, now, out)
        _is_stale(fleet, held)


def blocked_on(fleet: Fleet, member: Member, event: e.BlockedOn, now: p.Now, out: Out) -> None:
    """What a quiet worker waits for."""
    if held := fleet.pools.held.get(member.id):
        pool_workers.blocked_on(member, held.crew, event, now, out)
        _is_stale(fleet, held)


def frame_found(fleet: Fleet, member: Member, event: e.FrameFound, now: p.Now, out: Out) -> None:
    """The line that a stuck worker stands at."""
    if held := fleet.pools.held.get(member.id):
        pool_workers.frame_found(member, held.crew, event, now, out)
        _is_stale(fleet, held)


def _is_stale(fleet: Fleet, held: Held) -> None:
    held.stale = True
    fleet.changed(fleet.members[held.pool.id])
