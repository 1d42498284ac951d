"""Keep descriptors for the next supervisor, in the queue of a socket pair that the launcher holds but never reads.

::

    supervisor ──descriptors──▶ [ queue of the socket pair ] ──all at once──▶ next supervisor
                                  launcher: holds both ends, does nothing

The file of a semaphore that was made under fork has no name, and only the supervisor has a descriptor of it:
/proc/PID/map_files opens it for privileged processes only.  Without it a lock can never be released, nor read if the
memory of its users cannot be.  The kernel keeps what is in a queue for as long as any process has the socket open, so
the launcher needs no code for it.

A queue cannot be searched: descriptors that are no longer needed stay until it is full or has too many of them.  Then
it is emptied, and those that are needed are sent again, many to a message.
"""

import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

#: The kernel's limit for one message, SCM_MAX_FD.
_FDS_PER_MESSAGE = 253
#: The queue's size; the kernel reduces it to what it allows, some hundred messages.
_QUEUE_BYTES = 4 * 1024 * 1024
#: Descriptors in the queue that are no longer needed; each may hold a page of memory.
_MAX_UNNEEDED = 1000


class DescriptorStore:
    """Keeps descriptors by key.  ``ends`` are the two ends of the pair, owned from now on; without them it keeps none.

    ``descriptor`` returns the descriptor of a key, and still owns it.
    """

    def __init__(self, ends: tuple[int, int] | None, descriptor: Callable[[str], int | None]) -> None:
        self._descriptor = descriptor
        self._kept: set[str] = set()
        self._unneeded = 0
        self._ends = tuple(_socket(fd) for fd in ends) if ends else ()

    def take_back(self) -> list[int]:
        """Return all kept descriptors; the caller owns them, and must `keep` again those still needed."""
        self._kept.clear()
        return list(self._received())

    def keep(self, keys: Iterable[str]) -> None:
        """Keep the descriptors of ``keys`` too; those that the kernel refuses are not kept."""
        new = [key for key in keys if key not in self._kept]
        if not self._ends or not new:
            return
        self._kept.update(new)
        if not self._send(new):
            self._send_again()

    def forget(self, keys: Iterable[str]) -> None:
        """Stop keeping the descriptors of ``keys``."""
        gone = self._kept.intersection(keys)
        self._kept -= gone
        self._unneeded += len(gone)
        if gone and (not self._kept or self._unneeded > _MAX_UNNEEDED):
            self._send_again()

    def close(self) -> None:
        """Close our ends of the pair."""
        for end in self._ends:
            end.close()
        self._ends = ()

    def _send(self, keys: Iterable[str]) -> bool:
        """Send descriptors into the queue; return whether there was room."""
        fds = (fd for key in keys if (fd := self._descriptor(key)) is not None)
        while batch := list(islice(fds, _FDS_PER_MESSAGE)):
            try:
                socket.send_fds(self._ends[0], [b"."], batch)
            except BlockingIOError:
                return False
            except OSError:
                return True  # the kernel's limit for all queues of the user is reached: retrying is useless
        return True

    def _send_again(self) -> None:
        for fd in self._received():
            os.close(fd)
        self._unneeded = 0
        self._send(self._kept)

    def _received(self) -> Iterator[int]:
        with contextlib.suppress(OSError):
            while self._ends:
                _, fds, _, _ = socket.recv_fds(self._ends[1], 1, _FDS_PER_MESSAGE)
                for fd in fds:
                    os.set_inheritable(fd, False)
                    yield fd


def _socket(fd: int) -> socket.socket:
    end = socket.socket(fileno=fd)
    end.setblocking(False)
    end.set_inheritable(False)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _QUEUE_BYTES)
    return end
