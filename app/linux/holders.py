"""Who holds the other end of a pipe: why the sentinel of a dead process does not fire."""

from __future__ import annotations

import os
from collections.abc import Iterable
from itertools import islice

from . import proc
from .procfs import may_write

#: A look into one process with 20 fds costs 0.1 ms; the loop must not stand still for it.
_PROCESSES = 200
_FDS_EACH = 1000


def holders(fd: int, pids: Iterable[int]) -> tuple[int, ...]:
    """Those of ``pids`` that hold a write end of the pipe that ``fd`` reads; empty for anything but a pipe."""
    pipe = proc.link(f"self/fd/{fd}")
    if not pipe.startswith("pipe:"):
        return ()
    return tuple(pid for pid in islice(pids, _PROCESSES) if pid != os.getpid() and _writes(pid, pipe))


def _writes(pid: int, pipe: str) -> bool:
    return any(
        proc.link(f"{pid}/fd/{name}") == pipe and may_write(proc.read(f"{pid}/fdinfo/{name}") or b"")
        for name in proc.names(f"{pid}/fd")[:_FDS_EACH]
    )
