"""Read the pipes and sockets of other processes: who has which end, and how many bytes are unread.

An fd of another process is duplicated (pidfd_getfd), read, and closed at once: as long as we had it, the pipe would
stay open, and a process that waits for the end of file would not see it.
"""

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

_PIDFD_GETFD = 438  # the same on every architecture
#: Fds of one process that are read.
_MAX_FDS = 2000
#: Processes that `holders` searches, and fds of each: 0.1 ms for one with 20 fds, and the loop must not stand still.
_MAX_PROCESSES = 200
_MAX_FDS_SEARCHED = 1000
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
    """Return the pipes and sockets of a process, by its folder in /proc; none if that is not permitted."""
    found = []
    for name in proc.names(f"{folder}/fd")[:_MAX_FDS]:
        if inode := inode_at(folder, int(name)):
            reads, writes = proc.access(f"{folder}/fd/{name}")
            found.append(Fd(int(name), inode, reads, writes))
    return found


def inodes(folder: str) -> set[int]:
    """Return the inodes of the pipes and sockets of a process."""
    found = (inode_at(folder, int(name)) for name in proc.names(f"{folder}/fd")[:_MAX_FDS])
    return {inode for inode in found if inode}


def inode_at(folder: str, fd: int) -> int | None:
    """Return the inode of the pipe or socket behind an fd; None for anything else."""
    return kind_at(folder, fd)[1] or None


def kind_at(folder: str, fd: int) -> tuple[str, int]:
    """Return ``pipe`` or ``socket`` and its inode; an empty string and 0 for anything else."""
    return kind_of_link(proc.link(f"{folder}/fd/{fd}"))


def kind_of_link(link: str) -> tuple[str, int]:
    """Return ``pipe`` or ``socket`` and its inode, by the link of an fd; an empty string and 0 for anything else."""
    match = _LINK.fullmatch(link)
    return (match[1], int(match[2])) if match else ("", 0)


def holders(fd: int, pids: Iterable[int]) -> tuple[int, ...]:
    """Return those of ``pids`` that have the write end of the pipe ``fd`` open; none if it is no pipe."""
    pipe = proc.link(f"self/fd/{fd}")
    if not pipe.startswith("pipe:"):
        return ()
    return tuple(pid for pid in islice(pids, _MAX_PROCESSES) if pid != os.getpid() and _writes(pid, pipe))


def _writes(pid: int, pipe: str) -> bool:
    return any(
        proc.link(f"{pid}/fd/{name}") == pipe and may_write(proc.read(f"{pid}/fdinfo/{name}") or b"")
        for name in proc.names(f"{pid}/fd")[:_MAX_FDS_SEARCHED]
    )


class Borrower:
    """Duplicates fds of one process for a moment; ``refused`` once the kernel did not permit it."""

    def __init__(self, pid: int | None) -> None:
        self.refused = False
        self._pidfd: int | None = None
        with contextlib.suppress(OSError):
            self._pidfd = os.pidfd_open(pid) if pid else None

    def unread(self, fd: int, inode: int) -> int | None:
        """Return the unread bytes; None if the fd is not that pipe or socket, or may not be duplicated."""
        return self._asked(fd, inode, _waiting_bytes)

    def expires(self, fd: int, inode: int, *, reads: bool) -> bool | None:
        """Return whether a read (or write) has a timeout by a socket option; None as for `unread`."""
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
