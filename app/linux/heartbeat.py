"""A heartbeat: a process writes the moment of each of its turns into memory that others read.

Whoever reads it knows that the process moves, without asking it and without its help: a process that is stopped, or in
an endless loop, beats no more.  The moment is CLOCK_MONOTONIC, which stands still while the machine sleeps.
"""

import mmap
import os
import struct
import time

_MOMENT = struct.Struct("=d")
#: Without a beat for so long, a process is frozen.
FROZEN_S = 5.0
_GAP_S = 2.0


def create() -> int:
    """Return the descriptor of new memory for one heartbeat; it is passed to those who write and read it."""
    fd = os.memfd_create("procession-heartbeat", os.MFD_CLOEXEC)
    os.ftruncate(fd, mmap.PAGESIZE)
    return fd


class Heartbeat:
    """One heartbeat, by its descriptor; the descriptor stays the caller's."""

    def __init__(self, fd: int) -> None:
        self._memory = mmap.mmap(fd, mmap.PAGESIZE)

    def beat(self) -> None:
        """Write that the process moves now."""
        _MOMENT.pack_into(self._memory, 0, time.monotonic())

    def stop(self) -> None:
        """Write that no process beats: one that starts is not frozen before its first beat."""
        _MOMENT.pack_into(self._memory, 0, 0.0)

    def last(self) -> float:
        """Return the moment of the last beat (monotonic); 0 without any."""
        (at,) = _MOMENT.unpack_from(self._memory, 0)
        return float(at)

    def age_s(self) -> float:
        """Return how long ago the last beat was; 0 without any."""
        at = self.last()
        return time.monotonic() - at if at else 0.0


class Silence:
    """How long a process has not beaten, as somebody sees who looks every second.

    A longer time between two looks counts as `_GAP_S`: whatever held up the one who looks may have held up the process.
    """

    def __init__(self, heartbeat: Heartbeat) -> None:
        self._heartbeat = heartbeat
        self.began = False
        self._beat = self._looked_at = self._silent_s = 0.0

    def begin(self, now: float) -> None:
        """Expect the first beat of a process that is started ``now`` (monotonic)."""
        self._heartbeat.stop()
        self.began = False
        self._beat, self._looked_at, self._silent_s = 0.0, now, 0.0

    def look(self, now: float) -> float:
        """Return the seconds without a beat; ``began`` says whether there was one."""
        before, self._beat = self._beat, self._heartbeat.last()
        since, self._looked_at = self._looked_at, now
        self.began = self._beat != 0
        self._silent_s = 0.0 if self._beat != before else self._silent_s + min(now - since, _GAP_S)
        return self._silent_s
