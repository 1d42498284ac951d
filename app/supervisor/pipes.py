"""The pipes and sockets of other processes: who has which end, and how many bytes nobody has read yet.

An fd of another process is borrowed for a moment (pidfd_getfd), asked, and closed: kept, it would keep the pipe open
and so take the end of file from whoever waits for it.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import errno
import fcntl
import os
import re
import termios
from functools import cache
from typing import NamedTuple

from . import proc

_PIDFD_GETFD = 438  # on every machine
_FDS_EACH = 2000
_LINK = re.compile(r"(?:pipe|socket):\[(\d+)\]")


class Fd(NamedTuple):
    """An fd of a process that is a pipe or a socket."""

    fd: int
    inode: int
    reads: bool
    writes: bool


def fds(folder: str) -> list[Fd]:
    """All pipes and sockets of the process of that folder in /proc; empty where it may not be looked at."""
    found = []
    for name in proc.names(f"{folder}/fd")[:_FDS_EACH]:
        if inode := inode_at(folder, int(name)):
            reads, writes = proc.access(f"{folder}/fd/{name}")
            found.append(Fd(int(name), inode, reads, writes))
    return found


def inode_at(folder: str, fd: int) -> int | None:
    """The inode of the pipe or socket that the process has there."""
    match = _LINK.fullmatch(proc.link(f"{folder}/fd/{fd}"))
    return int(match[1]) if match else None


class Borrower:
    """Borrows fds of one process.  ``refused`` says that the kernel does not permit it."""

    def __init__(self, pid: int | None) -> None:
        self.refused = False
        self._pidfd: int | None = None
        with contextlib.suppress(OSError):
            self._pidfd = os.pidfd_open(pid) if pid else None

    def unread(self, fd: int, inode: int) -> int | None:
        """Bytes that can be read from it; None where that fd is not this pipe or socket, or may not be borrowed."""
        if self._pidfd is None or self.refused:
            return None
        ours = _libc().syscall(_PIDFD_GETFD, self._pidfd, fd, 0)
        if ours < 0:
            self.refused = ctypes.get_errno() == errno.EPERM
            return None
        try:
            return _waiting_bytes(ours) if os.fstat(ours).st_ino == inode else None
        except OSError:
            return None
        finally:
            os.close(ours)

    def close(self) -> None:
        """Let go of the process."""
        if self._pidfd is not None:
            os.close(self._pidfd)
            self._pidfd = None


def _waiting_bytes(fd: int) -> int:
    answer = array.array("i", [0])
    fcntl.ioctl(fd, termios.FIONREAD, answer)
    return answer[0]


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
