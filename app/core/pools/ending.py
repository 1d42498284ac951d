"""How a pool ends when its host is dead: its tasks are lost, and pending requests are answered.  Pure."""

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.core.fleet.pool_book import PoolEntry
from app.core.fleet.pool_workers import PoolWorkers
from app.records import primitives as p
from app.records.pool import Job, JobState, Pool, PoolState

from . import asks

OVER = frozenset({PoolState.CLOSED, PoolState.TERMINATED})


def end(fleet: Fleet, entry: PoolEntry, member: Member, cause: str, now: p.Now, out: a.Out) -> None:
    """End a pool whose host is dead: running tasks are lost, waiting ones never start."""
    pool, entry.dead = entry.pool, True
    if pool.state not in OVER:
        in_order = pool.state is PoolState.CLOSING and member.process.exitcode == 0
        text = "closed" if in_order else f"terminated: {cause}; {lost_with(pool)}"
        entry.update(state=PoolState.CLOSED if in_order else PoolState.TERMINATED, error=None if in_order else cause)
        out.append(a.Note(member.draft(now, "pool", text, "process")))
    entry.update(
        workers=(),
        jobs=tuple(_ended_job(job, cause, now) for job in pool.jobs),
        lost=pool.lost + pool.running,
        queued=0,
        running=0,
        tasks_per_s=None,
    )
    entry.workers, entry.stale = PoolWorkers(), False
    asks.host_ended(fleet, entry, out)
    fleet.changed(member)


def lost_with(pool: Pool) -> str:
    """Return what the end of a pool's host costs: ``2 running tasks are lost, 1 waiting task never starts``."""
    costs = [
        _number(pool.running, "running task is lost", "running tasks are lost"),
        _number(pool.queued, "waiting task never starts", "waiting tasks never start"),
    ]
    return ", ".join(one for one in costs if one) or "no task is lost"


def _number(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}" if count else ""


def _ended_job(job: Job, cause: str, now: p.Now) -> Job:
    if job.state not in (JobState.QUEUED, JobState.RUNNING):
        return job
    error = job.error or f"the host of the pool exited: {cause}"
    return replace(job, state=JobState.LOST, ended_at=now.wall, tasks_per_s=None, left_s=None, error=error)
