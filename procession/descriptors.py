"""Our file descriptors in a user's process: high numbers, closed on exec, recognized by device and inode."""

import fcntl
import os

# Above what ``for fd in range(3, 256): os.close(fd)`` and select() use, below the usual soft limit of 1,024.
HIGH = (900, 200, 3)


def move_high(fd: int) -> int:
    """Move ``fd`` to the first free number from 900 on (lower where the limit forbids) and return it."""
    for least in HIGH:
        try:
            moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, least)
        except OSError:
            continue
        os.close(fd)
        return moved
    os.set_inheritable(fd, False)
    return fd


def identity(fd: int) -> tuple[int, int] | None:
    """Return (device, inode) of what ``fd`` is open on; None where it is closed."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    return status.st_dev, status.st_ino
