"""The state of a pool as fields of `app.records.pool.Pool`, as far as the host knows it."""

import select
from collections import deque
from typing import Any

from procession.pool.facts import Statistics, TaskFacts, WorkerFacts

from . import wording
from .book import Book
from .showing import shorten

MAX_WORKERS = 256
_RATE_OVER_S = 5.0
_LEAST_S = 1.0
#: A broken pool has ended, for its readers.
_STATES = {"broken": "terminated"}


class Throughput:
    """Tasks per second over the last `_RATE_OVER_S`, or since the first call."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def look(self, statistics: Statistics, now: float) -> float:
        """Return the present rate."""
        over = statistics.done + statistics.failed + statistics.lost
        seen = self._seen
        if seen and seen[0][1] == seen[-1][1]:
            self._seen = seen = deque(list(seen)[-1:])  # start again after an idle time
        seen.append((now, over))
        while len(seen) > 1 and seen[1][0] <= now - _RATE_OVER_S:
            seen.popleft()
        since, before = seen[0]
        return (over - before) / max(now - since, _LEAST_S) if over > before else 0.0

    @property
    def is_falling(self) -> bool:
        """Whether the rate changes although no task finishes."""
        return self._seen[0][1] != self._seen[-1][1]


def of(statistics: Statistics, workers: tuple[WorkerFacts, ...], book: Book, per_s: float) -> dict[str, Any]:
    """Return all fields, as JSON; ``workers`` are those to show."""
    ready = _ready_sentinels(workers)
    wanted = {"processes": statistics.processes} if statistics.processes else {}  # 0 only at the end of the pool
    return {
        **wanted,
        "state": _STATES.get(statistics.state, statistics.state),
        "error": statistics.error,
        "workers": [_worker(worker, book, is_ready=worker.pid in ready) for worker in workers[:MAX_WORKERS]],
        "queued": statistics.queued,
        "running": statistics.running,
        "done": statistics.done,
        "failed": statistics.failed,
        "lost": statistics.lost,
        "retried": statistics.retried,
        "stolen": statistics.stolen,
        "tasks_per_s": wording.rate(per_s),
        **book.to_json(),
    }


def tasks_of(statistics: Statistics) -> list[TaskFacts]:
    """Return the tasks that are being executed."""
    return [worker.task for worker in statistics.workers if worker.task]


def has_ended(statistics: Statistics) -> bool:
    return statistics.state in ("closed", "terminated", "broken") and not statistics.workers


def _ready_sentinels(workers: tuple[WorkerFacts, ...]) -> set[int]:
    """Return the pids of workers whose sentinel `multiprocessing.connection.wait` would report as ready."""
    poll = select.poll()
    for worker in workers:
        poll.register(worker.sentinel, select.POLLIN)
    ready = {fd for fd, _ in poll.poll(0)}
    # The descriptor of an ended worker may have been reused.
    return {worker.pid for worker in workers if worker.sentinel in ready or worker.state == "ended"}


def _worker(worker: WorkerFacts, book: Book, *, is_ready: bool) -> dict[str, Any]:
    return {
        "pid": worker.pid,
        "name": worker.name,
        "daemon": worker.daemon,
        "exitcode": worker.exitcode,
        "sentinel": {"fd": worker.sentinel, "ready": is_ready},
        "state": worker.state,
        "task": worker.task and task(worker.task, book),
        "busy_s": None if worker.busy_s is None else round(worker.busy_s, 1),
        "tasks_done": worker.tasks_done,
        "prefetched": worker.prefetched,
        "uptime_s": round(worker.uptime_s, 1),
        "working_share": working_share(worker),
    }


def working_share(worker: WorkerFacts) -> float | None:
    """Return the share of its lifetime that the worker had a task, from 0 to 1."""
    if worker.uptime_s <= 0:
        return None
    return round(min(max(1 - worker.waited_s / worker.uptime_s, 0.0), 1.0), 3)


def task(facts: TaskFacts, book: Book) -> dict[str, Any]:
    """Return a `PoolTask` of `app.records.pool`."""
    return {
        "job": book.number_of(facts),
        "index": facts.index,
        "first": facts.first,
        "size": facts.size,
        "function": shorten(facts.function, wording.MAX_ARGUMENTS),
        "arguments": shorten(facts.arguments, wording.MAX_ARGUMENTS),
        "attempt": facts.attempt,
    }
