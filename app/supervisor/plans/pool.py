"""Check a request to open a pool, and plan the process of its host."""

import os
from pathlib import Path

from msgspec.structs import asdict, replace

import workers
from app.core.fleet.events import Plan
from app.core.pools.pool import target
from app.records import limits
from app.records.pool import PoolSpec
from app.records.process import Process
from app.settings import Settings

from .process import checked_name, checked_seconds, checked_start_method, checked_whole

_PROJECT = str(Path(workers.__file__).parent.parent)


def plan(spec: PoolSpec, settings: Settings) -> Plan:
    """Return the plan of the host; raise `InvalidField` for a field that is not allowed."""
    spec = _checked(spec)
    process = Process(
        id="",
        name=spec.name or "pool",
        workload=None,
        target=target(spec.processes or 1, spec.start_method),
        params={},
        pool=True,
        grace_s=settings.grace_s,
    )
    kwargs = {name: value for name, value in asdict(spec).items() if name != "name"}
    where = {"module": "procession.pool_host", "qualname": "serve", "path": None, "root": _PROJECT}
    return Plan(process=process, job={**where, "args": [], "kwargs": kwargs}, pool=spec)


def _checked(spec: PoolSpec) -> PoolSpec:
    processes = min(len(os.sched_getaffinity(0)), limits.MAX_POOL_WORKERS) if spec.processes is None else spec.processes
    checked_whole("processes", processes, 1, limits.MAX_POOL_WORKERS)
    checked_whole("retries", spec.retries, 0, limits.MAX_TASK_RETRIES)
    if spec.maxtasksperchild is not None:
        checked_whole("maxtasksperchild", spec.maxtasksperchild, 1, limits.MAX_TASKS_PER_CHILD)
    if spec.stuck_after_s is not None:
        checked_seconds("stuck_after_s", spec.stuck_after_s, limits.MIN_STUCK_AFTER_S, limits.MAX_SECONDS)
    checked_start_method(spec.start_method)
    checked_name(spec.name)
    return replace(spec, processes=processes)
