"""One observed process at the other end of the observer socket."""

from __future__ import annotations

import array
import contextlib
import os
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from app.linux import proc
from app.linux.pidfds import readable
from app.protocol.observer import MAX_WORD, AnyWord
from app.records.primitives import Key

from .pages import unsent

MAX_FDS = 16


#: Since Linux 6.5; not in Python's socket module yet.
_SO_PEERPIDFD = 77


_FDS = array.array("i")


@dataclass(frozen=True, slots=True)
class Heard:
    """A word of the process ``key``; its ``fds`` are the taker's to close.  Start time 0: it was gone already."""

    key: Key
    word: AnyWord
    fds: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class NotSeen:
    """So many words of it could not be read, or sent."""

    key: Key
    count: int


class Peer:
    """One connection of one process.  ``pidfd`` is there to be taken over by who watches it."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.connection = connection
        self.pidfd = _pidfd_of(connection, pid)
        stat = proc.stat(pid)
        # The pid may be another's by now, unless it still lives.
        mine = stat is not None and self.pidfd is not None and not (readable(self.pidfd) and not stat.dead)
        self.key: Key = (pid, stat.start_ticks if stat and mine else 0)
        self.page: int | None = None
        self._unsent = 0

    def receive(self) -> tuple[bytes, tuple[int, ...]]:
        """One word and its fds; no bytes at the end, and where it came cut.  Raises BlockingIOError, OSError."""
        space = socket.CMSG_SPACE(MAX_FDS * _FDS.itemsize)
        data, ancillary, flags, _ = self.connection.recvmsg(MAX_WORD, space, socket.MSG_CMSG_CLOEXEC)
        fds = tuple(fd for level, kind, content in ancillary if _are_fds(level, kind) for fd in _unpacked(content))
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC):
            close_all(fds)
            return b"\0", ()
        return data, fds

    def keep_page(self, fds: tuple[int, ...]) -> None:
        """A fd of its page of our own: the one that came belongs to the readers."""
        self.drop_page()
        if fds:
            with contextlib.suppress(OSError):
                self.page = os.dup(fds[0])

    def newly_unsent(self) -> int:
        """How many words more than at the last call it could not send."""
        before = self._unsent
        self._unsent = max(before, unsent(self.page)) if self.page is not None else before
        return self._unsent - before

    def drop_page(self) -> None:
        """Let go of its page."""
        if self.page is not None:
            os.close(self.page)
        self.page = None

    def close(self) -> None:
        """Let go of all fds."""
        self.connection.close()
        self.drop_page()
        if self.pidfd is not None:
            os.close(self.pidfd)
        self.pidfd = None


def close_all(fds: Iterable[int]) -> None:
    """Close fds that nobody wants."""
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
