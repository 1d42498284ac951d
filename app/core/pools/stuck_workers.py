"""Which workers of a pool are stuck, and why.

Pure.  The sign of progress is a task that ends.  A worker that has had the same task for the limit is stuck, be it busy
or not, and so is one that was stopped for the limit; what it is blocked on and its line of Python give the reason.
"""

from msgspec.structs import replace

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.member import Member
from app.core.fleet.pool_workers import PoolWorkers, WorkerProgress
from app.core.fleet.stuck import BUSY_PERCENT
from app.records import primitives as p
from app.records.pool import PoolTask
from app.records.process import Descendant, State, Stuck
from app.records.wording import duration

_PROBE_AGAIN_S = 5.0
# Each costs a look at /proc every 10 ms: 256 at once took a quarter of a core.
_FRAMES_AT_ONCE = 4


def judge(member: Member, workers: PoolWorkers, limit: float | None, now: p.Now, out: a.Out) -> None:
    """After a sweep, probe the workers that made no progress for the limit."""
    workers.resumed = set()
    if member.process.state is State.SUSPENDED:
        return  # its host is stopped, and reports no task that ends
    for worker in workers.records:
        progress = workers.progress[worker.pid]
        _note_stop(progress, now, stopped=workers.is_stopped(worker))
        if _is_quiet(progress, limit, now):
            if now.mono - progress.probed_at >= _PROBE_AGAIN_S and (sample := workers.sampled.get(worker.pid)):
                progress.probed_at = now.mono
                out.append(a.Probe(member.id, sample.key, worker=True))
        elif progress.stuck:
            progress.reset()
            out.append(_note(member, worker.pid, "unstuck", "makes progress again", now))


def blocked_on(member: Member, workers: PoolWorkers, event: e.BlockedOn, now: p.Now, out: a.Out) -> None:
    """Call a quiet worker stuck, now that it is known what it is blocked on."""
    progress, sample = workers.progress.get(event.worker or 0), workers.sampled.get(event.worker or 0)
    if progress is None or sample is None or (since := progress.quiet_since()) is None:
        return
    progress.blocked = event.words
    if progress.stuck is None:
        progress.stuck = _stuck(progress, sample, now.wall - (now.mono - since))
        workers.frames_wanted.append(sample.pid)
        _ask_for_frames(member, workers, out)
    else:
        progress.stuck = _stuck(progress, sample, progress.stuck.since)


def frame_found(member: Member, workers: PoolWorkers, event: e.FrameFound, now: p.Now, out: a.Out) -> None:
    """Add the line of Python to the reason, empty if unknown, and journal that the worker is stuck."""
    workers.frames_pending.discard(event.worker or 0)
    _ask_for_frames(member, workers, out)
    progress, sample = workers.progress.get(event.worker or 0), workers.sampled.get(event.worker or 0)
    if progress is None or progress.stuck is None or sample is None:
        return
    progress.frame = event.words
    progress.stuck = _stuck(progress, sample, progress.stuck.since)
    if not progress.journalled:
        progress.journalled = True
        quiet = duration(now.wall - progress.stuck.since)
        out.append(_note(member, sample.pid, "stuck", f"stuck for {quiet}: {progress.stuck.reason}", now))


def _ask_for_frames(member: Member, workers: PoolWorkers, out: a.Out) -> None:
    while workers.frames_wanted and len(workers.frames_pending) < _FRAMES_AT_ONCE:
        pid = workers.frames_wanted.popleft()
        progress, sample = workers.progress.get(pid), workers.sampled.get(pid)
        if progress and progress.stuck and sample:
            workers.frames_pending.add(pid)
            out.append(a.FindFrame(member.id, sample.key, worker=True))


def _note_stop(progress: WorkerProgress, now: p.Now, *, stopped: bool) -> None:
    if stopped and progress.stopped_since is None:
        progress.stopped_since = now.mono
    elif not stopped and progress.stopped_since is not None:
        # It could make no progress while it was stopped; the limit counts from here.
        progress.stopped_since, progress.resumed_at = None, now.mono


def _is_quiet(progress: WorkerProgress, limit: float | None, now: p.Now) -> bool:
    since = progress.quiet_since()
    return limit is not None and since is not None and now.mono - since >= limit


def _stuck(progress: WorkerProgress, sample: Descendant, since: float) -> Stuck:
    what = f"{_task_words(progress.task)} has not finished" if progress.task else "no task"
    busy = f"{sample.cpu_percent:.0f} % of a core" if (sample.cpu_percent or 0) > BUSY_PERCENT else ""
    detail = "; ".join(filter(None, (busy, progress.frame or progress.blocked)))
    return Stuck(since=since, reason="; ".join(filter(None, (what, detail))), detail=detail)


def _task_words(task: PoolTask) -> str:
    """Return ``task 17 of job 3 (square)``, or ``items 16 to 23 of job 3 (square)`` for a chunk."""
    what = f"task {task.index}" if task.size == 1 else f"items {task.first} to {task.first + task.size - 1}"
    job = "" if task.job is None else f" of job {task.job}"
    return f"{what}{job} ({task.function})"


def _note(member: Member, pid: int, kind: str, text: str, now: p.Now) -> a.Note:
    return a.Note(replace(member.draft(now, kind, f"worker {pid} {text}", "supervisor"), pid=pid))
