"""Descriptors that outlive us: they wait in the queue of a socket pair that the launcher keeps open, and never reads.

::

    supervisor ──descriptors──▶ [ the queue of the pair ] ──all at once──▶ the supervisor after it
                                  launcher: has both ends, does nothing

The file of a semaphore that was made under fork has no name, and nobody has a descriptor of it but us:
/proc/PID/map_files opens it for the privileged alone.  Without it a lock can never be broken, nor be read where the
memory of its users may not be.  The kernel keeps what is in a queue for as long as anybody has the socket open, so the
launcher stays as small as it is.

A queue cannot be searched: what is not wanted any more stays in it until it is full, or there is too much of that.
Then it is emptied, and what is wanted is put in again, many to a message.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

#: The kernel's bound for one message, SCM_MAX_FD.
_EACH = 253
#: As much as it allows; some hundred messages.
_ROOM = 4 * 1024 * 1024
#: That are not wanted any more; each may hold on to a page of memory.
_MOST_UNWANTED = 1000


class Parking:
    """``ends``: the two descriptors of the pair, ours from now on; without them nothing is parked.

    ``descriptor`` gives the one of a key; it stays with whose it is.
    """

    def __init__(self, ends: tuple[int, int] | None, descriptor: Callable[[str], int | None]) -> None:
        self._descriptor = descriptor
        self._parked: set[str] = set()
        self._unwanted = 0
        self._ends = tuple(_socket(fd) for fd in ends) if ends else ()

    def take_back(self) -> list[int]:
        """All that wait, the caller's from now on; they are to be parked anew."""
        self._parked.clear()
        return list(self._waiting())

    def park(self, keys: Iterable[str]) -> None:
        """Park what is not yet; what the kernel takes no more of is not parked."""
        new = [key for key in keys if key not in self._parked]
        if not self._ends or not new:
            return
        self._parked.update(new)
        if not self._put(new):
            self._put_again()

    def forget(self, keys: Iterable[str]) -> None:
        """These are not wanted any more."""
        gone = self._parked.intersection(keys)
        self._parked -= gone
        self._unwanted += len(gone)
        if gone and (not self._parked or self._unwanted > _MOST_UNWANTED):
            self._put_again()

    def close(self) -> None:
        """Let go of our ends."""
        for end in self._ends:
            end.close()
        self._ends = ()

    def _put(self, keys: Iterable[str]) -> bool:
        """Whether there was room."""
        fds = (fd for key in keys if (fd := self._descriptor(key)) is not None)
        while batch := list(islice(fds, _EACH)):
            try:
                socket.send_fds(self._ends[0], [b"."], batch)
            except BlockingIOError:
                return False
            except OSError:
                return True  # too many are in queues altogether: another try changes nothing
        return True

    def _put_again(self) -> None:
        for fd in self._waiting():
            os.close(fd)
        self._unwanted = 0
        self._put(self._parked)

    def _waiting(self) -> Iterator[int]:
        with contextlib.suppress(OSError):
            while self._ends:
                _, fds, _, _ = socket.recv_fds(self._ends[1], 1, _EACH)
                for fd in fds:
                    os.set_inheritable(fd, False)
                    yield fd


def _socket(fd: int) -> socket.socket:
    end = socket.socket(fileno=fd)
    end.setblocking(False)
    end.set_inheritable(False)
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _ROOM)
    return end
