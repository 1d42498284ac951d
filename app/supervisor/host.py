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
        self._times = cpu_times(proc.read("stat") or b"")

    def measure(self) -> Host:
        """The machine by now; the CPU is 0 where no time went by."""
        (busy_then, total_then), self._times = self._times, cpu_times(proc.read("stat") or b"")
        busy, total = self._times[0] - busy_then, self._times[1] - total_then
        used, installed = memory(proc.read("meminfo") or b"")
        return Host(
            name=platform.node(),
            cores=os.cpu_count() or 1,
            cpu_percent=round(100 * busy / total, 1) if total > 0 else 0.0,
            memory_used_bytes=used,
            memory_total_bytes=installed,
        )


def boot_id() -> str:
    """Changes with every boot of the machine: (pid, start time) means nothing beyond it."""
    return (proc.read("sys/kernel/random/boot_id") or b"").decode().strip()
