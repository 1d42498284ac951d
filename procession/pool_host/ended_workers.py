"""Workers that have ended: which are new, what the journal says about them, and how long they are shown."""

from procession.pool.facts import WorkerFacts

from . import wording

SHOWN_S = 30.0
MAX_SHOWN = 8


class EndedWorkers:
    """When each worker was first seen as ended."""

    def __init__(self) -> None:
        self._since: dict[tuple[int, float], float] = {}

    def look(self, ended: tuple[WorkerFacts, ...], now: float) -> list[WorkerFacts]:
        """Return the workers that have ended since the last call."""
        new = [worker for worker in ended if _key(worker) not in self._since]
        self._since = {_key(worker): self._since.get(_key(worker), now) for worker in ended}
        return new

    def shown(self, ended: tuple[WorkerFacts, ...], now: float) -> tuple[WorkerFacts, ...]:
        """Return the workers to show: those that ended a moment ago."""
        recent = [worker for worker in ended if now - self._since.get(_key(worker), now) < SHOWN_S]
        return tuple(recent[-MAX_SHOWN:])


def describe(worker: WorkerFacts) -> str | None:
    """Return how a worker ended; None where it ended normally: after its last task, or as surplus."""
    if worker.exitcode == 0:
        return None
    done = wording.count(worker.tasks_done, "task")
    return f"Worker {worker.pid} ended {wording.exit_of(worker.exitcode)} after {done}; a new worker replaces it."


def _key(worker: WorkerFacts) -> tuple[int, float]:
    return worker.pid, worker.started_at
