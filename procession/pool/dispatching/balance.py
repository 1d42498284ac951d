"""Take tasks back from workers that do not get to them: stopped ones, slow ones, those with one long task."""

from collections.abc import Sequence

from procession.pool.tasks.ledger import Ledger
from procession.pool.worker_process.ring import LIMIT, NONE, Fence
from procession.pool.workers.worker import Worker

#: How long a worker may be idle while others have prefetched tasks, and how long one task may hold up those behind it.
IDLE_S = 0.005
STALLED_S = 0.05


class Balance:
    """Moves prefetched tasks between workers."""

    def __init__(self, ledger: Ledger, fence: Fence) -> None:
        self._ledger = ledger
        self._fence = fence
        self._lopsided_since: float | None = None

    @property
    def is_lopsided(self) -> bool:
        """Whether a worker is idle while others have prefetched tasks: `restore` again after `IDLE_S`."""
        return self._lopsided_since is not None

    def restore(self, workers: Sequence[Worker], now: float) -> bool:
        """Take back tasks that other workers would get to earlier; return whether there were some."""
        loaded = [worker for worker in workers if worker.inbox.limit is None and has_prefetched(worker)]
        for worker in loaded:
            worker.look(now)
        stalled = [worker for worker in loaded if now - worker.since >= STALLED_S]
        if loaded and not self._ledger.queue and any(map(_is_idle, workers)):
            self._lopsided_since = self._lopsided_since or now
            if now - self._lopsided_since >= IDLE_S:
                stalled = loaded
        else:
            self._lopsided_since = None
        if not stalled or not any(worker.is_ready for worker in workers if worker not in stalled):
            return False
        for worker in stalled:
            self.reclaim(worker)
        self._lopsided_since = None
        return True

    def reclaim(self, worker: Worker) -> None:
        """Take back the tasks that wait in this worker."""
        inbox, words = worker.inbox, worker.words
        if inbox.limit is not None:
            return
        current = worker.current
        words[LIMIT] = limit = current + 1 if current != NONE else 0
        self._fence()
        self._ledger.stolen += self._ledger.reclaim(inbox, worker.current, limit)
        if inbox.limit is None:
            words[LIMIT] = NONE


def has_prefetched(worker: Worker) -> bool:
    """Return whether tasks wait in it, besides the one that it executes."""
    inflight = worker.inbox.inflight
    return len(inflight) > (worker.current in inflight)


def _is_idle(worker: Worker) -> bool:
    return not worker.inbox.inflight and worker.is_ready and worker.inbox.room() > 0
