"""What the commands about pools do with a running instance; see `commands`."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import msgspec

from app.protocol.control import AskPool, DeltaMessage, OpenPool, SnapshotMessage, Stack
from app.protocol.delta import Mirror
from app.protocol.pool_host import ActOnWorker, AnyAsk, ReadJob, Submit
from app.records.errors import ProcessionError
from app.records.pool import JobMethod, JobSpec, JobState, Pool, PoolSpec, PoolState, WorkerVerb
from app.records.primitives import JsonDict

from . import pool_tables as pool_output
from . import tables as output
from .session import BY, Session

STACK = "stack"
OVER = frozenset({JobState.DONE, JobState.FAILED, JobState.LOST})
ENDED = frozenset({PoolState.CLOSED, PoolState.TERMINATED})


def pools(session: Session, args: Namespace) -> None:
    """Every pool, as a table."""
    found = sorted(session.snapshot().pools, key=lambda pool: (len(pool.id), pool.id))
    if args.json:
        output.write_json(found)
    else:
        pool_output.write_pools(found)


def pool(session: Session, args: Namespace) -> None:
    """One pool with its workers and jobs."""
    found = session.find_pool(args.id)
    if args.json:
        output.write_json(found)
    else:
        pool_output.write_pool(found)


def open_pool(session: Session, args: Namespace) -> None:
    """Start the host of a new pool."""
    given = {
        "name": args.name,
        "processes": args.processes,
        "start_method": args.start_method,
        "maxtasksperchild": args.maxtasksperchild,
        "retries": args.retries,
        "stuck_after_s": args.stuck_after,
    }
    spec = PoolSpec(**{name: value for name, value in given.items() if value is not None})
    made = session.ask(lambda request: OpenPool(request=request, by=BY, spec=spec))["pool"]
    if args.json:
        output.write_json(made)
    else:
        pool_output.write_pools([msgspec.convert(made, Pool)])


def submit(session: Session, args: Namespace) -> None:
    """Run a job; with ``--wait`` until it has ended, and fail where a task of it did."""
    pool_id = session.find_pool(args.pool).id
    spec = JobSpec(
        method=JobMethod(args.method),
        function=args.function,
        args=tuple(args.args),
        kwargs=args.kwargs,
        iterable={"range": args.range} if args.range else args.iterable,
        chunksize=args.chunksize,
        path=args.path if ":" in args.function else None,
    )
    job = _ask(session, pool_id, Submit(spec=spec, by=BY))
    if args.wait:
        job = _ended(session, pool_id, job["id"])
    if args.json:
        output.write_json(job)
    else:
        pool_output.write_job(pool_id, job)
    if job["state"] in (JobState.FAILED, JobState.LOST):
        raise ProcessionError(output.clean(f"job {job['id']} of {pool_id} {_went_wrong(job)}"))


def worker(session: Session, args: Namespace) -> None:
    """Act on one worker, and say what that cost."""
    pool_id = session.find_pool(args.pool).id
    if args.verb == STACK:
        answer = session.ask(lambda request: Stack(request=request, by=BY, process=pool_id, pid=args.pid))
        output.write_stack(f"worker {args.pid} of {pool_id}", answer, as_json=args.json)
        return
    answer = _ask(session, pool_id, ActOnWorker(pid=args.pid, verb=WorkerVerb(args.verb)))
    if args.json:
        output.write_json(answer)
    else:
        output.write(output.clean(answer["text"]))


def _ask(session: Session, pool_id: str, ask: AnyAsk) -> Any:
    return session.ask(lambda request: AskPool(request=request, by=BY, pool=pool_id, ask=ask))


def _ended(session: Session, pool_id: str, job_id: int) -> JsonDict:
    """The job once it has ended, with its result; raises where its pool ended first."""
    mirror = Mirror()
    for answer in session.stream():
        match answer:
            case SnapshotMessage(snapshot=snapshot):
                mirror.load(snapshot)
            case DeltaMessage(delta=delta):
                mirror.apply(delta)
        found = mirror.pools.get(pool_id)
        if found is None:
            break
        if _is_over(found, job_id) or found["state"] in ENDED:
            detail = _ask(session, pool_id, ReadJob(job=job_id))
            if detail["job"]["state"] in OVER:
                return {**detail["job"], **{name: value for name, value in detail.items() if name != "job"}}
    raise ProcessionError(f"pool {pool_id} ended before its job {job_id}")


def _is_over(found: JsonDict, job_id: int) -> bool:
    """Whether the job has ended, or may have: a pool shows its newest jobs only."""
    shown = [job for job in found["jobs"] if job["id"] == job_id]
    if not shown:
        return bool(found["jobs"]) and job_id < found["jobs"][0]["id"]
    return shown[0]["state"] in OVER


def _went_wrong(job: JsonDict) -> str:
    counts = [f"{job[kind]} {kind}" for kind in ("failed", "lost") if job[kind]]
    return f"ended with {' and '.join(counts)} of {job['total']} tasks: {job['error']}"
