"""Listening unix sockets that only our own user may enter, and that are never stuck for want of an fd."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .poller import Poller

_CREDENTIALS = struct.Struct("3i")
# sockaddr_un.sun_path, with its closing NUL.
_LONGEST_ADDRESS = 107


class Listener:
    """Accepts connections of our own user, or root, and hands each to ``welcome`` with the pid of its peer.

    It never blocks; ``refused`` counts connections for which there was no fd.
    """

    def __init__(
        self,
        path: Path,
        kind: int,
        poller: Poller,
        welcome: Callable[[socket.socket, int], None],
        *,
        backlog: int,
        per_turn: int,
        uid: int | None = None,
    ) -> None:
        self.refused = 0
        self._path, self._poller, self._welcome, self._per_turn = path, poller, welcome, per_turn
        self._uids = {os.getuid() if uid is None else uid, 0}
        self._socket = listen(path, kind, backlog)
        self._inode = path.stat().st_ino
        # Given up for a moment to accept and close a connection when there is no other fd left.
        self._spare = _spare()
        poller.watch(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Close it, and remove the socket's file unless another server has put its own there."""
        self._poller.forget(self._socket.fileno())
        self._socket.close()
        os.close(self._spare)
        if self._path.exists() and self._path.stat().st_ino == self._inode:
            self._path.unlink()

    def _accept(self, _events: int) -> None:
        for _ in range(self._per_turn):
            try:
                connection, _address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:
                self._turn_away()
                return
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            pid, uid, _gid = _CREDENTIALS.unpack(credentials)
            # Pid 0: of a pid namespace that ours does not see.
            if uid not in self._uids or pid <= 0:
                connection.close()
                continue
            connection.setblocking(False)
            self._welcome(connection, pid)

    def _turn_away(self) -> None:
        """Out of fds: a connection that is left in the queue would wake the loop for ever."""
        self.refused += 1
        os.close(self._spare)
        with contextlib.suppress(OSError):
            self._socket.accept()[0].close()
        self._spare = _spare()


def listen(path: Path, kind: int, backlog: int) -> socket.socket:
    """A non-blocking listener at ``path`` (0600); a socket that a dead server left there is replaced."""
    if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
        path.unlink()
    listener = socket.socket(socket.AF_UNIX, kind)
    # Nobody else may connect, not even between bind and a chmod; the supervisor has one thread.
    before = os.umask(0o177)
    try:
        with address(path) as where:
            listener.bind(where)
    except OSError:
        listener.close()
        raise
    finally:
        os.umask(before)
    listener.setblocking(False)
    listener.listen(backlog)
    return listener


def _spare() -> int:
    return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


@contextmanager
def address(path: Path) -> Iterator[str]:
    """What to bind or connect to; a path too long for a socket address is said through its folder's fd."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
