"""Perform each request and return its answer; raise `Refused` where it is not possible."""

from collections.abc import Iterator
from time import monotonic
from typing import Any

from procession.pool import Pool
from procession.pool.errors import PoolBroken
from procession.pool.facts import TaskFacts, WorkerFacts

from . import checking, starting, state, wording
from .book import Book
from .functions import ImportGuard
from .jobs import Job
from .refusals import Refused, not_found, not_possible
from .reporter import Reporter
from .requests import ANY_TASK, ActOnWorker, Close, JoinPool, ReadJob, Request, Resize, Submit, Terminate

Json = dict[str, Any]
_ENDS_WITHIN_S = 10.0


class Answers:
    """Performs requests on ``pool`` and ``book``; several threads may call it at once."""

    def __init__(self, pool: Pool, book: Book, reporter: Reporter) -> None:
        self._pool, self._book, self._reporter = pool, book, reporter
        self._guard = ImportGuard()

    def to(self, request: Request) -> Json:
        match request:
            case Submit():
                return self._submit(request)
            case Resize(processes):
                return self._resize(processes)
            case Close():
                return self._close()
            case Terminate():
                return self._terminate()
            case JoinPool(timeout_s):
                return {"joined": self._join(timeout_s)}
            case ReadJob(number):
                return self._book.read(number)
            case ActOnWorker(verb="terminate" | "kill"):
                return self._end_worker(request)
            case ActOnWorker():
                return self._stop_or_continue(request)

    def last_details(self) -> Iterator[Json]:
        """Return the details of all finished jobs, newest first, for the end of the host."""
        return self._book.details()

    # Jobs

    def _submit(self, request: Submit) -> Json:
        self._check_open()
        order = checking.check(request.spec, self._guard)
        chunksize = starting.chunksize(order, self._pool.statistics().processes or 1)
        by = str(request.by)[:100]
        try:
            job = self._book.submit(
                lambda number: Job(number, order, by, chunksize),
                lambda job: starting.start(self._pool, job, order, self._reporter.changed.set),
            )
        except (ValueError, PoolBroken) as error:  # closed or broken meanwhile
            raise self._not_running(error) from None
        items = None if order.items is None else len(order.items)
        self._tell("job", f"Job {job.id}: {wording.submitted(order.label, order.method, items, by)}")
        return job.to_json()

    # The pool

    def _resize(self, processes: int) -> Json:
        before = self._pool.statistics().processes
        try:
            self._pool.resize(processes)
        except (ValueError, PoolBroken) as error:
            raise self._not_running(error) from None
        self._tell("pool", f"Resized the pool from {before} to {wording.count(processes, 'worker')}.")
        return self._facts()

    def _close(self) -> Json:
        self._check_open()
        self._pool.close()
        left = len(self._book.unfinished())
        self._tell("pool", f"Closed the pool to new jobs; {wording.count(left, 'job')} left.")
        return self._facts()

    def _terminate(self) -> Json:
        before = self._pool.statistics()
        if before.state == "closed":
            raise not_possible("cannot terminate: the pool is closed and its workers have ended")
        self._pool.terminate()
        self._pool.join(_ENDS_WITHIN_S)  # another thread may have begun to terminate it
        if before.state != "terminated":
            cost = f"{wording.count(before.running, 'running task')} and {before.queued:,} waiting"
            self._tell("pool", f"Terminated the pool with {cost}.")
        return self._facts()

    def _join(self, timeout_s: float | None) -> bool:
        if self._pool.statistics().state == "open":
            raise not_possible("cannot join an open pool: close or terminate it first")
        return self._pool.join(timeout_s)

    def _facts(self) -> Json:
        statistics = self._pool.statistics()
        return state.of(statistics, statistics.workers, self._book, 0.0)

    def _check_open(self) -> None:
        statistics = self._pool.statistics()
        if statistics.state != "open":
            raise self._not_running(None)

    def _not_running(self, error: Exception | None) -> Refused:
        told = self._pool.statistics().state
        why = f": {error}" if isinstance(error, PoolBroken) else ""
        return not_possible(f"the pool is {told}{why}; open another one")

    # One worker

    def _stop_or_continue(self, request: ActOnWorker) -> Json:
        worker, pid = self._agreed(request), request.pid
        task = self._named(worker.task)
        try:
            if request.verb == "suspend":
                self._pool.suspend_worker(pid)
                text = wording.suspended(pid, task, worker.prefetched)
            else:
                self._pool.resume_worker(pid)
                text = wording.resumed(pid, task)
        except ValueError as error:
            raise not_found(str(error)) from None
        self._reporter.changed.set()
        return {"pid": pid, "text": text}

    def _end_worker(self, request: ActOnWorker) -> Json:
        before, asked_at = self._agreed(request), monotonic()
        pid, verb = request.pid, request.verb
        self._reporter.ends_as_asked(pid)
        try:
            end = (self._pool.kill_worker if verb == "kill" else self._pool.terminate_worker)(pid)
        except ValueError as error:
            raise not_found(str(error)) from None
        ran_s = _ran_s(before, end.task, monotonic() - asked_at)
        text = wording.ended(verb, end, self._named(end.task) or "", ran_s)
        self._tell("worker-ended" if end.ended else "pool", text, pid)
        return {
            "pid": pid,
            "ended": end.ended,
            "exitcode": end.exitcode,
            "cause": end.cause,
            "task": end.task and state.task(end.task, self._book),
            "outcome": end.outcome,
            "returned": end.returned,
            "text": text,
        }

    def _agreed(self, request: ActOnWorker) -> WorkerFacts:
        """Return the worker; raise `Refused` where it no longer has the task that the user agreed to lose."""
        worker = self._worker(request.pid)
        now = worker.task and {"job": self._book.number_of(worker.task), "index": worker.task.index}
        if request.task is not ANY_TASK and request.task != now:
            has = self._named(worker.task) or "no task"
            raise not_possible(
                f"worker {request.pid} now has {has}, not {wording.agreed(request.task)}; nothing was done"
            )
        return worker

    def _worker(self, pid: int) -> WorkerFacts:
        workers = self._pool.statistics().workers
        for worker in workers:
            if worker.pid == pid:
                return worker
        pids = ", ".join(str(worker.pid) for worker in workers) or "none"
        raise not_found(f"worker not found: {pid}; workers of this pool: {pids}")

    def _named(self, task: TaskFacts | None) -> str | None:
        return None if task is None else wording.task_of(task, self._book.number_of(task))

    def _tell(self, event: str, text: str, pid: int | None = None) -> None:
        self._reporter.note(event, text, pid)
        self._reporter.changed.set()


def _ran_s(before: WorkerFacts, task: TaskFacts | None, since: float) -> float | None:
    """Return how long the worker had run ``task`` when it ended; None where ``before`` had another task."""
    if task is None or before.busy_s is None or before.task is None:
        return None
    same = (before.task.call, before.task.index) == (task.call, task.index)
    return before.busy_s + since if same else None
