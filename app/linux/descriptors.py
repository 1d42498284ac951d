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
            _closer.put(fd)


class Closer:
    """Closes descriptors in a thread, which begins with the first."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, fd: int) -> None:
        """Close a descriptor a moment later; if no thread can be started now, after the next one that is put."""
        self._queue.put(fd)
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="closer", daemon=True)
            with contextlib.suppress(RuntimeError):  # no thread is left to us
                thread.start()
                self._thread = thread

    def _run(self) -> None:
        while True:
            with contextlib.suppress(OSError):
                os.close(self._queue.get())


_closer = Closer()
