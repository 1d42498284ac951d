"""The workers of one pool: what its host tells of them, joined with what the sweeps see, and who of them is stuck.

Pure.  The sign of progress is a task that ends.  A worker that has had the same task for the limit is stuck, be it busy
or not, and so is one that was stopped for the limit; what it waits for and where it stands gives the reason.
"""

from __future__ import annotations

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.member import Member
from app.core.fleet.pool_crew import Crew, Watch
from app.core.fleet.stuck import BUSY_PERCENT
from app.records import primitives as p
from app.records.pool import PoolTask
from app.records.process import Descendant, State, Stuck

Out = list[a.Action]

_LOOK_AGAIN_S = 5.0
# Each costs a look at /proc every 10 ms: 256 at once took a quarter of a core.
_SOUGHT_AT_ONCE = 4


def judge(member: Member, crew: Crew, limit: float | None, now: p.Now, out: Out) -> None:
    """A sweep was made: who has made no progress for the limit is looked at."""
    crew.doubtful = set()
    if member.process.state is State.SUSPENDED:
        return  # its host is stopped, and tells of no task that ends
    for worker in crew.workers:
        watch = crew.watches[worker.pid]
        _note_stop(watch, now, stopped=crew.is_stopped(worker))
        if _is_quiet(watch, limit, now):
            if now.mono - watch.probed_at >= _LOOK_AGAIN_S and (seen := crew.seen.get(worker.pid)):
                watch.probed_at = now.mono
                out.append(a.Probe(member.id, seen.key, worker=True))
        elif watch.stuck:
            watch.goes_on()
            out.append(_note(member, worker.pid, "unstuck", "makes progress again", now))


def blocked_on(member: Member, crew: Crew, event: e.BlockedOn, now: p.Now, out: Out) -> None:
    """What a quiet worker waits for: now it is called stuck."""
    watch, seen = crew.watches.get(event.worker or 0), crew.seen.get(event.worker or 0)
    if watch is None or seen is None or (since := watch.quiet_since()) is None:
        return
    watch.blocked = event.words
    if watch.stuck is None:
        watch.stuck = Stuck(since=now.wall - (now.mono - since), reason=_reason(watch, seen))
        crew.unfound.append(seen.pid)
        _seek(member, crew, out)
    else:
        watch.stuck = replace(watch.stuck, reason=_reason(watch, seen))


def frame_found(member: Member, crew: Crew, event: e.FrameFound, now: p.Now, out: Out) -> None:
    """The line it stands at, empty where unknown: now all is known that the journal is to tell."""
    crew.sought.discard(event.worker or 0)
    _seek(member, crew, out)
    watch, seen = crew.watches.get(event.worker or 0), crew.seen.get(event.worker or 0)
    if watch is None or watch.stuck is None or seen is None:
        return
    watch.frame = event.words
    watch.stuck = replace(watch.stuck, reason=_reason(watch, seen))
    if not watch.told:
        watch.told = True
        quiet_s = now.wall - watch.stuck.since
        out.append(_note(member, seen.pid, "stuck", f"for {quiet_s:.0f} s, {watch.stuck.reason}", now))


def task_words(task: PoolTask) -> str:
    """E.g. ``task 17 of job 3 (square)``."""
    what = f"task {task.index}" if task.size == 1 else f"items {task.first} to {task.first + task.size - 1}"
    job = "" if task.job is None else f" of job {task.job}"
    return f"{what}{job} ({task.function})"


def _seek(member: Member, crew: Crew, out: Out) -> None:
    """Look for the next lines."""
    while crew.unfound and len(crew.sought) < _SOUGHT_AT_ONCE:
        pid = crew.unfound.popleft()
        watch, seen = crew.watches.get(pid), crew.seen.get(pid)
        if watch and watch.stuck and seen:
            crew.sought.add(pid)
            out.append(a.FindFrame(member.id, seen.key, worker=True))


def _note_stop(watch: Watch, now: p.Now, *, stopped: bool) -> None:
    if stopped and watch.stopped_since is None:
        watch.stopped_since = now.mono
    elif not stopped and watch.stopped_since is not None:
        # While it was stopped it could not go on; from now on it can again.
        watch.stopped_since, watch.resumed_at = None, now.mono


def _is_quiet(watch: Watch, limit: float | None, now: p.Now) -> bool:
    since = watch.quiet_since()
    return limit is not None and since is not None and now.mono - since >= limit


def _reason(watch: Watch, seen: Descendant) -> str:
    what = f"no end of {task_words(watch.task)}" if watch.task else "no work"
    busy = f"{seen.cpu_percent:.0f} % of a core" if (seen.cpu_percent or 0) > BUSY_PERCENT else ""
    return "; ".join(part for part in (what, busy, watch.frame or watch.blocked) if part)


def _note(member: Member, pid: int, kind: str, text: str, now: p.Now) -> a.Note:
    return a.Note(replace(member.draft(now, kind, f"worker {pid}: {text}", "supervisor"), pid=pid))
