"""Read and post the file of a multiprocessing semaphore, whose fd an observed process has passed to us.

Read by pread, not mapped: it takes 0.6 µs, and if a program truncates its file we get a short read, not a SIGBUS.
glibc's sem_t begins with 8 bytes: the value in the lower half, which is the futex, and the number of waiters in the
upper half.  A waiter that was killed stays counted.
"""

import ctypes
import mmap
import os
import resource
from collections.abc import Container
from functools import cache
from typing import NamedTuple

from .descriptors import is_memory

_BYTES = 32  # sizeof(sem_t)
STATE_BYTES = 8
_LOW = 0xFFFFFFFF
#: Of the fds that we may open, this part is for semaphores.
_SHARE_OF_FDS = 3


class SemaphoreState(NamedTuple):
    """A semaphore at one moment."""

    value: int
    waiters: int


def state(raw: bytes) -> SemaphoreState | None:
    """Return the state from the first bytes of a semaphore; None if they are too few."""
    if len(raw) < STATE_BYTES:
        return None
    both = int.from_bytes(raw, "little")
    return SemaphoreState(both & _LOW, both >> 32)


def inode_of(fd: int) -> int | None:
    """Return the inode of a semaphore's file; None for any other fd: a process may pass any."""
    if not is_memory(fd):
        return None
    found = os.fstat(fd)
    return found.st_ino if found.st_size == _BYTES else None


class SemaphoreFile:
    """The file of one semaphore; owns the fd."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self) -> SemaphoreState | None:
        """Return the current state; None if the file is no semaphore any more."""
        try:
            return state(os.pread(self._fd, STATE_BYTES, 0))
        except OSError:
            return None

    def post(self) -> None:
        """Release it once, as release() in a user would: wakes one waiter, in any process.

        Neither blocks nor takes a lock.  Raises OSError if it cannot be written.
        """
        # Opened again, as the fd may be read-only; /proc works although the file has no name.
        fd = os.open(f"/proc/self/fd/{self._fd}", os.O_RDWR | os.O_CLOEXEC)
        try:
            if inode_of(fd) is None:
                raise OSError("the file is no semaphore any more")
            with mmap.mmap(fd, _BYTES) as shared:
                memory = ctypes.c_char.from_buffer(shared)
                try:
                    failed = _libc().sem_post(ctypes.byref(memory))
                    error = ctypes.get_errno()
                finally:
                    del memory  # it would keep the mapping from being closed
        finally:
            os.close(fd)
        if failed:
            raise OSError(error, os.strerror(error))

    def fileno(self) -> int:
        """Return the fd, which this object still owns."""
        return self._fd

    def close(self) -> None:
        os.close(self._fd)


class SemaphoreFiles(dict[str, SemaphoreFile]):
    """The semaphore files by the key of the semaphore, which has the inode of the file."""

    def take(self, fds: list[int], only: Container[str] | None = None) -> None:
        """Take the fds of new semaphores, among ``only``, out of ``fds``, up to a third of what may be open.

        The others are read from the memory of their users.
        """
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE_OF_FDS
        for fd in tuple(fds):
            inode = inode_of(fd)
            key = f"sem:{inode}"
            wanted = inode and key not in self and (only is None or key in only)
            if wanted and len(self) < most:
                self[key] = SemaphoreFile(fd)
                fds.remove(fd)

    def drop(self, key: str) -> None:
        """Close the file of a semaphore that is no longer used; do nothing if there is none."""
        if file := self.pop(key, None):
            file.close()

    def close(self) -> None:
        for key in tuple(self):
            self.drop(key)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
