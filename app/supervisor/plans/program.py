"""From a wish to run a program to a checked plan of its first process, as `launching` does it for processes."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from msgspec.structs import replace

import workers
from app.core.fleet.events import Plan
from app.protocol.programs import RegisterProgram
from app.records.errors import InvalidField
from app.records.primitives import JsonDict
from app.records.process import Process
from app.records.program import ProgramSpec
from app.settings import Settings
from procession import observer

from .process import MAX_ARGUMENTS, MAX_NAME, checked_name

_LONGEST_TARGET = 500


def plan(spec: ProgramSpec, settings: Settings) -> Plan:
    """The checked plan of a program that runs below the supervisor; raises `InvalidField`."""
    if (spec.workload is None) == (not spec.command):
        raise InvalidField("workload", "give either workload (a name of the catalogue of programs) or command")
    spec = replace(_of_catalogue(spec) if spec.workload else spec, cwd=_folder(spec.cwd))
    _check_environment(spec.env)
    _check_command(spec)
    job: JsonDict = {"module": "procession.child.program", "qualname": "run", "path": None, "root": None, "args": []}
    kwargs = {"command": list(spec.command), "cwd": spec.cwd, "env": spec.env, "observe": environment(spec, settings)}
    return Plan(process=_process(spec, settings), job={**job, "kwargs": kwargs}, program=spec)


def of_terminal(command: RegisterProgram, settings: Settings) -> Plan:
    """The plan of a program that somebody else runs."""
    spec = ProgramSpec(
        command=command.command,
        cwd=command.cwd,
        name=command.name,
        safe_pool=command.safe_pool,
        track_owners=command.track_owners,
    )
    if not command.command:
        raise InvalidField("command", "there is none")
    process = replace(_process(spec, settings), observed=True, auto_join=False, start_method=None)
    return Plan(process=process, job={}, program=spec)


def environment(spec: ProgramSpec, settings: Settings) -> dict[str, str]:
    """What makes a program observed, but for its id; PYTHONPATH goes in front of the one that is there."""
    chosen = {observer.SOCKET: str(settings.observer_path), "PYTHONPATH": observer.SITE}
    if spec.track_owners:
        chosen[observer.OWNERS] = "1"
    if spec.safe_pool:
        chosen[observer.SAFE_POOL] = "1"
    return chosen


def _of_catalogue(spec: ProgramSpec) -> ProgramSpec:
    programs = workers.programs()
    if spec.workload not in programs:
        raise InvalidField("workload", f"there is no {spec.workload!r}; allowed are {', '.join(sorted(programs))}")
    program = programs[spec.workload]
    try:
        params, arguments = program.check(spec.params), program.arguments(spec.params)
    except workers.BadParameter as bad:
        raise InvalidField(f"params.{bad.name}", bad.reason) from None
    return replace(spec, command=(sys.executable, program.path, *arguments), params=params)


def _process(spec: ProgramSpec, settings: Settings) -> Process:
    """Not judged as stuck by its CPU time: a parent waits for its children, and findings tell what is wrong."""
    return Process(
        id="",
        name=checked_name(spec.name) or _name(spec),
        workload=spec.workload,
        target=shlex.join(spec.command)[:_LONGEST_TARGET],
        params=spec.params,
        start_method="forkserver",
        grace_s=settings.grace_s,
    )


def _name(spec: ProgramSpec) -> str:
    """The script of ``python -u train.py``, else the command."""
    if spec.workload:
        return spec.workload
    script = next((one for one in spec.command[1:] if one.endswith(".py")), spec.command[0])
    name = "".join(one if one.isprintable() else "?" for one in script.rpartition("/")[2])
    return name[:MAX_NAME] or "program"


def _folder(cwd: str | None) -> str:
    if cwd is None:
        return str(Path.cwd())
    folder = Path(cwd)
    if "\0" in cwd or not folder.is_absolute() or not folder.is_dir():
        raise InvalidField("cwd", f"{cwd!r} is not an absolute path of a folder on this machine")
    return cwd


def _check_environment(env: dict[str, str]) -> None:
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            raise InvalidField("env", f"{name!r} is not the name of a variable, or its value holds a zero byte")


def _check_command(spec: ProgramSpec) -> None:
    if any("\0" in one for one in spec.command) or not spec.command[0]:
        raise InvalidField("command", "an empty command, or a zero byte in an argument, cannot be run")
    size = sum(len(os.fsencode(one)) for one in (*spec.command, *spec.env, *spec.env.values()))
    if size > MAX_ARGUMENTS:
        raise InvalidField("command", f"with env it has {size} bytes; allowed are {MAX_ARGUMENTS}")
    name, folder = spec.command[0], Path(spec.cwd or "/")
    if shutil.which(str(folder / name) if "/" in name else name, path=spec.env.get("PATH")) is None:
        where = f"below {folder}" if "/" in name else "on PATH"
        raise InvalidField("command", f"there is no program {name!r} {where} that can be run")
