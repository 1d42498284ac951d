"""Listening unix sockets that only our own user may enter, and that are never stuck for want of an fd."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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


def turn_away(listener: socket.socket, spare: int) -> int:
    """Out of fds: a connection that is left in the queue would wake the loop for ever.  Returns the new spare fd.

    ``spare`` is given up for a moment to accept and close one.
    """
    os.close(spare)
    with contextlib.suppress(OSError):
        listener.accept()[0].close()
    return os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)


# sockaddr_un.sun_path, with its closing NUL.
_LONGEST_ADDRESS = 107


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
