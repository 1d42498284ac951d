"""Check a request to run a program, and plan its first process."""

import os
import shutil
import sys
from pathlib import Path

from msgspec.structs import replace

import workers
from app.core.fleet.events import Plan
from app.protocol.programs import RegisterProgram
from app.records.errors import InvalidField
from app.records.limits import MAX_NAME_CHARACTERS, MAX_TARGET_CHARACTERS
from app.records.masking import masked_command, masked_line
from app.records.primitives import JsonDict
from app.records.process import Process
from app.records.program import ProgramSpec
from app.settings import Settings
from procession import observer

from .process import MAX_ARGUMENT_BYTES, checked_folder, checked_name, unknown_workload


def plan(spec: ProgramSpec, settings: Settings) -> Plan:
    """Return the plan of a program that the supervisor runs; raise `InvalidField`."""
    if (spec.workload is None) == (not spec.command):
        raise InvalidField("workload", "give either workload (a name in the catalogue of programs) or command")
    cwd = str(Path.cwd()) if spec.cwd is None else checked_folder("cwd", spec.cwd)
    spec = replace(spec if spec.workload is None else _of_catalogue(spec), cwd=cwd)
    _check_environment(spec.env)
    _check_command(spec)
    job: JsonDict = {"module": "procession.child.program", "qualname": "run", "path": None, "root": None, "args": []}
    kwargs = {"command": list(spec.command), "cwd": spec.cwd, "env": spec.env, "observe": environment(spec, settings)}
    return Plan(process=_process(spec, settings), job={**job, "kwargs": kwargs}, program=spec)


def of_terminal(command: RegisterProgram, settings: Settings) -> Plan:
    """Return the plan of a program that `procession run` starts in a terminal; raise `InvalidField`."""
    spec = ProgramSpec(
        command=command.command,
        cwd=command.cwd,
        name=command.name,
        safe_pool=command.safe_pool,
        track_owners=command.track_owners,
    )
    if not command.command:
        raise InvalidField("command", "must not be empty")
    process = replace(_process(spec, settings), observed=True, auto_join=False, start_method=None)
    return Plan(process=process, job={}, program=spec)


def environment(spec: ProgramSpec, settings: Settings) -> dict[str, str]:
    """Return the variables that make a program observed, without its id; PYTHONPATH is to be put in front."""
    return observer.variables(str(settings.observer_path), owners=spec.track_owners, safe_pool=spec.safe_pool)


def _of_catalogue(spec: ProgramSpec) -> ProgramSpec:
    programs = workers.programs()
    if spec.workload not in programs:
        raise unknown_workload(spec.workload, programs)
    program = programs[spec.workload]
    try:
        params, arguments = program.check(spec.params), program.arguments(spec.params)
    except workers.BadParameter as bad:
        raise InvalidField(f"params.{bad.name}", bad.reason) from None
    return replace(spec, command=(sys.executable, program.path, *arguments), params=params)


def _process(spec: ProgramSpec, settings: Settings) -> Process:
    """Return its record, without a limit for being stuck: a parent idles rightly, and findings tell what is wrong."""
    return Process(
        id="",
        name=checked_name(spec.name) or _name(spec),
        workload=spec.workload,
        target=masked_line(spec.command)[:MAX_TARGET_CHARACTERS],
        params=spec.params,
        start_method="forkserver",
        grace_s=settings.grace_s,
    )


def _name(spec: ProgramSpec) -> str:
    """Return ``train.py`` for ``python -u train.py``; the command itself if it names no script."""
    if spec.workload:
        return spec.workload
    first, *rest = masked_command(spec.command)
    script = next((one for one in rest if one.endswith(".py")), first)
    name = "".join(one if one.isprintable() else "?" for one in script.rpartition("/")[2])
    return name[:MAX_NAME_CHARACTERS] or "program"


def _check_environment(env: dict[str, str]) -> None:
    for name, value in env.items():
        if not name or "=" in name or "\0" in name + value:
            raise InvalidField("env", f"{name!r} is not a variable name, or its value contains a zero byte")


def _check_command(spec: ProgramSpec) -> None:
    if any("\0" in one for one in spec.command) or not spec.command[0]:
        raise InvalidField("command", "must name a program, and no argument may contain a zero byte")
    size = sum(len(os.fsencode(one)) for one in (*spec.command, *spec.env, *spec.env.values()))
    if size > MAX_ARGUMENT_BYTES:
        raise InvalidField("command", f"command and env must be at most {MAX_ARGUMENT_BYTES:,} bytes, not {size:,}")
    name, folder = spec.command[0], Path(spec.cwd or "/")
    try:
        found = shutil.which(str(folder / name) if "/" in name else name, path=spec.env.get("PATH"))
    except (OSError, ValueError):
        found = None
    if found is None:
        where = f"in {folder}" if "/" in name else "on PATH"
        raise InvalidField("command", f"no executable {masked_command([name])[0]!r} {where}")
