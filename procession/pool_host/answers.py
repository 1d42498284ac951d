"""What each ask is answered by; raises `Refused` where it is not possible."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any

from procession.pool import Pool
from procession.pool.errors import PoolBroken
from procession.pool.facts import TaskFacts, WorkerFacts

from . import checking, starting, state, wording
from .asks import ANY_TASK, ActOnWorker, Ask, Close, JoinPool, ReadJob, Resize, Submit, Terminate
from .book import Book
from .functions import ImportGuard
from .jobs import Job
from .refusals import Refused, not_found, not_possible
from .reporter import Reporter

Json = dict[str, Any]
_ENDS_WITHIN_S = 10.0


class Answers:
    """Does what is asked of ``pool`` and ``book``; several threads at once."""

    def __init__(self, pool: Pool, book: Book, reporter: Reporter) -> None:
        self._pool, self._book, self._reporter = pool, book, reporter
        self._guard = ImportGuard()

    def to(self, ask: Ask) -> Json:
        """The answer, once it is done."""
        match ask:
            case Submit():
                return self._submit(ask)
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
                return self._end_worker(ask)
            case ActOnWorker():
                return self._stop_or_continue(ask)

    def last_details(self) -> Iterator[Json]:
        """What came of the jobs, the newest first: they cannot be read here any longer."""
        return self._book.details()

    # Jobs

    def _submit(self, ask: Submit) -> Json:
        self._check_open()
        order = checking.check(ask.spec, self._guard)
        chunksize = starting.chunksize(order, self._pool.statistics().processes or 1)
        by = str(ask.by)[:100]
        try:
            job = self._book.submit(
                lambda number: Job(number, order, by, chunksize),
                lambda job: starting.start(self._pool, job, order, self._reporter.changed.set),
            )
        except (ValueError, PoolBroken) as error:  # it was closed or it broke meanwhile
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
        self._tell("pool", f"The pool is resized from {before} to {wording.count(processes, 'worker')}.")
        return self._facts()

    def _close(self) -> Json:
        self._check_open()
        self._pool.close()
        left = len(self._book.unfinished())
        self._tell("pool", f"The pool is closed to new jobs; {wording.count(left, 'job')} to be done.")
        return self._facts()

    def _terminate(self) -> Json:
        before = self._pool.statistics()
        if before.state == "closed":
            raise not_possible("terminate is not possible: the pool is closed and its workers have ended")
        self._pool.terminate()
        self._pool.join(_ENDS_WITHIN_S)  # where another thread has begun to terminate it
        cost = f"{wording.count(before.running, 'running task')} and {before.queued:,} waiting"
        if before.state != "terminated":
            self._tell("pool", f"The pool was terminated, with {cost}.")
        return self._facts()

    def _join(self, timeout_s: float | None) -> bool:
        if self._pool.statistics().state == "open":
            raise not_possible("join is not possible while the pool is open: close or terminate it first")
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

    def _stop_or_continue(self, ask: ActOnWorker) -> Json:
        worker, pid = self._agreed(ask), ask.pid
        task = self._named(worker.task)
        try:
            if ask.verb == "suspend":
                self._pool.suspend_worker(pid)
                text = wording.suspended(pid, task, worker.prefetched)
            else:
                self._pool.resume_worker(pid)
                text = wording.resumed(pid, task)
        except ValueError as error:
            raise not_found(str(error)) from None
        self._reporter.changed.set()
        return {"pid": pid, "text": text}

    def _end_worker(self, ask: ActOnWorker) -> Json:
        before, asked_at = self._agreed(ask), monotonic()
        pid, verb = ask.pid, ask.verb
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

    def _agreed(self, ask: ActOnWorker) -> WorkerFacts:
        """The worker, if it still has the task that somebody agreed to lose; it may come to its end a moment later."""
        worker = self._worker(ask.pid)
        now = worker.task and {"job": self._book.number_of(worker.task), "index": worker.task.index}
        if ask.task is not ANY_TASK and ask.task != now:
            has = self._named(worker.task) or "no task"
            raise not_possible(f"worker {ask.pid} has {has} now, not {wording.agreed(ask.task)}: nothing was done")
        return worker

    def _worker(self, pid: int) -> WorkerFacts:
        workers = self._pool.statistics().workers
        for worker in workers:
            if worker.pid == pid:
                return worker
        pids = ", ".join(str(worker.pid) for worker in workers) or "none"
        raise not_found(f"this pool has no worker {pid}; its workers are: {pids}")

    def _named(self, task: TaskFacts | None) -> str | None:
        return None if task is None else wording.task_of(task, self._book.number_of(task))

    def _tell(self, event: str, text: str, pid: int | None = None) -> None:
        self._reporter.note(event, text, pid)
        self._reporter.changed.set()


def _ran_s(before: WorkerFacts, task: TaskFacts | None, since: float) -> float | None:
    """How long the worker had had ``task`` when it ended; None where it was another one than ``before``."""
    if task is None or before.busy_s is None or before.task is None:
        return None
    same = (before.task.call, before.task.index) == (task.call, task.index)
    return before.busy_s + since if same else None
