"""Figures of the machine."""

from __future__ import annotations

import os
import platform

from . import proc
from .model import Host
from .procfs import cpu_times, memory


class HostGauge:
    """CPU of all cores since the last `measure`, and memory."""

    def __init__(self) -> None:
        self._times = _times()

    def measure(self) -> Host:
        """The machine by now; the CPU is 0 where no time went by."""
        (busy_then, total_then), self._times = self._times, _times()
        busy, total = self._times[0] - busy_then, self._times[1] - total_then
        used, installed = _memory()
        return Host(
            name=platform.node(),
            cores=os.cpu_count() or 1,
            cpu_percent=round(100 * busy / total, 1) if total > 0 else 0.0,
            memory_used_bytes=used,
            memory_total_bytes=installed,
        )


def _times() -> tuple[int, int]:
    stat = proc.read("stat")
    return cpu_times(stat) if stat else (0, 0)  # hidden, e.g. by systemd's ProcSubset=pid


def _memory() -> tuple[int, int]:
    meminfo = proc.read("meminfo")
    return memory(meminfo) if meminfo else (0, 0)
