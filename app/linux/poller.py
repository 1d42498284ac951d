"""One epoll that is kept: the only place where the supervisor blocks.

`multiprocessing.connection.wait` registers every fd again at each call (0.9 ms a turn at 1,000 children, here 1 µs).
Callbacks read what is there and enqueue it; they decide nothing.
"""

import select
from collections.abc import Callable
from typing import TypeAlias

Callback: TypeAlias = Callable[[int], None]
READABLE = select.EPOLLIN
WRITABLE = select.EPOLLOUT


class Poller:
    """Calls ``callback(events)`` for each watched fd that is ready; at most ``batch`` of them per turn."""

    def __init__(self, batch: int = 512) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._batch = batch

    def watch(self, fd: int, callback: Callback, events: int = READABLE) -> None:
        """Watch ``fd``; raise FileExistsError if it is watched already."""
        self._epoll.register(fd, events)
        self._callbacks[fd] = callback

    def change(self, fd: int, events: int) -> None:
        """Wait for other events of a watched fd."""
        self._epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        """Stop watching; call it before close(): a forked child's copy would keep the registration alive."""
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def wait(self, timeout_s: float | None) -> int:
        """Block until an fd is ready or the timeout is over; call the callbacks; return how many were ready."""
        ready = self._epoll.poll(timeout_s, self._batch)
        for fd, events in ready:
            if callback := self._callbacks.get(fd):
                callback(events)
        return len(ready)

    def close(self) -> None:
        """Close the epoll; the watched fds stay open."""
        self._epoll.close()
