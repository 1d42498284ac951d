"""How a pool ends whose host is dead: its work is lost, and whoever asked is answered.  Pure."""

from __future__ import annotations

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.core.fleet.pool_book import Held
from app.core.fleet.pool_crew import Crew
from app.records import primitives as p
from app.records.pool import Job, JobState, Pool, PoolState

from . import asks as pool_asks

Out = list[a.Action]

OVER = frozenset({PoolState.CLOSED, PoolState.TERMINATED})


def end(fleet: Fleet, held: Held, member: Member, cause: str, now: p.Now, out: Out) -> None:
    """Its host is dead: what ran is lost, what waited never starts."""
    pool, held.dead = held.pool, True
    if pool.state not in OVER:
        in_order = pool.state is PoolState.CLOSING and member.process.exitcode == 0
        text = "closed" if in_order else f"terminated: {cause}; {lost_with(pool)}"
        held.update(state=PoolState.CLOSED if in_order else PoolState.TERMINATED, error=None if in_order else cause)
        out.append(a.Note(member.draft(now, "pool", text, "process")))
    held.update(
        workers=(),
        jobs=tuple(_ended_job(job, cause, now) for job in pool.jobs),
        lost=pool.lost + pool.running,
        queued=0,
        running=0,
        tasks_per_s=None,
    )
    held.crew, held.stale = Crew(), False
    pool_asks.host_ended(fleet, held, out)
    fleet.changed(member)


def lost_with(pool: Pool) -> str:
    """What the end of its host costs."""
    costs = [
        _number(pool.running, "running task is lost", "running tasks are lost"),
        _number(pool.queued, "waiting one never starts", "waiting ones never start"),
    ]
    return ", ".join(one for one in costs if one) or "no task is lost"


def _number(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}" if count else ""


def _ended_job(job: Job, cause: str, now: p.Now) -> Job:
    if job.state not in (JobState.QUEUED, JobState.RUNNING):
        return job
    error = job.error or f"the host of the pool ended: {cause}"
    return replace(job, state=JobState.LOST, ended_at=now.wall, tasks_per_s=None, left_s=None, error=error)
