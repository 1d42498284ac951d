"""What a worker takes of the system: descriptors, shared memory, a pidfd; and what ends it with the pool's process."""

from __future__ import annotations

import os
from multiprocessing.process import BaseProcess

from procession.pool.worker_process.ring import SEGMENT_BYTES

#: Both ends of a socket and of two pipes, shared memory (twice), a pidfd, and some that others may open meanwhile.
_DESCRIPTORS_TO_START = 12


class Lifelines:
    """Descriptors that end the workers when the pool's process ends, for whatever reason.

    An idle worker watches the pidfd; a busy one is killed through a pipe (`procession.lifeline`) whose write end only
    this process has.
    """

    def __init__(self) -> None:
        self.pidfd = os.pidfd_open(os.getpid())
        self.read_end, self._write_end = os.pipe()

    def disown(self) -> None:
        """Close our write end in a forked child: it would keep the workers alive."""
        os.close(self._write_end)

    def close(self) -> None:
        for fd in (self.pidfd, self.read_end, self._write_end):
            os.close(fd)


def set_size(memory: int) -> None:
    """Give shared memory its size; raises OSError where files may not be so large."""
    try:
        os.ftruncate(memory, SEGMENT_BYTES)
    except OSError as error:
        needs = f"a worker of the pool needs {SEGMENT_BYTES:,} bytes of shared memory (see ulimit -f)"
        raise OSError(error.errno, f"{error.strerror}: {needs}") from None


def check_descriptors(own: int) -> None:
    """Raise OSError where there are not enough descriptors for one more worker: the stdlib would leak some."""
    spare: list[int] = []
    try:
        while len(spare) < _DESCRIPTORS_TO_START:
            spare.append(os.dup(own))
    except OSError as error:
        message = f"a worker of the pool needs {_DESCRIPTORS_TO_START} free descriptors to start (see ulimit -n)"
        raise OSError(error.errno, f"{error.strerror}: {message}") from None
    finally:
        for fd in spare:
            os.close(fd)


def pidfd_of(process: BaseProcess) -> int | None:
    """Return a pidfd of a started process; None where it has ended, and was reaped by somebody else."""
    pid: int | None = getattr(process, "pid", None)
    if pid is None:  # what `Pool.Process` makes in a subclass may be no process at all
        return None
    try:
        pidfd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    if process.exitcode is None:
        return pidfd
    os.close(pidfd)  # the pid may have been reused
    return None
