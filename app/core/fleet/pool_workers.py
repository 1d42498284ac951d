"""The workers of one pool, as its host reports them and the sweeps sample them.  Pure."""

from collections import deque

from msgspec import Struct, field
from msgspec.structs import replace

from app.records.pool import PoolTask, PoolWorker, WorkerState
from app.records.process import Descendant, Sentinel, Stuck

_STOPPED = ("T", "t")

_ALIVE = frozenset({WorkerState.BOOTING, WorkerState.IDLE, WorkerState.BUSY, WorkerState.RETIRING})


class WorkerProgress(Struct):
    """The progress of one worker; times are monotonic seconds.

    ``task_since``: when it got its task; ``stopped_since``: when it was first seen stopped; ``resumed_at``: when it was
    last seen to continue; ``journalled``: the journal has a line that it is stuck.
    """

    task: PoolTask | None = None
    task_since: float = 0.0
    stopped_since: float | None = None
    resumed_at: float = 0.0
    probed_at: float = -1e9
    blocked: str = ""
    frame: str = ""
    journalled: bool = False
    stuck: Stuck | None = None

    def take(self, worker: PoolWorker, now: float) -> None:
        """Take what its host reports of it."""
        since = now - (worker.busy_s or 0.0)
        if worker.task != self.task:
            self.task, self.task_since = worker.task, since

    def quiet_since(self) -> float | None:
        """Return since when it has made no progress with its task; None if it has none and is not stopped."""
        return max(self.task_since, self.resumed_at) if self.task else self.stopped_since

    def reset(self) -> None:
        """Forget that it was stuck: it makes progress again."""
        self.stuck, self.blocked, self.frame, self.journalled = None, "", "", False


class PoolWorkers(Struct):
    """All workers of a pool.  ``sampled``: what the last sweep saw, by pid; ``resumed``: those resumed after it.

    Of the stuck ones, ``frames_wanted`` wait for a request of their stack, and ``frames_pending`` for its answer.
    """

    records: tuple[PoolWorker, ...] = ()
    sampled: dict[int, Descendant] = field(default_factory=dict)
    progress: dict[int, WorkerProgress] = field(default_factory=dict)
    resumed: set[int] = field(default_factory=set)
    frames_wanted: deque[int] = field(default_factory=deque)
    frames_pending: set[int] = field(default_factory=set)

    def take(self, records: tuple[PoolWorker, ...], now: float) -> None:
        """Take what the host reports of all of them."""
        before = {one.pid: one.state for one in self.records}
        self.records = records
        self.progress = {one.pid: self.progress.get(one.pid) or WorkerProgress() for one in records}
        for one in records:
            self.progress[one.pid].take(one, now)
            if before.get(one.pid) is WorkerState.SUSPENDED and one.state is not WorkerState.SUSPENDED:
                self.resumed.add(one.pid)

    def published(self, now: float) -> tuple[PoolWorker, ...]:
        """Return their records, with the figures of the last sweep."""
        return tuple(self._published(one, now) for one in self.records)

    def is_stopped(self, worker: PoolWorker) -> bool:
        """Return whether a signal has stopped it, whoever sent it."""
        if worker.state is WorkerState.SUSPENDED:
            return True
        sample = self.sampled.get(worker.pid)
        return sample is not None and sample.state in _STOPPED and worker.pid not in self.resumed

    def _published(self, worker: PoolWorker, now: float) -> PoolWorker:
        sample, progress = self.sampled.get(worker.pid), self.progress[worker.pid]
        ended = worker.state is WorkerState.ENDED
        sentinel = worker.sentinel and Sentinel(fd=worker.sentinel.fd, ready=worker.sentinel.ready or ended)
        if sample is None or ended:
            return replace(worker, sentinel=sentinel)
        state = WorkerState.SUSPENDED if worker.state in _ALIVE and self.is_stopped(worker) else worker.state
        return replace(
            worker,
            sentinel=sentinel,
            state=state,
            ppid=sample.ppid,
            busy_s=round(max(0.0, now - progress.task_since), 1) if progress.task else None,
            cpu_percent=sample.cpu_percent,
            rss_bytes=sample.rss_bytes,
            threads=sample.threads,
            os_state=sample.state,
            stuck=progress.stuck,
        )
