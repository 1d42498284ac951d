"""Keep some descriptors free, and close those that others passed to us.

close() of a socket with SO_LINGER waits for its peer, of a file on a file server for the server.  Only that of a file
in memory never waits; the others are closed by a thread, which exists only once somebody has passed such a thing.
"""

import contextlib
import fcntl
import os
import queue
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

#: A kill has a pidfd and some files of /proc open at the same time.
RESERVE = 8
_closing: queue.SimpleQueue[int] = queue.SimpleQueue()
_closers: list[threading.Thread] = []


class FdReserve:
    """Keeps descriptors free for what must work when no other is left; `lent` frees them for its body."""

    def __init__(self, size: int = RESERVE) -> None:
        self._size = size
        self._held: list[int] = []
        self._take()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Free the descriptors for the body."""
        self.close()
        try:
            yield
        finally:
            self._take()

    def close(self) -> None:
        """Free them for good."""
        while self._held:
            os.close(self._held.pop())

    def _take(self) -> None:
        # With none left, as many as there are: the next call tries again.
        with contextlib.suppress(OSError):
            while len(self._held) < self._size:
                self._held.append(os.open("/dev/null", os.O_PATH | os.O_CLOEXEC))


def is_memory(fd: int) -> bool:
    """Return whether a file is in memory, as pages and semaphores are: only such files have seals.

    Even to look at any other file might wait for a disk, or for ever.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    except OSError:
        return False
    return True


def close_foreign(fds: Iterable[int]) -> None:
    """Close fds; those that might wait are closed a moment later."""
    for fd in fds:
        if is_memory(fd):
            os.close(fd)
        else:
            _closing.put(fd)
            if not _closers:
                _closers.append(threading.Thread(target=_close, name="closer", daemon=True))
                _closers[0].start()


def _close() -> None:
    while True:
        with contextlib.suppress(OSError):
            os.close(_closing.get())
