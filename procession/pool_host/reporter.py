"""The thread that sends the supervisor changes of the pool's state, and lines for the journal.

It sends at most every `INTERVAL_S`, at once after a quiet time.  While nothing changes it sleeps until a job finishes,
a request is answered or a worker ends.
"""

import select
import sys
import threading
from collections.abc import Callable
from time import monotonic

from procession.pool import Pool
from procession.pool.errors import WorkerLost
from procession.pool.facts import Failure, Statistics

from . import ended_workers, state, wording
from .book import Book
from .changes import Changes
from .ended_workers import EndedWorkers
from .jobs import Job
from .wire import Wake, Wire

INTERVAL_S = 0.25
IDLE_S = 5.0
_MAX_NOTES = 20


class Reporter(threading.Thread):
    """Reports ``pool`` and ``book``; calls ``ended`` once the pool and its workers have ended."""

    def __init__(self, wire: Wire, pool: Pool, book: Book, ended: Callable[[], object]) -> None:
        super().__init__(name="reporter", daemon=True)
        self.changed = Wake()
        self._wire, self._pool, self._book, self._ended = wire, pool, book, ended
        self._changes, self._ended_workers, self._throughput = Changes(), EndedWorkers(), state.Throughput()
        self._publishing = threading.Lock()
        self._stopped = threading.Event()
        self._told_lost: dict[int, int] = {}
        self._asked_to_end: set[int] = set()

    def run(self) -> None:
        """Publish until `stop`, or the end of the pool."""
        while not self._stopped.is_set():
            try:
                statistics = self.publish()
            except Exception:  # noqa: BLE001 - a bug of ours, shown in the log: pool and reporter go on
                sys.excepthook(*sys.exc_info())
                self._stopped.wait(IDLE_S)
                continue
            if state.has_ended(statistics):
                self._ended()
                return
            self._sleep(statistics)

    def stop(self) -> None:
        """End the thread; `publish` can still be called."""
        self._stopped.set()
        self.changed.set()

    def ends_as_asked(self, pid: int) -> None:
        """Write no journal line for the end of this worker: a request ended it, and its answer says what that cost."""
        self._asked_to_end.add(pid)

    def note(self, event: str, text: str, pid: int | None = None) -> None:
        self._wire.send("note", event=event, text=text, pid=pid)

    def publish(self) -> Statistics:
        """Send what has changed since the last time."""
        with self._publishing:
            self.changed.clear()
            statistics, now = self._pool.statistics(), monotonic()
            over = self._book.look(state.tasks_of(statistics), now)
            self._tell_ends(over, statistics, now)
            self._tell_state(statistics, now)
        return statistics

    def publish_and_wake(self) -> None:
        """Publish from another thread, and wake the reporter, which sleeps by an older state."""
        self.publish()
        self.changed.set()

    def _tell_state(self, statistics: Statistics, now: float) -> None:
        workers = (*statistics.workers, *self._ended_workers.shown(statistics.ended, now))
        told = state.of(statistics, workers, self._book, self._throughput.look(statistics, now))
        if changed := self._changes.since(told, now):
            self._wire.send("state", pool=changed)

    def _tell_ends(self, over: list[Job], statistics: Statistics, now: float) -> None:
        notes: list[tuple[str, str, int | None]] = []
        lost_with = set(self._asked_to_end)
        for job in [*over, *self._book.unfinished()]:
            for failure, error in self._newly_lost(job):
                lost_with.add(error.pid)
                notes.append(("worker-lost", wording.lost(failure, error, job.id), error.pid))
        for worker in self._ended_workers.look(statistics.ended, now):
            text = None if worker.pid in lost_with or statistics.state != "open" else ended_workers.describe(worker)
            if text:
                notes.append(("worker-ended", text, worker.pid))
            self._asked_to_end.discard(worker.pid)
        notes += [("job", wording.job_ended(job.to_json()), None) for job in over]
        self._tell_notes(notes)

    def _tell_notes(self, notes: list[tuple[str, str, int | None]]) -> None:
        for event, text, pid in notes[:_MAX_NOTES]:
            self.note(event, text, pid)
        if len(notes) > _MAX_NOTES:
            left_out = wording.count(len(notes) - _MAX_NOTES, "more line")
            self.note("pool", f"{left_out} left out.")

    def _newly_lost(self, job: Job) -> list[tuple[Failure, WorkerLost]]:
        lost = [(one, one.error) for one in job.failures if isinstance(one.error, WorkerLost)]
        before = self._told_lost.pop(job.id, 0)
        if not job.is_over:
            self._told_lost[job.id] = len(lost)
        return lost[before:]

    def _sleep(self, statistics: Statistics) -> None:
        """Sleep until something changes, but at least `INTERVAL_S`."""
        awake_again = monotonic() + INTERVAL_S
        if not (self._book.unfinished() or self._is_moving(statistics)):
            self._wait_for_change(statistics)
        self._stopped.wait(max(awake_again - monotonic(), 0.0))

    def _is_moving(self, statistics: Statistics) -> bool:
        """Return whether something changes without waking the reporter, as when a started worker becomes ready."""
        in_transition = any(worker.state in ("booting", "retiring") for worker in statistics.workers)
        return bool(statistics.running) or in_transition or self._throughput.is_falling

    def _wait_for_change(self, statistics: Statistics) -> None:
        poll = select.poll()
        poll.register(self.changed.fileno(), select.POLLIN)
        for worker in statistics.workers:
            poll.register(worker.sentinel, select.POLLIN)
        poll.poll(IDLE_S * 1000)
