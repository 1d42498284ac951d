"""Check a request to launch a process, and plan it: every field is checked before anything is started.

The user's own code is never imported here: the child finds out whether ``module:function`` exists, and its record shows
the error.
"""

import math
import os
import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

import workers
from app.core.fleet.events import Plan
from app.records import limits
from app.records.errors import InvalidField
from app.records.primitives import JsonDict
from app.records.process import LaunchSpec, Process, RestartPolicy, StartMethod
from app.settings import Settings

START_METHODS = ("forkserver", "spawn", "fork")
#: A start writes its pickled arguments into a pipe while the loop waits: 20 MB took 105–150 ms.
MAX_ARGUMENT_BYTES = 256 * 1024
_TARGET = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<qualname>[^\W\d]\w*(\.[^\W\d]\w*)*)")
_PROJECT = str(Path(workers.__file__).parent.parent)


def plan(spec: LaunchSpec, settings: Settings) -> Plan:
    """Return the plan of the process; raise `InvalidField` for a field that is not allowed."""
    if (spec.workload is None) == (spec.target is None):
        raise InvalidField("workload", "give either workload (a name in the catalogue) or target (module:function)")
    if spec.workload is not None:
        return _of_catalogue(spec, spec.workload, settings)
    return _of_target(spec, spec.target or "", settings)


def _of_catalogue(spec: LaunchSpec, name: str, settings: Settings) -> Plan:
    catalogue = workers.catalogue()
    if name not in catalogue:
        raise unknown_workload(name, catalogue)
    if spec.args or spec.kwargs or spec.path:
        raise InvalidField("args", "args, kwargs and path are for target; a workload takes params")
    workload = catalogue[name]
    try:
        params = workload.check(spec.params)
    except workers.BadParameter as bad:
        raise InvalidField(f"params.{bad.name}", bad.reason) from None
    written = ", ".join(f"{key}={value!r}" for key, value in params.items())
    job = {"module": workload.module, "qualname": workload.qualname, "path": None, "root": _PROJECT}
    return Plan(
        process=_process(
            spec, workload.defaults, f"{workload.module}:{workload.qualname}({written})", params, settings
        ),
        job={**job, "args": [], "kwargs": params},
    )


def _of_target(spec: LaunchSpec, target: str, settings: Settings) -> Plan:
    match = _TARGET.fullmatch(target)
    if not match:
        raise InvalidField("target", f"must have the form module:function (for example jobs.mail:send), not {target!r}")
    if spec.params:
        raise InvalidField("params", "params are for a workload; a target takes args and kwargs")
    path = None if spec.path is None else checked_folder("path", spec.path)
    if len(msgspec.json.encode((spec.args, spec.kwargs))) > MAX_ARGUMENT_BYTES:
        limit = f"{MAX_ARGUMENT_BYTES:,} bytes of JSON"
        raise InvalidField("args", f"args and kwargs must be at most {limit}; pass a file name instead")
    written = ", ".join([repr(one) for one in spec.args] + [f"{key}={one!r}" for key, one in spec.kwargs.items()])
    job = {"module": match["module"], "qualname": match["qualname"], "path": path, "root": None}
    return Plan(
        process=_process(spec, {}, f"{target}({written})"[: limits.MAX_TARGET_CHARACTERS], {}, settings),
        job={**job, "args": list(spec.args), "kwargs": spec.kwargs},
    )


def _process(spec: LaunchSpec, defaults: JsonDict, target: str, params: JsonDict, settings: Settings) -> Process:
    grace_s = _chosen(spec.grace_s, defaults, "grace_s", settings.grace_s)
    stuck_after_s = _chosen(spec.stuck_after_s, defaults, "stuck_after_s", settings.stuck_after_s)
    return Process(
        id="",
        name=checked_name(spec.name),
        workload=spec.workload,
        target=target,
        params=params,
        args=spec.args,
        kwargs=spec.kwargs,
        start_method=checked_start_method(_chosen(spec.start_method, defaults, "start_method", "forkserver")),
        daemon=_chosen(spec.daemon, defaults, "daemon", False),
        auto_start=spec.auto_start,
        auto_join=_chosen(spec.auto_join, defaults, "auto_join", True),
        grace_s=checked_seconds("grace_s", grace_s, 0, limits.MAX_GRACE_S),
        restart=_policy(spec.restart or msgspec.convert(defaults.get("restart", {}), RestartPolicy)),
        stuck_after_s=checked_seconds("stuck_after_s", stuck_after_s, limits.MIN_STUCK_AFTER_S, limits.MAX_SECONDS),
    )


def _chosen(given: Any, defaults: JsonDict, field: str, otherwise: Any) -> Any:
    return defaults.get(field, otherwise) if given is None else given


def unknown_workload(name: str | None, known: Iterable[str]) -> InvalidField:
    return InvalidField("workload", f"unknown workload {name!r}; known are {', '.join(sorted(known))}")


def checked_name(name: str | None) -> str:
    """Return the name, empty for None."""
    if name is None:
        return ""
    if not 1 <= len(name) <= limits.MAX_NAME_CHARACTERS or not name.isprintable():
        raise InvalidField("name", f"must have 1 to {limits.MAX_NAME_CHARACTERS} printable characters")
    return name


def checked_start_method(method: StartMethod) -> StartMethod:
    """Return the start method; msgspec has checked it only where the request was decoded."""
    if method not in START_METHODS:
        raise InvalidField("start_method", f"must be one of {', '.join(START_METHODS)}, not {method!r}")
    return method


def checked_folder(field: str, path: str) -> str:
    """Return the path of an existing folder.  This may wait for a disk."""
    try:
        entered = Path(path).is_absolute() and stat.S_ISDIR(Path(path).stat().st_mode) and os.access(path, os.X_OK)
    except (OSError, ValueError):  # too long a name, a folder above it that may not be entered, a zero byte
        entered = False
    if not entered:
        raise InvalidField(field, f"must be the absolute path of a folder on this machine, not {path!r}")
    return path


def checked_seconds(field: str, value: float, low: float, high: float) -> float:
    """Return a number of seconds from ``low`` to ``high``."""
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidField(field, f"must be a number of seconds from {low:,g} to {high:,g}, not {value:,g}")
    return float(value)


def checked_whole(field: str, value: int, low: int, high: int) -> int:
    """Return a whole number from ``low`` to ``high``."""
    if not low <= value <= high:
        raise InvalidField(field, f"must be from {low:,} to {high:,}, not {value:,}")
    return value


def _policy(policy: RestartPolicy) -> RestartPolicy:
    checked_whole("restart.limit", policy.limit, 1, limits.MAX_RESTARTS)
    checked_seconds("restart.delay_s", policy.delay_s, limits.MIN_RESTART_DELAY_S, limits.MAX_RESTART_DELAY_S)
    checked_seconds("restart.max_delay_s", policy.max_delay_s, limits.MIN_RESTART_DELAY_S, limits.MAX_SECONDS)
    checked_seconds("restart.stable_s", policy.stable_s, 0, limits.MAX_SECONDS)
    # Whoever gives a long first delay need not know the default of the longest.
    return replace(policy, max_delay_s=max(policy.delay_s, policy.max_delay_s))
