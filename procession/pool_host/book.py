"""The jobs of the pool, by number: all unfinished ones, and the newest finished ones."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

from procession.pool.facts import TaskFacts

from . import wording
from .jobs import Job
from .refusals import not_found, not_possible

MAX_KEPT = 50
MAX_SHOWN = 50
#: Each job of imap has a thread, and clients may be programs.
MAX_UNFINISHED = 200


class Book:
    """Numbers jobs from 1.  Only the submitting thread and the reporter change it, one at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[int, Job] = {}
        self._by_call: dict[int, int] = {}
        self._last = 0

    def submit(self, make: Callable[[int], Job], start: Callable[[Job], int]) -> Job:
        """Start and enter the job that ``make`` returns for its number; ``start`` returns the number of its call."""
        with self._lock:
            if len(self.unfinished()) >= MAX_UNFINISHED:
                raise not_possible(f"{MAX_UNFINISHED} jobs are queued or running; wait until one has finished")
            job = make(self._last + 1)
            self._by_call[start(job)] = job.id
            self._last = job.id
            self._jobs[job.id] = job
        return job

    def look(self, tasks: list[TaskFacts], now: float) -> list[Job]:
        """Update all jobs, ``tasks`` being those that are executed now; return the jobs that have finished."""
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
        """Return the unfinished jobs, oldest first."""
        return [job for job in list(self._jobs.values()) if not job.is_over]

    def number_of(self, task: TaskFacts) -> int | None:
        return self._by_call.get(task.call)

    def read(self, number: int) -> dict[str, Any]:
        """Return the details of one job; raises `Refused`."""
        with self._lock:
            job = self._jobs.get(number)
            if job is None:
                raise not_found(self._why_not(number))
            return job.detail()

    def details(self) -> Iterator[dict[str, Any]]:
        """Return the details of all finished jobs, newest first."""
        with self._lock:
            over = [job for job in self._jobs.values() if job.is_over]
        return (job.detail() for job in reversed(over))

    def to_json(self) -> dict[str, Any]:
        """Return the newest jobs, all unfinished ones among them, and how many others there were."""
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
            return f"job {number} was dropped: only the last {MAX_KEPT} finished jobs are kept"
        return f"job not found: {number}; {wording.count(self._last, 'job')} submitted so far"
