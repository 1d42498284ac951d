"""Our file descriptors in the program: high numbers, closed on exec, recognized by device and inode.

Programs close descriptors that they don't know (daemons close all), and reuse the numbers.
"""

import os
from fcntl import F_DUPFD_CLOEXEC, fcntl

# Above what `for fd in range(3, 256): os.close(fd)` and select() use, below the usual limit of 1,024.
HIGH = (900, 200, 3)


def move_high(fd):
    """Move ``fd`` to the first free number from 900 on (lower where the limit forbids) and return it."""
    for least in HIGH:
        try:
            moved = fcntl(fd, F_DUPFD_CLOEXEC, least)
        except OSError:
            continue
        os.close(fd)
        return moved
    return fd


def identity(fd):
    """Return (device, inode) of what ``fd`` is open on; None where it is closed."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Kept:
    """A descriptor of ours that the program may close, or reuse, at any time."""

    def __init__(self, fd=-1):
        self.fd = fd
        self._identity = identity(fd) if fd >= 0 else None

    def is_ours(self):
        return self._identity is not None and identity(self.fd) == self._identity

    def close(self):
        if self.is_ours():
            os.close(self.fd)
        self._identity = None
