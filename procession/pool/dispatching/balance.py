"""Taking tasks away from workers that do not come to them: stopped ones, slow ones, those with one long task."""

from __future__ import annotations

from collections.abc import Sequence

from procession.pool.crew.member import Worker
from procession.pool.tasks.bookkeeping import Ledger
from procession.pool.worker.ring import LIMIT, NONE, Fence

#: A worker may be idle that long while another one has tasks in store; nobody may keep those behind one task longer.
IDLE_S = 0.005
STALLED_S = 0.05


class Balance:
    """``is_lopsided`` says that somebody is idle while others have tasks in store: look again soon."""

    def __init__(self, ledger: Ledger, fence: Fence) -> None:
        self._ledger = ledger
        self._fence = fence
        self._lopsided_since: float | None = None

    @property
    def is_lopsided(self) -> bool:
        """Whether to look again after `IDLE_S`."""
        return self._lopsided_since is not None

    def restore(self, workers: Sequence[Worker], now: float) -> bool:
        """Take back what others would come to earlier; whether there was something."""
        loaded = [worker for worker in workers if worker.desk.limit is None and has_store(worker)]
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
        desk, words = worker.desk, worker.words
        if desk.limit is not None:
            return
        current = worker.current
        words[LIMIT] = limit = current + 1 if current != NONE else 0
        self._fence()
        self._ledger.stolen += self._ledger.reclaim(desk, worker.current, limit)
        if desk.limit is None:
            words[LIMIT] = NONE


def has_store(worker: Worker) -> bool:
    """Whether tasks wait in it, beside the one that it executes."""
    inflight = worker.desk.inflight
    return len(inflight) > (worker.current in inflight)


def _is_idle(worker: Worker) -> bool:
    return not worker.desk.inflight and worker.is_ready and worker.desk.room() > 0
