"""Close descriptors that others have passed to us, without waiting for any of them.

close() of a socket with SO_LINGER waits for its peer, of a file on a file server for the server.  Only that of a file
in memory never waits; the others are closed by a thread, which exists only once somebody has passed such a thing.
"""

import contextlib
import fcntl
import os
import queue
import threading
from collections.abc import Iterable

_closing: "queue.SimpleQueue[int]" = queue.SimpleQueue()
_closers: list[threading.Thread] = []


def is_memory(fd: int) -> bool:
    """Return whether a file is in memory, as pages and semaphores are: only such files have seals."""
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
