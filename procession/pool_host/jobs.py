"""One job: a call of the pool, its progress and, once it has finished, its outcome.

A finished job drops the pool's result, and keeps only what can be shown of it.
"""

import threading
from collections.abc import Callable
from time import monotonic, time
from typing import Any, NamedTuple, Protocol

from procession.pool.errors import PoolBroken, PoolTerminated
from procession.pool.facts import Failure, Progress

from . import wording
from .checking import Order
from .showing import MAX_RESULT, Budget, Shown, show

_NOTHING_YET = Progress(total=None, done=0, failed=0, lost=0, retried=0, started=False)
_ENDS_WITHIN_S = 1.0


class Outcome(NamedTuple):
    """The outcome of a call: what can be shown of its value, and the first exception, if any."""

    shown: Shown = Shown(None, cut=False)
    raised: BaseException | None = None


class Call(Protocol):
    """What the results of all pool methods have in common."""

    call: int

    def progress(self) -> Progress:
        """Return the progress."""

    def failures(self) -> tuple[Failure, ...]:
        """Return the first 100 tasks that failed."""


class Job:
    """A job of the pool; only the reporter calls `look`, any thread reads."""

    def __init__(self, number: int, order: Order, by: str, chunksize: int) -> None:
        self.id = number
        self.method, self.label, self.arguments = order.method, order.label, order.arguments
        self.by, self.chunksize = by, chunksize
        self.progress = _NOTHING_YET
        self.failures: tuple[Failure, ...] = ()
        self.outcome = Outcome()
        self._call: Call | None = None
        self._ask_outcome: Callable[[], Outcome] = Outcome
        self._submitted, self._wall = monotonic(), time() - monotonic()
        self._started: float | None = None
        self._ended: float | None = None
        self._seen = self._submitted
        self.is_over = False

    def runs_as(self, call: Call, outcome: Callable[[], Outcome]) -> None:
        """Set ``call``, which the pool returned, and ``outcome``, which returns its outcome once it has finished."""
        self._call, self._ask_outcome = call, outcome

    def over(self) -> None:
        """Note that the call has finished; any thread may call it."""
        self._ended = monotonic()

    def starts(self, moment: float) -> None:
        """Note that a worker has one of its tasks."""
        if self._started is None:
            self._started = moment

    def look(self, now: float) -> None:
        """Update the progress; keep the outcome if the call has finished."""
        if self._call is None:
            return
        has_ended = self._ended is not None
        self._seen = now
        self.progress, self.failures = self._call.progress(), self._call.failures()
        if self.progress.started:
            self.starts(self._submitted if has_ended else now)
        if has_ended:
            self._finish(self._call)

    def _finish(self, call: Call) -> None:
        self.outcome = self._ask_outcome()
        self.progress, self.failures = call.progress(), call.failures()
        self._call, self._ask_outcome = None, Outcome
        self.is_over = True

    @property
    def state(self) -> str:
        """The state, as in `app.records.pool.JobState`."""
        if not self.is_over:
            return "queued" if self._started is None else "running"
        if self.progress.lost:
            return "lost"
        return "failed" if self.progress.failed else "done"

    @property
    def elapsed_s(self) -> float | None:
        """Seconds from the start of its first task to its end, or until now."""
        if self._started is None:
            return None
        return max((self._ended if self.is_over and self._ended else self._seen) - self._started, 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return a `Job` of `app.records.pool`."""
        progress, elapsed = self.progress, self.elapsed_s
        finished = progress.done + progress.failed + progress.lost
        rate = finished / elapsed if finished and elapsed else None
        left = None if self.is_over or rate is None or progress.total is None else (progress.total - finished) / rate
        return {
            "id": self.id,
            "method": self.method,
            "function": self.label,
            "state": self.state,
            "total": progress.total,
            "done": int(progress.done),
            "failed": int(progress.failed),
            "lost": int(progress.lost),
            "retried": progress.retried,
            "chunksize": self.chunksize,
            "by": self.by,
            "submitted_at": self._at(self._submitted),
            "started_at": self._at(self._started),
            "ended_at": self._at(self._ended if self.is_over else None),
            "elapsed_s": None if elapsed is None else round(elapsed, 3),
            "tasks_per_s": wording.rate(rate),
            "left_s": None if left is None else round(left, 1),
            "error": self._error(),
        }

    def _error(self) -> str | None:
        raised = self.failures[0].error if self.failures else self.outcome.raised
        return None if raised is None else wording.error(raised)

    def detail(self) -> dict[str, Any]:
        """Return a `JobDetail` of `app.records.pool`."""
        told, left_out = wording.failures(self.failures)
        return {
            "job": self.to_json(),
            "arguments": self.arguments,
            "result": self.outcome.shown.value,
            "result_cut": self.outcome.shown.cut,
            "failures": told,
            "failures_not_shown": left_out + self._not_kept(),
        }

    def _not_kept(self) -> int:
        return max(self.progress.failed + self.progress.lost - len(self.failures), 0)

    def _at(self, moment: float | None) -> float | None:
        return None if moment is None else round(self._wall + moment, 3)


class Drain(threading.Thread):
    """A thread that takes the results of an imap as they come, and keeps the first ones."""

    def __init__(self, job: Job, results: Any, changed: Callable[[], object]) -> None:
        super().__init__(name=f"drain of job {job.id}", daemon=True)
        self._job, self._results, self._changed = job, results, changed
        self._budget, self._head = Budget(MAX_RESULT), list[Any]()
        self._raised: BaseException | None = None

    def run(self) -> None:
        while self._take():
            pass
        self._results = None
        self._job.over()
        self._changed()

    def outcome(self) -> Outcome:
        return Outcome(Shown(self._head, self._budget.cut), self._raised)

    def _take(self) -> bool:
        """Take one result; return whether there may be more."""
        try:
            self._keep(self._results.next())
        except StopIteration:
            return False
        except Exception as error:  # noqa: BLE001 - raised by the task
            self._raised = self._raised or error
            return not (isinstance(error, PoolTerminated | PoolBroken) and self._results.progress().over)
        return True

    def _keep(self, value: object) -> None:
        if self._budget.is_spent:
            self._budget.cut = True
        else:
            self._head.append(self._budget.take(value))


def outcome_of(result: Any) -> Outcome:
    """Return the outcome of a finished `AsyncResult`; of a failed map, the results that it has."""
    result.wait(_ENDS_WITHIN_S)  # the callback that finished the job runs a moment before
    try:
        return Outcome(show(result.get(0)))
    except Exception as error:  # noqa: BLE001 - raised by the task
        return Outcome(show(result.partial() if hasattr(result, "partial") else None), error)
