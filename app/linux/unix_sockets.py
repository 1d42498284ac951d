"""Listening unix sockets for our own user only, which keep working when no fd is left."""

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
    """Accepts connections of our own user, or root, and calls ``on_connection`` with each and the pid of its peer.

    Never blocks.
    """

    def __init__(
        self,
        path: Path,
        kind: int,
        poller: Poller,
        on_connection: Callable[[socket.socket, int], None],
        *,
        backlog: int,
        per_turn: int,
    ) -> None:
        self._path, self._poller, self._per_turn = path, poller, per_turn
        self._on_connection = on_connection
        self._uids = {os.getuid(), 0}
        self._socket = listen(path, kind, backlog)
        self._inode = path.lstat().st_ino
        # Closed for a moment, to accept and close a connection when no other fd is left.
        self._spare = _spare()
        poller.watch(self._socket.fileno(), self._accept)

    def close(self) -> None:
        """Close it, and remove the socket file unless another server has replaced it."""
        self._poller.forget(self._socket.fileno())
        self._socket.close()
        os.close(self._spare)
        with contextlib.suppress(OSError):
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()

    def _accept(self, _events: int) -> None:
        for _ in range(self._per_turn):
            try:
                connection, _address = self._socket.accept()
            except BlockingIOError:
                return
            except OSError:
                self._reject()
                return
            credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            pid, uid, _gid = _CREDENTIALS.unpack(credentials)
            # Pid 0: the peer is in a pid namespace that ours does not see.
            if uid not in self._uids or pid <= 0:
                connection.close()
                continue
            connection.setblocking(False)
            self._on_connection(connection, pid)

    def _reject(self) -> None:
        """Accept and close a connection with the spare fd: left in the queue, it would wake the loop for ever."""
        os.close(self._spare)
        with contextlib.suppress(OSError):
            self._socket.accept()[0].close()
        self._spare = _spare()


def listen(path: Path, kind: int, backlog: int) -> socket.socket:
    """Return a non-blocking listener at ``path`` (0600), replacing the socket of a dead server."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    listener = socket.socket(socket.AF_UNIX, kind)
    # No other user may connect, not even between bind and a chmod; the supervisor has only one thread.
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
    """Yield the address to bind or connect to; a path too long for an address goes through its folder's fd."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
