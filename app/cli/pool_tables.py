"""The tables of pools, workers and jobs."""

from collections.abc import Iterable

from app.records.pool import Job, Pool, PoolTask, PoolWorker, WorkerState
from app.records.primitives import JsonDict

from . import tables

POOL_HEAD = (
    "ID", "NAME", "PID", "METHOD", "STATE", "WORKERS", "QUEUED", "RUNNING",
    "DONE", "FAILED", "LOST", "RETRIED", "TASKS/S", "NOTE",
)  # fmt: skip
WORKER_HEAD = (
    "PID", "PPID", "DAEMON", "STATE", "EXIT", "TASK", "BUSY", "WAITING", "DONE", "WORKING", "CPU%", "RSS", "NOTE",
)  # fmt: skip
JOB_HEAD = (
    "JOB", "METHOD", "FUNCTION", "STATE", "TASKS", "DONE", "FAILED", "LOST", "RETRIED", "TIME", "LEFT", "NOTE",
)  # fmt: skip

# About a screen; --json has the whole result.
RESULT_CHARACTERS = 1000


def write_pools(pools: Iterable[Pool]) -> None:
    """Write the table of `procession pools`."""
    tables.write_table(POOL_HEAD, [_pool_row(pool) for pool in pools])


def write_pool(pool: Pool) -> None:
    """Write the tables of `procession pool`: the pool, its workers, its newest jobs."""
    write_pools([pool])
    tables.write("")
    tables.write_table(WORKER_HEAD, [_worker_row(worker) for worker in pool.workers])
    if pool.jobs:
        tables.write("")
        tables.write_table(JOB_HEAD, [_job_row(job) for job in pool.jobs])
    if pool.jobs_not_shown:
        tables.write(f"and {pool.jobs_not_shown:,} older jobs")


def write_job(pool_id: str, job: JsonDict) -> None:
    """Write a job in one line, then its result and its failures."""
    done = "" if job["total"] is None else f", {job['done']:,} of {job['total']:,} tasks done"
    took = f" in {tables.duration(job['elapsed_s'])}" if job["ended_at"] else ""
    line = f"job {job['id']} of {pool_id}, {job['method']} {job['function']}: {job['state']}{done}{took}"
    tables.write(line)
    if job.get("result") is not None:
        text = tables.plain(job["result"])
        is_cut = job["result_cut"] or len(text) > RESULT_CHARACTERS
        tables.write(text[:RESULT_CHARACTERS] + (" …" if is_cut else ""))
    for failure in job.get("failures", ()):
        tables.write(f"task {failure['index']} ({failure['arguments']}): {failure['error']}")
    if job.get("failures_not_shown"):
        tables.write(f"and {job['failures_not_shown']:,} more failures")


def _pool_row(pool: Pool) -> tuple[object, ...]:
    living = sum(worker.state is not WorkerState.ENDED for worker in pool.workers)
    stuck = sum(worker.stuck is not None for worker in pool.workers)
    return (
        pool.id,
        pool.name,
        pool.pid,
        pool.start_method,
        pool.state,
        f"{living}/{pool.processes}",
        pool.queued,
        pool.running,
        pool.done,
        pool.failed,
        pool.lost,
        pool.retried,
        _one_decimal(pool.tasks_per_s),
        pool.error or (f"{stuck} stuck" if stuck else None),
    )


def _worker_row(worker: PoolWorker) -> tuple[object, ...]:
    return (
        worker.pid,
        worker.ppid,
        "yes" if worker.daemon else "no",
        worker.state,
        worker.exitcode,
        _task(worker.task),
        tables.duration(worker.busy_s),
        worker.prefetched,
        worker.tasks_done,
        None if worker.working_share is None else f"{worker.working_share:.0%}",
        _one_decimal(worker.cpu_percent),
        tables.size(worker.rss_bytes),
        f"stuck: {worker.stuck.reason}" if worker.stuck else None,
    )


def _job_row(job: Job) -> tuple[object, ...]:
    return (
        job.id,
        job.method,
        job.function,
        job.state,
        job.total,
        job.done,
        job.failed,
        job.lost,
        job.retried,
        tables.duration(job.elapsed_s),
        tables.duration(job.left_s),
        job.error,
    )


def _task(task: PoolTask | None) -> str | None:
    if task is None:
        return None
    whose = "" if task.job is None else f" of job {task.job}"
    return f"{task.index}{whose}: {task.function}({task.arguments})"


def _one_decimal(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f}"
