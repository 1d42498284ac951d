"""The jobs of the pool, by number.  All that are not over are kept, and the newest of the others."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from procession.pool.facts import TaskFacts

from . import wording
from .jobs import Job
from .refusals import not_found, not_possible

MAX_KEPT = 50
MAX_SHOWN = 50
#: Each one of imap has a thread, and clients may be programs.
MAX_UNFINISHED = 200


class Book:
    """Jobs are numbered from 1.  Written by the thread that submits and by the reporter, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._by_call: dict[int, int] = {}
        self._last = 0

    def submit(self, make: Callable[[int], Job], start: Callable[[Job], int]) -> Job:
        """Enter the job that ``make`` makes of its number once ``start``, which returns its call, has started it."""
        with self._lock:
            if len(self.unfinished()) >= MAX_UNFINISHED:
                raise not_possible(f"{MAX_UNFINISHED} jobs are queued or running: wait until one has ended")
            job = make(self._last + 1)
            self._by_call[start(job)] = job.id
            self._last = job.id
            self._jobs[job.id] = job
        return job

    def look(self, tasks: list[TaskFacts], now: float) -> list[Job]:
        """See how far all are, of which ``tasks`` are being executed; returns those that are over since."""
        with self._lock:
            for task in tasks:
                if job := self._jobs.get(self._by_call.get(task.call, 0)):
                    job.starts(now)
            over = []
            for job in self.unfinished():
                job.look(now)
                over += [job] if job.is_over else []
            self._forget()
        return over

    def unfinished(self) -> list[Job]:
        """Those that are not over, oldest first."""
        return [job for job in list(self._jobs.values()) if not job.is_over]

    def number_of(self, task: TaskFacts) -> int | None:
        """The job of a task."""
        return self._by_call.get(task.call)

    def read(self, number: int) -> dict[str, Any]:
        """Everything of one job; raises `Refused`."""
        with self._lock:
            job = self._jobs.get(number)
            if job is None:
                raise not_found(self._why_not(number))
            return job.detail()

    def details(self) -> Iterator[dict[str, Any]]:
        """Everything of all jobs that are over, the newest first."""
        with self._lock:
            over = [job for job in self._jobs.values() if job.is_over]
        return (job.detail() for job in reversed(over))

    def to_json(self) -> dict[str, Any]:
        """The newest jobs, but all that are not over come first; and how many there are beside them."""
        with self._lock:
            over = [job for job in self._jobs.values() if job.is_over]
            unfinished = self.unfinished()[:MAX_SHOWN]
            shown = unfinished + over[max(len(over) + len(unfinished) - MAX_SHOWN, 0) :]
            told = [job.to_json() for job in sorted(shown, key=lambda job: job.id)]
            return {"jobs": told, "jobs_not_shown": self._last - len(told)}

    def _forget(self) -> None:
        over = [job.id for job in self._jobs.values() if job.is_over]
        gone = set(over[:-MAX_KEPT])
        if gone:
            self._jobs = {number: job for number, job in self._jobs.items() if number not in gone}
            self._by_call = {call: number for call, number in self._by_call.items() if number not in gone}

    def _why_not(self, number: int) -> str:
        if 0 < number <= self._last:
            return f"job {number} is no longer kept: only the newest {MAX_KEPT} that are over are"
        return f"there is no job {number}; there were {wording.count(self._last, 'job')} so far"
