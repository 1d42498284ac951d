"""From a wish to launch to a checked plan: every field is looked at before anything is started.

The user's own code is never imported here: whether ``module:function`` exists is found out in the child, and a failure
is told by its record.
"""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import msgspec

import workers
from app.core.fleet.events import Plan
from app.records.errors import InvalidField
from app.records.primitives import JsonDict
from app.records.process import LaunchSpec, Process, RestartPolicy
from app.settings import Settings

START_METHODS = ("forkserver", "spawn", "fork")
MAX_NAME = 100
#: A start writes its pickled arguments into a pipe while the loop waits: 20 MB took 105–150 ms.
MAX_ARGUMENTS = 256 * 1024
_TARGET = re.compile(r"(?P<module>[^\W\d]\w*(\.[^\W\d]\w*)*):(?P<qualname>[^\W\d]\w*(\.[^\W\d]\w*)*)")
_PROJECT = str(Path(workers.__file__).parent.parent)


def plan(spec: LaunchSpec, settings: Settings) -> Plan:
    """The checked plan; raises `InvalidField`, naming the field and what is allowed."""
    if (spec.workload is None) == (spec.target is None):
        raise InvalidField("workload", "give either workload (a name of the catalogue) or target (module:function)")
    if spec.workload is not None:
        return _of_catalogue(spec, spec.workload, settings)
    return _of_target(spec, spec.target or "", settings)


def _of_catalogue(spec: LaunchSpec, name: str, settings: Settings) -> Plan:
    catalogue = workers.catalogue()
    if name not in catalogue:
        raise InvalidField("workload", f"there is no {name!r}; allowed are {', '.join(sorted(catalogue))}")
    if spec.args or spec.kwargs or spec.path:
        raise InvalidField("args", "a workload of the catalogue takes params; args, kwargs and path go with target")
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
        raise InvalidField("target", f"{target!r} is not of the form module:function, e.g. jobs.mail:send")
    if spec.params:
        raise InvalidField("params", "params go with a workload of the catalogue; a target takes args and kwargs")
    path = _folder(spec.path)
    if len(msgspec.json.encode((spec.args, spec.kwargs))) > MAX_ARGUMENTS:
        raise InvalidField("args", f"args and kwargs are over {MAX_ARGUMENTS} bytes of JSON; pass a file name instead")
    written = ", ".join([repr(one) for one in spec.args] + [f"{key}={one!r}" for key, one in spec.kwargs.items()])
    job = {"module": match["module"], "qualname": match["qualname"], "path": path, "root": None}
    return Plan(
        process=_process(spec, {}, f"{target}({written})"[:500], {}, settings),
        job={**job, "args": list(spec.args), "kwargs": spec.kwargs},
    )


def _folder(path: str | None) -> str | None:
    if path is None:
        return None
    folder = Path(path)
    if "\0" in path or not folder.is_absolute() or not folder.is_dir():
        raise InvalidField("path", f"{path!r} is not an absolute path of a folder on this machine")
    return str(folder)


def _process(spec: LaunchSpec, defaults: JsonDict, target: str, params: JsonDict, settings: Settings) -> Process:
    method = _chosen(spec.start_method, defaults, "start_method", "forkserver")
    if method not in START_METHODS:
        raise InvalidField("start_method", f"{method!r} is not one of {', '.join(START_METHODS)}")
    return Process(
        id="",
        name=checked_name(spec.name),
        workload=spec.workload,
        target=target,
        params=params,
        args=spec.args,
        kwargs=spec.kwargs,
        start_method=method,
        daemon=_chosen(spec.daemon, defaults, "daemon", False),
        auto_start=spec.auto_start,
        auto_join=_chosen(spec.auto_join, defaults, "auto_join", True),
        grace_s=checked_seconds("grace_s", _chosen(spec.grace_s, defaults, "grace_s", settings.grace_s), 0, 3600),
        restart=_policy(spec.restart or msgspec.convert(defaults.get("restart", {}), RestartPolicy)),
        stuck_after_s=checked_seconds(
            "stuck_after_s",
            _chosen(spec.stuck_after_s, defaults, "stuck_after_s", settings.stuck_after_s),
            1,
            86400,
        ),
    )


def _chosen(given: Any, defaults: JsonDict, field: str, otherwise: Any) -> Any:
    return defaults.get(field, otherwise) if given is None else given


def checked_name(name: str | None) -> str:
    if name is None:
        return ""
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise InvalidField("name", f"must be 1 to {MAX_NAME} printable characters")
    return name


def checked_seconds(field: str, value: float, low: float, high: float) -> float:
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidField(field, f"{value} is not a number of seconds from {low:g} to {high:g}")
    return float(value)


def _policy(policy: RestartPolicy) -> RestartPolicy:
    if not 1 <= policy.limit <= 1000:
        raise InvalidField("restart.limit", f"{policy.limit} is not from 1 to 1000")
    checked_seconds("restart.delay_s", policy.delay_s, 0.1, 3600)
    checked_seconds("restart.max_delay_s", policy.max_delay_s, policy.delay_s, 86400)
    checked_seconds("restart.stable_s", policy.stable_s, 0, 86400)
    return policy
