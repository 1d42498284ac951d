"""Read the details of one process on request, which cost too much to be sampled.

Each part is read separately: what is not permitted, or has ended in between, becomes a note, not an error.
"""

import errno
import resource
from collections.abc import Callable
from typing import Any

import psutil

from app.records.masking import masked_command, masked_environment
from app.records.primitives import JsonDict

from . import proc
from .procfs import may_write

#: Entries of each list.
LIMIT = 200
_LIMITS = {
    "open files": resource.RLIMIT_NOFILE,
    "processes": resource.RLIMIT_NPROC,
    "address space": resource.RLIMIT_AS,
    "core file": resource.RLIMIT_CORE,
}


def inspect(pid: int, start_ticks: int) -> JsonDict:
    """Return memory shares, files, connections, environment and more; ``notes`` say what is missing and why.

    Lists hold at most `LIMIT` entries.  Secrets in the environment and in the command are masked.
    """
    notes: list[str] = []
    stat = proc.stat(pid)
    if stat is None or stat.start_ticks != start_ticks:
        return _nothing(f"pid {pid} has ended")
    if stat.dead:
        return _nothing(f"pid {pid} is a zombie (exited, not yet joined): it has no memory, files or environment")
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return _nothing(f"pid {pid} has ended")

    def part(name: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (psutil.Error, OSError, ValueError) as error:
            notes.append(f"{name}: {_why(error)}")
            return None

    memory = part("memory", process.memory_full_info)
    return {
        "pss_bytes": memory.pss if memory else None,
        "uss_bytes": memory.uss if memory else None,
        "open_files": _cut("open files", part("open files", lambda: _open_files(pid)), notes),
        "connections": _cut("connections", part("connections", lambda: _connections(process)), notes),
        "environment": part("environment", lambda: _environment(pid, notes)),
        "cwd": part("cwd", process.cwd),
        "command": part("command", lambda: masked_command(process.cmdline())),
        "cpu_affinity": part("cpu affinity", process.cpu_affinity),
        "nice": part("nice", lambda: int(process.nice())),
        "limits": part("limits", lambda: _limits(process)),
        "notes": notes,
    }


def _nothing(note: str) -> JsonDict:
    parts = ("pss_bytes", "uss_bytes", "open_files", "connections", "environment", "cwd", "command")
    return {**dict.fromkeys((*parts, "cpu_affinity", "nice", "limits")), "notes": [note]}


def _why(error: Exception) -> str:
    if isinstance(error, psutil.AccessDenied | PermissionError):
        return "not permitted"
    if isinstance(error, psutil.NoSuchProcess) or getattr(error, "errno", None) in (errno.ENOENT, errno.ESRCH):
        return "the process has ended"
    return str(error)


def _cut(name: str, found: list[Any] | None, notes: list[str]) -> list[Any] | None:
    if found is None or len(found) <= LIMIT:
        return found
    notes.append(f"{name}: {len(found) - LIMIT:,} more not shown")
    return found[:LIMIT]


def _open_files(pid: int) -> list[JsonDict]:
    """Return all descriptors, read by readlink: psutil would stat each file, which can hang on a dead file server."""
    fds = sorted(map(int, proc.listed(f"{pid}/fd")))
    shown = [{"fd": fd, "path": proc.link(f"{pid}/fd/{fd}"), "mode": _mode(pid, fd)} for fd in fds[:LIMIT]]
    return shown + [{"fd": fd} for fd in fds[LIMIT:]]


def _mode(pid: int, fd: int) -> str:
    return "w" if may_write(proc.read(f"{pid}/fdinfo/{fd}") or b"") else "r"


def _connections(process: psutil.Process) -> list[JsonDict]:
    return [
        {
            "fd": one.fd,
            "kind": one.type.name.removeprefix("SOCK_").lower(),
            "local": _address(one.laddr),
            "remote": _address(one.raddr),
            "status": "" if one.status == psutil.CONN_NONE else one.status.lower(),
        }
        for one in process.net_connections(kind="all")
    ]


def _address(address: Any) -> str:
    if not address:
        return ""
    return address if isinstance(address, str) else f"{address.ip}:{address.port}"


def _environment(pid: int, notes: list[str]) -> dict[str, str]:
    """Return the environment at exec; what a program sets later is not in it."""
    raw = proc.contents(f"{pid}/environ", proc.ENVIRONMENT_BYTES)
    pairs = (entry.decode(errors="replace").partition("=") for entry in raw.split(b"\0") if entry)
    everything = {name: value for name, _, value in pairs}
    shown = _cut("environment", sorted(everything), notes) or []
    return masked_environment({name: everything[name] for name in shown})


def _limits(process: psutil.Process) -> dict[str, str]:
    return {name: " / ".join(map(_limit, process.rlimit(which))) for name, which in _LIMITS.items()}


def _limit(value: int) -> str:
    return "unlimited" if value == resource.RLIM_INFINITY else str(value)
