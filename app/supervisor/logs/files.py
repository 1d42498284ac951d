"""The file of one log: what is kept of it, and who else has it open."""

import errno
import fcntl
import os
from pathlib import Path

from msgspec import Struct

#: The unit of ``st_blocks``.
_ST_BLOCK = 512


class Log(Struct):
    """One open file.  Up to ``head`` it is a hole, up to ``asked`` one is being made; ``rate`` is in bytes a second.

    ``asked`` 0: somebody emptied it meanwhile, so that what is being made will say nothing of what it holds by then.
    """

    number: int
    process: str
    fd: int
    head: int
    size: int
    seen_at: float = 0.0
    rate: float = 0.0
    asked: int | None = None

    def grow(self, size: int, now: float, checked_at: float) -> None:
        """Note the size that it has now; ``checked_at``: when all logs were looked at last."""
        if size < self.size:  # somebody emptied it
            self.head = 0
            if self.asked is not None:
                self.asked = 0
        self.rate = (size - self.size) / max(now - max(self.seen_at, checked_at), 1e-3)
        self.size, self.seen_at = size, now


def first_offset(fd: int) -> int:
    """Return where the kept part of a log begins."""
    try:
        return os.lseek(fd, 0, os.SEEK_DATA)
    except OSError as error:
        if error.errno == errno.ENXIO:
            return os.lseek(fd, 0, os.SEEK_END)
        raise


def disk_use(path: Path) -> int:
    """Return the bytes that a file uses on the disk; 0 if it is not there."""
    try:
        return path.lstat().st_blocks * _ST_BLOCK
    except OSError:
        return 0


def is_open_elsewhere(fd: int) -> bool:
    """Return whether the file is open through another description than ours."""
    try:
        # Granted only while nobody else has the file open (fcntl(2), "Leases").
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False
