"""The workers of one pool, as its host tells of them and the sweeps see them.  Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from msgspec.structs import replace

from app.records.pool import PoolTask, PoolWorker, WorkerState
from app.records.process import Descendant, Sentinel, Stuck

_STOPPED = ("T", "t")

_ALIVE = frozenset({WorkerState.BOOTING, WorkerState.IDLE, WorkerState.BUSY, WorkerState.RETIRING})


@dataclass
class Watch:
    """What is known of the progress of one worker; times are monotonic seconds.

    ``task_since`` is when it got its present task, ``stopped_since`` when it was first seen stopped, ``resumed_at``
    when it was last seen to go on.
    """

    task: PoolTask | None = None
    task_since: float = 0.0
    stopped_since: float | None = None
    resumed_at: float = 0.0
    probed_at: float = -1e9
    blocked: str = ""
    frame: str = ""
    told: bool = False
    stuck: Stuck | None = None

    def has(self, worker: PoolWorker, now: float) -> None:
        """Its host tells what it does."""
        since = now - (worker.busy_s or 0.0)
        if worker.task != self.task:
            self.task, self.task_since = worker.task, since

    def quiet_since(self) -> float | None:
        """Since when it has made no progress with what it has to do; None where it has nothing to do."""
        return max(self.task_since, self.resumed_at) if self.task else self.stopped_since

    def goes_on(self) -> None:
        """It makes progress again."""
        self.stuck, self.blocked, self.frame, self.told = None, "", "", False


@dataclass
class Crew:
    """``seen`` is what the last sweep saw, by pid; ``doubtful`` are those who were resumed after it.

    Of those that are stuck ``unfound`` wait until their line is looked for, and that of ``sought`` is on its way.
    """

    workers: tuple[PoolWorker, ...] = ()
    seen: dict[int, Descendant] = field(default_factory=dict)
    watches: dict[int, Watch] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)
    unfound: deque[int] = field(default_factory=deque)
    sought: set[int] = field(default_factory=set)

    def told(self, workers: tuple[PoolWorker, ...], now: float) -> None:
        """The host tells of all of them."""
        before = {one.pid: one.state for one in self.workers}
        self.workers = workers
        self.watches = {one.pid: self.watches.get(one.pid) or Watch() for one in workers}
        for one in workers:
            self.watches[one.pid].has(one, now)
            if before.get(one.pid) is WorkerState.SUSPENDED and one.state is not WorkerState.SUSPENDED:
                self.doubtful.add(one.pid)

    def shown(self, now: float) -> tuple[PoolWorker, ...]:
        """Their records."""
        return tuple(self._shown(one, now) for one in self.workers)

    def is_stopped(self, worker: PoolWorker) -> bool:
        """Whether it was stopped by a signal, whoever sent it."""
        if worker.state is WorkerState.SUSPENDED:
            return True
        seen = self.seen.get(worker.pid)
        return seen is not None and seen.state in _STOPPED and worker.pid not in self.doubtful

    def _shown(self, worker: PoolWorker, now: float) -> PoolWorker:
        seen, watch = self.seen.get(worker.pid), self.watches[worker.pid]
        ended = worker.state is WorkerState.ENDED
        sentinel = worker.sentinel and Sentinel(fd=worker.sentinel.fd, ready=worker.sentinel.ready or ended)
        if seen is None or ended:
            return replace(worker, sentinel=sentinel)
        state = WorkerState.SUSPENDED if worker.state in _ALIVE and self.is_stopped(worker) else worker.state
        return replace(
            worker,
            sentinel=sentinel,
            state=state,
            ppid=seen.ppid,
            busy_s=round(max(0.0, now - watch.task_since), 1) if watch.task else None,
            cpu_percent=seen.cpu_percent,
            rss_bytes=seen.rss_bytes,
            threads=seen.threads,
            os_state=seen.state,
            stuck=watch.stuck,
        )
