"""The file behind a semaphore of multiprocessing, as an observed process handed it over: value, waiters, and a post.

Read by pread and not by a mapping: 0.6 µs, and a program that truncates its file costs us a short read and no SIGBUS.
glibc's sem_t begins with 8 bytes, the value below and the number of waiters above; the kernel's futex is the lower
half.  A waiter that was killed stays counted.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
from collections.abc import Container
from functools import cache
from typing import NamedTuple

_BYTES = 32  # sizeof(sem_t)
STATE_BYTES = 8
_LOW = 0xFFFFFFFF


class SemaphoreState(NamedTuple):
    """What a semaphore says at one moment."""

    value: int
    waiters: int


def state(raw: bytes) -> SemaphoreState | None:
    """What the first bytes of a semaphore say."""
    if len(raw) < STATE_BYTES:
        return None
    both = int.from_bytes(raw, "little")
    return SemaphoreState(both & _LOW, both >> 32)


def inode_of(fd: int) -> int | None:
    """The inode of a semaphore's file; None where the fd is none: it may be anything that somebody passed."""
    try:
        # Only files in memory have seals: reading anything else might wait for a disk, or for ever.
        fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        found = os.fstat(fd)
    except OSError:
        return None
    return found.st_ino if found.st_size == _BYTES else None


class SemaphoreFile:
    """One semaphore; owns the fd."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    def read(self) -> SemaphoreState | None:
        """As it is now; None where the file is no semaphore any more."""
        try:
            return state(os.pread(self._fd, STATE_BYTES, 0))
        except OSError:
            return None

    def post(self) -> None:
        """Release it once, as a release() of its holder would: wakes one who waits, in whatever process.

        Neither blocks nor takes a lock.  Raises OSError where it cannot be written.
        """
        # Opened anew, as what was handed over may be read-only; /proc leads there although the file has no name.
        fd = os.open(f"/proc/self/fd/{self._fd}", os.O_RDWR | os.O_CLOEXEC)
        try:
            if inode_of(fd) is None:
                raise OSError("it is no semaphore any more")
            with mmap.mmap(fd, _BYTES) as shared:
                memory = ctypes.c_char.from_buffer(shared)
                try:
                    failed = _libc().sem_post(ctypes.byref(memory))
                    error = ctypes.get_errno()
                finally:
                    del memory  # or the mapping could not be closed
        finally:
            os.close(fd)
        if failed:
            raise OSError(error, os.strerror(error))

    def fileno(self) -> int:
        """The fd, which stays ours."""
        return self._fd

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)


class SemaphoreFiles(dict[str, SemaphoreFile]):
    """All that were handed over, by the key of the semaphore: an fd is known by its inode."""

    def take(self, fds: list[int], only: Container[str] | None = None) -> None:
        """Take those that are new, and among ``only``, out of ``fds``, up to a third of what may be open.

        Of the others the memory of their users tells.
        """
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 3
        for fd in tuple(fds):
            inode = inode_of(fd)
            key = f"sem:{inode}"
            wanted = inode and key not in self and (only is None or key in only)
            if wanted and len(self) < most:
                self[key] = SemaphoreFile(fd)
                fds.remove(fd)

    def drop(self, key: str) -> None:
        """Nobody has it any more; a no-op for one that was not handed over."""
        if file := self.pop(key, None):
            file.close()

    def close(self) -> None:
        """Let go of all."""
        for key in tuple(self):
            self.drop(key)


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
