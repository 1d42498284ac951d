"""The commands for pools: list, open, submit a job, act on a worker."""

from argparse import ArgumentParser, Namespace
from typing import Any

import msgspec

from app.protocol.control import AskPool, DeltaMessage, OpenPool, SnapshotMessage, Stack
from app.protocol.delta import Mirror
from app.protocol.pool_host import ActOnWorker, AnyAsk, ReadJob, Submit
from app.records.errors import ProcessionError
from app.records.pool import JobMethod, JobSpec, JobState, Pool, PoolSpec, PoolState, WorkerVerb
from app.records.primitives import JsonDict

from . import pool_tables, tables
from .arguments import Add, count, folder, json_list, json_object, natural, seconds, whole
from .session import BY, Session

POOL = "id of a pool, or its name if that is unique"

STACK = "stack"
ENDED_JOBS = frozenset({JobState.DONE, JobState.FAILED, JobState.LOST})
ENDED_POOLS = frozenset({PoolState.CLOSED, PoolState.TERMINATED})


def add_commands(add: Add) -> None:
    add("pools", "list the pools", pools, of_one=False)
    one = add("pool", "show a pool with its workers and jobs", pool, of_one=False)
    one.add_argument("id", metavar="ID", help=POOL)
    _open_options(add("open-pool", "open a pool whose workers can be killed safely", open_pool, of_one=False))
    _submit_options(add("submit", "run a job in a pool", submit, of_one=False))
    _worker_options(add("worker", "act on one worker of a pool", worker, of_one=False))


def _open_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("--name", help="name of the pool (default: pool)")
    add("--processes", type=count, metavar="N", help="number of workers (default: one per CPU)")
    add("--start-method", choices=("forkserver", "spawn", "fork"), help="how workers start (default: forkserver)")
    add("--maxtasksperchild", type=count, metavar="N", help="replace a worker after N tasks")
    add("--retries", type=natural, metavar="N", help="retry a lost task up to N times (default: 0)")
    add("--stuck-after", type=seconds, metavar="S", help="a worker is stuck after S seconds on one task (default: 10)")


def _submit_options(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add("pool", metavar="POOL", help=POOL)
    methods = tuple(map(str, JobMethod))
    add("method", metavar="METHOD", choices=methods, help=", ".join(methods))
    add("function", metavar="FUNCTION", help="a function of the catalogue, or your own MODULE:FUNCTION")
    add("--args", type=json_list, default=[], metavar="JSON", help="arguments for apply, for example '[1, 2]'")
    add("--kwargs", type=json_object, default={}, metavar="JSON", help="keyword arguments for apply")
    items = parser.add_mutually_exclusive_group().add_argument
    items("--iterable", type=json_list, metavar="JSON", help="items for a map, for example '[1, 2, 3]'")
    items("--range", type=whole, nargs=2, metavar=("START", "STOP"), help="items for a map: range(START, STOP)")
    add("--chunksize", type=count, metavar="N", help="number of items in one task")
    add("--path", type=folder, default=".", metavar="DIR", help="folder of MODULE (default: current folder)")
    add("--wait", action="store_true", help="wait for the job; exit with 1 if a task failed or was lost")


def _worker_options(parser: ArgumentParser) -> None:
    verbs = (*map(str, WorkerVerb), STACK)
    parser.add_argument("pool", metavar="POOL", help=POOL)
    parser.add_argument("pid", metavar="PID", type=count, help="pid of the worker")
    parser.add_argument("verb", metavar="VERB", choices=verbs, help=", ".join(verbs))


def pools(session: Session, args: Namespace) -> None:
    found = sorted(session.snapshot().pools, key=lambda pool: (len(pool.id), pool.id))
    if args.json:
        tables.write_json(found)
    else:
        pool_tables.write_pools(found)


def pool(session: Session, args: Namespace) -> None:
    """Print one pool with its workers and jobs."""
    found = session.find_pool(args.id)
    if args.json:
        tables.write_json(found)
    else:
        pool_tables.write_pool(found)


def open_pool(session: Session, args: Namespace) -> None:
    given = {
        "name": args.name,
        "processes": args.processes,
        "start_method": args.start_method,
        "maxtasksperchild": args.maxtasksperchild,
        "retries": args.retries,
        "stuck_after_s": args.stuck_after,
    }
    spec = PoolSpec(**{name: value for name, value in given.items() if value is not None})
    made = session.ask(OpenPool(spec=spec))["pool"]
    if args.json:
        tables.write_json(made)
    else:
        pool_tables.write_pools([msgspec.convert(made, Pool)])


def submit(session: Session, args: Namespace) -> None:
    """Run a job; with ``--wait`` wait for its end, and fail if a task failed or was lost."""
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
        tables.write_json(job)
    else:
        pool_tables.write_job(pool_id, job)
    if job["state"] in (JobState.FAILED, JobState.LOST):
        raise ProcessionError(f"job {job['id']} of {pool_id}: {_failure(job)}")


def worker(session: Session, args: Namespace) -> None:
    """Act on one worker, and print which task that lost or retried."""
    pool_id = session.find_pool(args.pool).id
    if args.verb == STACK:
        answer = session.ask(Stack(process=pool_id, pid=args.pid))
        tables.write_stack(f"worker {args.pid} of {pool_id}", answer, as_json=args.json)
        return
    answer = _ask(session, pool_id, ActOnWorker(pid=args.pid, verb=WorkerVerb(args.verb)))
    if args.json:
        tables.write_json(answer)
    else:
        tables.write(answer["text"])


def _ask(session: Session, pool_id: str, ask: AnyAsk) -> Any:
    return session.ask(AskPool(pool=pool_id, ask=ask))


def _ended(session: Session, pool_id: str, job_id: int) -> JsonDict:
    """Wait for the end of a job and return it with its result; raise if its pool ends first."""
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
        if _may_have_ended(found, job_id) or found["state"] in ENDED_POOLS:
            detail = _ask(session, pool_id, ReadJob(job=job_id))
            if detail["job"]["state"] in ENDED_JOBS:
                return {**detail["job"], **{name: value for name, value in detail.items() if name != "job"}}
    raise ProcessionError(f"pool {pool_id} ended before job {job_id} was done")


def _may_have_ended(found: JsonDict, job_id: int) -> bool:
    """Return whether the job has ended, or is not shown: a pool shows its newest jobs only."""
    shown = [job for job in found["jobs"] if job["id"] == job_id]
    if not shown:
        return bool(found["jobs"]) and job_id < found["jobs"][0]["id"]
    return shown[0]["state"] in ENDED_JOBS


def _failure(job: JsonDict) -> str:
    counts = [f"{job[kind]:,} {kind}" for kind in ("failed", "lost") if job[kind]]
    return f"{' and '.join(counts)} of {job['total']:,} tasks: {job['error']}"
