"""Texts for people: errors, failures, and what the end of a worker cost."""

import signal
from typing import Any

from procession.channel import shorten as shorten_middle
from procession.failures import describe
from procession.pool.errors import PoolError, WorkerLost
from procession.pool.facts import Failure, TaskFacts, WorkerEnd

from .showing import shorten

MAX_ARGUMENTS = 120
MAX_TRACEBACK = 4000
MAX_FAILURES = 100
#: Total of a job's failures, so that they fit into a frame whatever characters they have.
_MAX_FAILURES_SIZE = 128 * 1024


def error(raised: BaseException) -> str:
    """Return ``Type: message`` on one line."""
    return describe(raised)[0].removeprefix("procession.pool.errors.")


def rate(per_s: float | None) -> float | None:
    """Return the rate with three significant digits."""
    return None if per_s is None else float(f"{per_s:.3g}")


def traceback(raised: BaseException) -> str | None:
    """Return the worker's traceback, if it sent one."""
    cause = raised.__cause__
    if cause is None:
        return None
    return shorten_middle(str(cause).strip('\n"'), MAX_TRACEBACK)


def failures(all_of_them: tuple[Failure, ...]) -> tuple[list[dict[str, Any]], int]:
    """Return as many `TaskFailure`s of `app.records.pool` as fit, and how many do not."""
    told: list[dict[str, Any]] = []
    size = 0
    for failure in all_of_them[:MAX_FAILURES]:
        told.append(_failure(failure))
        size += sum(len(value) for value in told[-1].values() if isinstance(value, str))
        if size > _MAX_FAILURES_SIZE:
            break
    return told, len(all_of_them) - len(told)


def _failure(failure: Failure) -> dict[str, Any]:
    task, raised = failure.task, failure.error
    return {
        "index": task.index,
        "first": task.first,
        "size": task.size,
        "lost": isinstance(raised, PoolError),
        "error": error(raised),
        "traceback": traceback(raised),
        "arguments": shorten(task.arguments, MAX_ARGUMENTS),
        "pid": raised.pid if isinstance(raised, WorkerLost) else None,
        "attempt": task.attempt,
    }


def task_of(task: TaskFacts, job: int | None) -> str:
    """Return ``task 3 of job 1``."""
    return f"task {task.index} of job {job}" if job else f"a task ({task.function})"


def agreed(task: dict[str, Any] | None) -> str:
    """Return ``task 3 of job 1`` for the task that the user agreed to lose."""
    return f"task {task.get('index')} of job {task.get('job')}" if task else "no task"


def duration(seconds: float) -> str:
    """Return ``0.4 s``, ``12 s``, ``3 m 20 s`` or ``2 h 4 m``."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} m {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} m"


def count(number: int, one: str) -> str:
    """Return ``1 task`` or ``2 tasks``."""
    return f"{number:,} {one if number == 1 else one + 's'}"


def ended(verb: str, end: WorkerEnd, task: str, ran_s: float | None) -> str:
    """Return what it cost to terminate or kill a worker; ``task`` names the one it executed."""
    if not end.ended:
        return _still_alive(verb, end, task)
    done = "Killed" if verb == "kill" else "Terminated"
    after = f" after {duration(ran_s)}" if ran_s is not None else ""
    match end.outcome:
        case "lost":
            cost = f"{task} was lost{after}"
        case "retried":
            ran = f"had run for {duration(ran_s)} and " if ran_s is not None else ""
            cost = f"{task} {ran}will be retried"
        case _:
            cost = "no task was lost"
    moved = f"; {count(end.returned, 'waiting task')} moved to other workers" if end.returned else ""
    return f"{done} worker {end.pid}: {cost}{moved}."


def _still_alive(verb: str, end: WorkerEnd, task: str) -> str:
    if verb == "kill":
        where = "it is blocked in the kernel, and ends when that call returns"
        return f"Worker {end.pid} did not end within 5 s of SIGKILL: {where}."
    busy = f" and still runs {task}" if end.task else ""
    return f"Worker {end.pid} did not end within 5 s{busy}: it may ignore SIGTERM. Kill it."


def suspended(pid: int, task: str | None, waiting: int) -> str:
    """Return what suspending a worker meant for its tasks."""
    paused = f": {task} is paused until it is resumed" if task else ": it was idle"
    moves = f"; {count(waiting, 'waiting task')} will move to other workers" if waiting else ""
    return f"Suspended worker {pid}{paused}{moves}."


def resumed(pid: int, task: str | None) -> str:
    """Return what resuming a worker meant for its task."""
    return f"Resumed worker {pid}" + (f": {task} continues." if task else ".")


def lost(failure: Failure, error: WorkerLost, job: int) -> str:
    """Return which task was lost with its worker."""
    task = f"{task_of(failure.task, job)}, {failure.task.function}({shorten(failure.task.arguments, MAX_ARGUMENTS)})"
    return f"Worker {error.pid} lost {task}: {error.cause}. The task may have run partly or wholly."


def exit_of(exitcode: int | None) -> str:
    """Return ``with exit code 3`` or ``by SIGKILL``."""
    if exitcode is None:
        return "with an unknown exit code"
    if exitcode >= 0:
        return f"with exit code {exitcode}"
    known = set(signal.Signals)
    return f"by {signal.Signals(-exitcode).name}" if -exitcode in known else f"by signal {-exitcode}"


def submitted(label: str, method: str, items: int | None, by: str) -> str:
    """Return what a job does, and who submitted it."""
    over = "" if items is None else f" over {count(items, 'item')}"
    return f"{method} of {shorten(label, MAX_ARGUMENTS)}{over} was submitted by {by}."


def job_ended(told: dict[str, Any]) -> str:
    """Return the outcome of a job; ``told`` is its `Job` of `app.records.pool`."""
    parts = [count(told["done"], "task") + " done"]
    parts += [f"{told[name]:,} {name}" for name in ("failed", "lost", "retried") if told[name]]
    after = "" if told["elapsed_s"] is None else f" after {duration(told['elapsed_s'])}"
    error = f" ({told['error']})" if told["error"] and told["failed"] else ""
    job = f"Job {told['id']}, {told['method']} of {shorten(told['function'], MAX_ARGUMENTS)},"
    return f"{job} finished{after}: {', '.join(parts)}{error}."
