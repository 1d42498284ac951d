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
import socket
import termios
from collections.abc import Callable, Iterable
from functools import cache
from itertools import islice
from typing import NamedTuple, TypeVar

from . import proc
from .procfs import may_write

_PIDFD_GETFD = 438  # on every machine
_FDS_EACH = 2000
#: A look into one process with 20 fds costs 0.1 ms; the loop must not stand still for it.
_PROCESSES = 200
_FDS_SEARCHED = 1000
_LINK = re.compile(r"(pipe|socket):\[(\d+)\]")
_TIMEVAL_BYTES = 16

T = TypeVar("T")


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


def inodes(folder: str) -> set[int]:
    """As `fds`, for who asks no more than which they are."""
    found = (inode_at(folder, int(name)) for name in proc.names(f"{folder}/fd")[:_FDS_EACH])
    return {inode for inode in found if inode}


def inode_at(folder: str, fd: int) -> int | None:
    """The inode of the pipe or socket that the process has there."""
    return kind_at(folder, fd)[1] or None


def kind_at(folder: str, fd: int) -> tuple[str, int]:
    """``pipe`` or ``socket``, and its inode; nothing and 0 for anything else."""
    match = _LINK.fullmatch(proc.link(f"{folder}/fd/{fd}"))
    return (match[1], int(match[2])) if match else ("", 0)


def holders(fd: int, pids: Iterable[int]) -> tuple[int, ...]:
    """Those of ``pids`` that hold a write end of the pipe that ``fd`` reads; empty for anything but a pipe."""
    pipe = proc.link(f"self/fd/{fd}")
    if not pipe.startswith("pipe:"):
        return ()
    return tuple(pid for pid in islice(pids, _PROCESSES) if pid != os.getpid() and _writes(pid, pipe))


def _writes(pid: int, pipe: str) -> bool:
    return any(
        proc.link(f"{pid}/fd/{name}") == pipe and may_write(proc.read(f"{pid}/fdinfo/{name}") or b"")
        for name in proc.names(f"{pid}/fd")[:_FDS_SEARCHED]
    )


class Borrower:
    """Borrows fds of one process.  ``refused`` says that the kernel does not permit it."""

    def __init__(self, pid: int | None) -> None:
        self.refused = False
        self._pidfd: int | None = None
        with contextlib.suppress(OSError):
            self._pidfd = os.pidfd_open(pid) if pid else None

    def unread(self, fd: int, inode: int) -> int | None:
        """Bytes that can be read from it; None where that fd is not this pipe or socket, or may not be borrowed."""
        return self._asked(fd, inode, _waiting_bytes)

    def expires(self, fd: int, inode: int, *, reads: bool) -> bool | None:
        """Whether a read (or write) of that socket ends by itself, by an option of the socket; None as above."""
        option = socket.SO_RCVTIMEO if reads else socket.SO_SNDTIMEO
        return self._asked(fd, inode, lambda ours: _has_limit(ours, option))

    def _asked(self, fd: int, inode: int, ask: Callable[[int], T]) -> T | None:
        if self._pidfd is None or self.refused:
            return None
        ours = _libc().syscall(_PIDFD_GETFD, self._pidfd, fd, 0)
        if ours < 0:
            self.refused = ctypes.get_errno() == errno.EPERM
            return None
        try:
            return ask(ours) if os.fstat(ours).st_ino == inode else None
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


def _has_limit(fd: int, option: int) -> bool:
    borrowed = socket.socket(fileno=fd)
    try:
        return any(borrowed.getsockopt(socket.SOL_SOCKET, option, _TIMEVAL_BYTES))
    finally:
        borrowed.detach()


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
