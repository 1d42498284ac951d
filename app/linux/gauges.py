"""One process, measured again and again: `Gauge` keeps its /proc/PID/stat open and parses only what changed.

A kept fd costs 3.4 µs a read (opening it each time: 10 µs) and is safe against pid reuse: after the process was reaped
it answers ESRCH for ever.  Where fds run short a gauge does without and compares start times instead.
"""

import os
import platform
import resource

from app.records.machine import Host
from app.records.process import Sample

from . import proc
from .procfs import COMMAND_BYTES, Stat, command_text, cpu_times, memory, parse_stat

_STAT_BYTES = 1024
_NO_IMAGE = b"0"


class FdBudget:
    """How many stat files may be kept open: a third of the soft RLIMIT_NOFILE, the rest is the supervisor's."""

    def __init__(self, limit: int | None = None) -> None:
        self._kept = 0
        self._limit = limit

    def take(self) -> bool:
        """Whether one more may be kept open; True takes it."""
        if self._kept >= (resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 3 if self._limit is None else self._limit):
            return False
        self._kept += 1
        return True

    def give_back(self) -> None:
        self._kept -= 1


class Gauge:
    """Measures one process; raises ProcessLookupError once it is gone."""

    def __init__(self, pid: int, budget: FdBudget) -> None:
        self.pid = pid
        self.fds: int | None = None
        self._budget = budget
        self._fd = self._open()
        self._image = b""
        self._command = ""
        self._ticks: int | None = None
        self._measured: Stat | None = None
        try:
            self._raw = self._read()
            self.stat = parse_stat(self._raw)
        except BaseException:
            self.close()
            raise
        self.sample = self._sampled(None)

    @property
    def key(self) -> tuple[int, int]:
        """Its identity: pid and start time in ticks since boot."""
        return self.pid, self.stat.start_ticks

    def look(self) -> Stat:
        """How it stands at this moment, outside the rhythm of the sweeps."""
        raw = os.pread(self._fd, _STAT_BYTES, 0) if self._fd is not None else self._read()
        if raw != self._raw:
            stat = parse_stat(raw)
            if stat.start_ticks != self.stat.start_ticks:
                raise ProcessLookupError(f"pid {self.pid} is another process by now")
            self._raw, self.stat = raw, stat
        return self.stat

    def measure(self, elapsed_s: float) -> Sample:
        """The sample of this sweep; the very same object where nothing changed since the last one."""
        stat, last, ticks = self.look(), self.sample, self._ticks
        if stat is self._measured and last.cpu_percent == 0.0 and last.fds == self.fds:
            return last
        self._measured = stat
        self._ticks = now = stat.cpu_ticks
        percent = None if ticks is None else _percent(now - ticks, elapsed_s)
        fresh = self._sampled(percent)
        if fresh != last:
            self.sample = fresh
        return self.sample

    def command(self) -> str:
        """Its command line, read again after an exec; a zombie keeps the one that it had."""
        image = self.stat.image
        if image not in (self._image, _NO_IMAGE):
            cmdline = proc.read(f"{self.pid}/cmdline", COMMAND_BYTES)
            self._command = command_text(cmdline or b"", self.stat.name)
            # In the middle of an exec there is none yet: then it is read once more.
            self._image = image if cmdline else b""
        return self._command or command_text(b"", self.stat.name)

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None
            self._budget.give_back()

    def _sampled(self, percent: float | None) -> Sample:
        return Sample(
            ppid=self.stat.ppid,
            os_state=self.stat.state,
            cpu_percent=percent,
            rss_bytes=self.stat.rss_pages * proc.PAGE_BYTES,
            threads=self.stat.threads,
            fds=self.fds,
        )

    def _open(self) -> int | None:
        if not self._budget.take():
            return None
        try:
            return os.open(f"/proc/{self.pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            self._budget.give_back()
            return None  # gone, or no fd left: reading tells which

    def _read(self) -> bytes:
        if self._fd is not None:
            return os.pread(self._fd, _STAT_BYTES, 0)
        raw = proc.read(f"{self.pid}/stat", _STAT_BYTES)
        if not raw:
            raise ProcessLookupError(f"pid {self.pid} is gone")
        return raw


def _percent(ticks: int, elapsed_s: float) -> float:
    return round(ticks * 100 / (proc.TICKS_PER_S * elapsed_s), 1) if elapsed_s > 0 else 0.0


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
