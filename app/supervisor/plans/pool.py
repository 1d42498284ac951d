"""From a wish to open a pool to a checked plan of its host, as `launching` does it for processes."""

from __future__ import annotations

import os
from pathlib import Path

from msgspec.structs import replace

import workers
from app.core.fleet.events import Plan
from app.core.pools.asks import MAX_PROCESSES
from app.core.pools.pool import target
from app.records.errors import InvalidField
from app.records.pool import PoolSpec
from app.records.process import Process
from app.settings import Settings

from .process import START_METHODS, checked_name, checked_seconds

MAX_RETRIES = 100
MAX_TASKS = 2**31
_PROJECT = str(Path(workers.__file__).parent.parent)


def plan(spec: PoolSpec, settings: Settings) -> Plan:
    """The checked plan; raises `InvalidField`, naming the field and what is allowed."""
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
    kwargs = {
        "processes": spec.processes,
        "start_method": spec.start_method,
        "maxtasksperchild": spec.maxtasksperchild,
        "retries": spec.retries,
        "stuck_after_s": spec.stuck_after_s,
    }
    where = {"module": "procession.pool_host", "qualname": "serve", "path": None, "root": _PROJECT}
    return Plan(process=process, job={**where, "args": [], "kwargs": kwargs}, pool=spec)


def _checked(spec: PoolSpec) -> PoolSpec:
    processes = min(len(os.sched_getaffinity(0)), MAX_PROCESSES) if spec.processes is None else spec.processes
    _whole("processes", processes, 1, MAX_PROCESSES)
    _whole("retries", spec.retries, 0, MAX_RETRIES)
    if spec.maxtasksperchild is not None:
        _whole("maxtasksperchild", spec.maxtasksperchild, 1, MAX_TASKS)
    if spec.stuck_after_s is not None:
        checked_seconds("stuck_after_s", spec.stuck_after_s, 1, 86400)
    if spec.start_method not in START_METHODS:
        raise InvalidField("start_method", f"{spec.start_method!r} is not one of {', '.join(START_METHODS)}")
    checked_name(spec.name)
    return replace(spec, processes=processes)


def _whole(field: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise InvalidField(field, f"{value} is not from {low} to {high}")
