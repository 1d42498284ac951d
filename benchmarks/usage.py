"""Read what a process has used from /proc."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of all its threads so far, to a hundredth."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def rss_mib(pid: int) -> float:
    """Return the resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 2**20


def cpu_percent(pids: list[int], seconds: float) -> list[float]:
    """Return the CPU usage of each process over the next ``seconds``, in percent of one core."""
    before, start = [cpu_s(pid) for pid in pids], time.monotonic()
    time.sleep(seconds)
    wall = time.monotonic() - start
    return [(cpu_s(pid) - used) / wall * 100 for pid, used in zip(pids, before, strict=True)]


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait for a condition; raise TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.01)


def descendants(pid: int) -> list[int]:
    """Return the current descendants of a process."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return found[1:]


def cpu_clock_s(pids: list[int]) -> float:
    """CPU seconds of them all, to a nanosecond: each process has a clock of its own (clock_getcpuclockid(3))."""
    return sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def pss_bytes(pid: int) -> int:
    """Return its proportional memory (PSS): a page shared by n processes counts one n-th."""
    line = next(line for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
    return int(line.split()[1]) * 1024
