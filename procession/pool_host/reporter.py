"""The thread that tells the supervisor how the pool is: what changed, and lines for the journal.

At most every `INTERVAL_S`, at once after a quiet time, and seldom while nothing happens: it sleeps until a job is over,
something was asked, or a worker has ended.
"""

from __future__ import annotations

import select
import sys
import threading
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from procession.pool.errors import WorkerLost
from procession.pool.facts import Failure, Statistics

from . import ends, state, wording
from .book import Book
from .changes import Changes
from .ends import Ends
from .jobs import Job
from .wire import Wake, Wire

INTERVAL_S = 0.25
IDLE_S = 5.0
_MAX_NOTES = 20


class Watched(Protocol):
    """What of a `procession.Pool` is looked at."""

    def statistics(self) -> Statistics:
        """How it is."""


class Reporter(threading.Thread):
    """Looks at ``pool`` and ``book``; ``ended`` is called once the pool is over and its workers are gone."""

    def __init__(self, wire: Wire, pool: Watched, book: Book, ended: Callable[[], object]) -> None:
        super().__init__(name="reporter", daemon=True)
        self.changed = Wake()
        self._wire, self._pool, self._book, self._ended = wire, pool, book, ended
        self._changes, self._ends, self._throughput = Changes(), Ends(), state.Throughput()
        self._publishing = threading.Lock()
        self._stopped = threading.Event()
        self._told_lost: dict[int, int] = {}
        self._asked_to_end: set[int] = set()

    def run(self) -> None:
        """Until `stop`."""
        while not self._stopped.is_set():
            try:
                statistics = self.publish()
            except Exception:  # noqa: BLE001 - a bug of ours, shown in the log: the pool goes on, and so do we
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
        """Somebody was told already what the end of this worker cost."""
        self._asked_to_end.add(pid)

    def note(self, event: str, text: str, pid: int | None = None) -> None:
        """A line for the journal."""
        self._wire.send("note", event=event, text=text, pid=pid)

    def publish(self) -> Statistics:
        """Tell what changed since the last time."""
        with self._publishing:
            self.changed.clear()
            statistics, now = self._pool.statistics(), monotonic()
            over = self._book.look(state.tasks_of(statistics), now)
            self._tell_ends(over, statistics, now)
            self._tell_state(statistics, now)
        return statistics

    def publish_and_go_on(self) -> None:
        """`publish` from another thread: ours is woken, which may sleep by what it saw before."""
        self.publish()
        self.changed.set()

    def _tell_state(self, statistics: Statistics, now: float) -> None:
        workers = (*statistics.workers, *self._ends.shown(statistics.ended, now))
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
        for worker in self._ends.look(statistics.ended, now):
            text = None if worker.pid in lost_with or statistics.state != "open" else ends.in_words(worker)
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
            self.note("pool", f"{left_out} of this moment left out.")

    def _newly_lost(self, job: Job) -> list[tuple[Failure, WorkerLost]]:
        lost = [(one, one.error) for one in job.failures if isinstance(one.error, WorkerLost)]
        before = self._told_lost.pop(job.id, 0)
        if not job.is_over:
            self._told_lost[job.id] = len(lost)
        return lost[before:]

    def _sleep(self, statistics: Statistics) -> None:
        """Until there is something to tell, but not less than `INTERVAL_S`."""
        awake_again = monotonic() + INTERVAL_S
        if not (self._book.unfinished() or self._is_moving(statistics)):
            self._wait_for_change(statistics)
        self._stopped.wait(max(awake_again - monotonic(), 0.0))

    def _is_moving(self, statistics: Statistics) -> bool:
        """Whether something changes that nobody tells us of: a worker is ready some time after it was started."""
        on_their_way = any(worker.state in ("booting", "retiring") for worker in statistics.workers)
        return bool(statistics.running) or on_their_way or self._throughput.is_falling

    def _wait_for_change(self, statistics: Statistics) -> None:
        poll = select.poll()
        poll.register(self.changed.fileno(), select.POLLIN)
        for worker in statistics.workers:
            poll.register(worker.sentinel, select.POLLIN)
        poll.poll(IDLE_S * 1000)
