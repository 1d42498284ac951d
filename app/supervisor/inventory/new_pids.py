"""Which pids may be new: without listing /proc, as long as the kernel can be asked.

The last field of /proc/loadavg is the pid given out last in this pid namespace.  Measured on Linux 6.18: it moves with
every fork and every thread, and one pread costs 1 µs; listing 1,000 processes and reading each unknown one costs
milliseconds.  What can be new lies in the window (before, newest].

A pid is given out a moment before its process shows in /proc, so each window is looked at again until it is
`_SETTLED_S` old.  A full listing every `RECONCILE_S` heals whatever was missed; if it ever has to, or if a fresh child
of our own contradicts the number (gVisor and LXCFS make theirs up), the trick is given up for listing every time.
"""

import os
import time
from collections import deque
from collections.abc import Iterable

from app.linux import proc
from app.linux.procfs import in_window, newest_pid

RECONCILE_S = 30.0
_SETTLED_S = 0.5
#: Up to so many pids are opened one by one (3 µs for one that is not there), beyond it /proc is listed.
_ONE_BY_ONE = 64
#: A parent that was gone before its child was read, after a wrap of the pids: so often in a row it is bad luck.
_FORGIVEN = 3


class Newcomers:
    """Names the candidates; the inventory looks at them."""

    def __init__(self) -> None:
        self.trusted = True
        self._loadavg = proc.kept("loadavg")
        self._pid_max = int(proc.read("sys/kernel/pid_max") or 0) or 1 << 22
        self._marks: deque[tuple[float, int]] = deque()
        self._before = self._window = self._newest()
        self._missed: int | None = None
        self._scanned_at = 0.0
        self._reconciled_at = float("-inf")

    def due(self) -> bool:
        """Whether it is time for a full listing; notes that it is done."""
        now = time.monotonic()
        if now - self._reconciled_at < RECONCILE_S:
            return False
        self._reconciled_at = now
        return True

    def candidates(self) -> list[int]:
        """The pids that may have come since the last call, among them known and foreign ones and mere threads."""
        if not self.trusted:
            return proc.pids()
        newest = self._newest()
        before = self._settled(newest)
        size = (newest - before) % self._pid_max
        if size <= _ONE_BY_ONE and before <= newest:
            return list(range(before + 1, newest + 1))
        return [pid for pid in proc.pids() if in_window(pid, before, newest)]

    def newest(self) -> int:
        """Return the pid that was given out last; 0 if the kernel does not say."""
        return self._newest() if self.trusted else 0

    def everything(self) -> list[int]:
        """All pids, for the reconciliation."""
        self._window = self._settled(self._newest())
        return proc.pids()

    def check(self, pids: Iterable[int]) -> None:
        """These came up in a full listing: those that are older than the window should have been seen before."""
        newest = self._newest()
        missed = sum(not in_window(pid, self._window, newest) for pid in pids)
        if self._missed is None:  # the first time: they were here before we looked
            missed = 0
        self._missed = (self._missed or 0) + missed if missed else 0
        self.trusted = self.trusted and self._missed <= _FORGIVEN

    def expect(self, pid: int) -> None:
        """A child of ours was given this pid just now: where the kernel's number is far from it, it is made up."""
        if (self._newest() - pid) % self._pid_max > self._pid_max // 2:
            self.trusted = False

    def close(self) -> None:
        if self._loadavg is not None:
            os.close(self._loadavg)

    def _newest(self) -> int:
        if self._loadavg is None:  # hidden, e.g. by systemd's ProcSubset=pid
            self.trusted = False
            return 0
        return newest_pid(os.pread(self._loadavg, 128, 0))

    def _settled(self, newest: int) -> int:
        """The newest mark that was old enough already when it was last scanned up to."""
        now = time.monotonic()
        while self._marks and self._marks[0][0] <= self._scanned_at - _SETTLED_S:
            self._before = self._marks.popleft()[1]
        if not self._marks or self._marks[-1][1] != newest:
            self._marks.append((now, newest))
        self._scanned_at = now
        return self._before
