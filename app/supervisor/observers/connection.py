"""One observed process at the other end of the observer socket."""

from __future__ import annotations

import array
import contextlib
import os
import socket
from collections.abc import Iterable

from msgspec import Struct

from app.linux import identity, proc
from app.linux.descriptors import close_foreign, is_memory
from app.linux.pidfds import readable
from app.protocol.observer import MAX_WORD, AnyWord
from app.records.primitives import Key

from .pages import unsent

#: Fds that one message may carry.
MAX_FDS = 16
#: Since Linux 6.5; not in Python's socket module yet.
_SO_PEERPIDFD = 77
_FD_BYTES = array.array("i").itemsize


class Heard(Struct, frozen=True):
    """A message of the process ``key``; the taker closes its ``fds``.  Start time 0: the process had ended."""

    key: Key
    word: AnyWord
    fds: tuple[int, ...] = ()


class NotSeen(Struct, frozen=True):
    """So many messages of the process could not be decoded, or not be sent."""

    key: Key
    count: int


class Peer:
    """One connection of one process, with its ``pidfd``, which a watcher of the process takes over."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.connection = connection
        self.pidfd = _pidfd_of(connection, pid)
        stat = proc.stat(pid)
        # If the process has ended, its pid may be that of another one by now.
        mine = stat is not None and self.pidfd is not None and not (readable(self.pidfd) and not stat.dead)
        self.key: Key = (pid, stat.start_ticks if stat and mine else 0)
        self.page: int | None = None
        self._unsent = 0

    def forget_start_if_gone(self) -> None:
        """Set the start time to 0 if the process is gone: only its pidfd can still tell its end."""
        if not identity.exists(self.key):
            self.key = (self.key[0], 0)

    def receive(self) -> tuple[bytes, tuple[int, ...]]:
        """Return one message and its fds; no bytes at the end.  Raises BlockingIOError, OSError.

        A message that was truncated, or has an fd of anything but memory, becomes one that cannot be decoded.
        """
        space = socket.CMSG_SPACE(MAX_FDS * _FD_BYTES)
        data, ancillary, flags, _ = self.connection.recvmsg(MAX_WORD, space, socket.MSG_CMSG_CLOEXEC)
        fds = tuple(fd for level, kind, content in ancillary if _are_fds(level, kind) for fd in _unpacked(content))
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or not all(map(is_memory, fds)):
            close_foreign(fds)
            return b"\0", ()
        return data, fds

    def keep_page(self, fds: tuple[int, ...]) -> None:
        """Duplicate the fd of its page: the one received belongs to the readers."""
        self.drop_page()
        if fds:
            with contextlib.suppress(OSError):
                self.page = os.dup(fds[0])

    def newly_unsent(self) -> int:
        """Return how many messages it could not send since the last call."""
        before = self._unsent
        self._unsent = max(before, unsent(self.page)) if self.page is not None else before
        return self._unsent - before

    def drop_page(self) -> None:
        if self.page is not None:
            os.close(self.page)
        self.page = None

    def close(self) -> None:
        self.connection.close()
        self.drop_page()
        if self.pidfd is not None:
            os.close(self.pidfd)
        self.pidfd = None


def close_all(fds: Iterable[int]) -> None:
    """Close fds that are not needed."""
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)


def _pidfd_of(connection: socket.socket, pid: int) -> int | None:
    try:
        pidfd = connection.getsockopt(socket.SOL_SOCKET, _SO_PEERPIDFD)
    except OSError:
        pidfd = None
    if pidfd is None:
        with contextlib.suppress(OSError):
            return os.pidfd_open(pid)
    return pidfd


def _are_fds(level: int, kind: int) -> bool:
    return level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS


def _unpacked(content: bytes) -> array.array[int]:
    fds = array.array("i")
    fds.frombytes(content[: len(content) - len(content) % fds.itemsize])
    return fds
