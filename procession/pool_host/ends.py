"""Workers that have ended: which are new, what the journal says of them, and how long they are still shown."""

from __future__ import annotations

from procession.pool.facts import WorkerFacts

from . import wording

SHOWN_S = 30.0
MAX_SHOWN = 8


class Ends:
    """The workers that were seen as ended, and when they were first."""

    def __init__(self) -> None:
        self._since: dict[tuple[int, float], float] = {}

    def look(self, ended: tuple[WorkerFacts, ...], now: float) -> list[WorkerFacts]:
        """Those that have ended since the last look."""
        new = [worker for worker in ended if _key(worker) not in self._since]
        self._since = {_key(worker): self._since.get(_key(worker), now) for worker in ended}
        return new

    def shown(self, ended: tuple[WorkerFacts, ...], now: float) -> tuple[WorkerFacts, ...]:
        """Those that ended a moment ago."""
        recent = [worker for worker in ended if now - self._since.get(_key(worker), now) < SHOWN_S]
        return tuple(recent[-MAX_SHOWN:])


def in_words(worker: WorkerFacts) -> str | None:
    """How it ended; None where it was its time: after so many tasks, or because there are to be fewer."""
    if worker.exitcode == 0:
        return None
    after = f"after {wording.count(worker.tasks_done, 'task')}"
    return f"Worker {worker.pid} ended {wording.exit_of(worker.exitcode)}, {after}; another one takes its place."


def _key(worker: WorkerFacts) -> tuple[int, float]:
    return worker.pid, worker.started_at
