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
    """Calls ``callback(events)`` for each watched fd that is ready; at most ``batch`` of them per turn.

    An error that a callback or its ``close`` raises goes to ``on_error``; without it, to the caller of `wait`.
    """

    def __init__(self, batch: int = 512, on_error: Callable[[Exception], object] | None = None) -> None:
        self._epoll = select.epoll()
        self._callbacks: dict[int, Callback] = {}
        self._closers: dict[int, Callable[[], object]] = {}
        self._batch = batch
        self._on_error = on_error

    def watch(
        self, fd: int, callback: Callback, events: int = READABLE, *, close: Callable[[], object] | None = None
    ) -> None:
        """Watch ``fd``; raise FileExistsError if it is watched already.  ``close`` is called if the callback raises."""
        self._epoll.register(fd, events)
        self._callbacks[fd] = callback
        if close:
            self._closers[fd] = close

    def change(self, fd: int, events: int) -> None:
        """Wait for other events of a watched fd."""
        self._epoll.modify(fd, events)

    def forget(self, fd: int) -> None:
        """Stop watching; call it before close(): a forked child's copy would keep the registration alive."""
        self._closers.pop(fd, None)
        if self._callbacks.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def wait(self, timeout_s: float | None) -> int:
        """Block until an fd is ready or the timeout is over; call the callbacks; return how many were ready."""
        ready = self._epoll.poll(timeout_s, self._batch)
        for fd, events in ready:
            if callback := self._callbacks.get(fd):
                try:
                    callback(events)
                except Exception as error:  # noqa: BLE001 - the turn goes on, whatever it is
                    self._failed(fd, error)
        return len(ready)

    def _failed(self, fd: int, error: Exception) -> None:
        if self._on_error is None:
            raise error
        self._on_error(error)
        if close := self._closers.pop(fd, None):
            try:
                close()
            except Exception as another:  # noqa: BLE001 - as above
                self._on_error(another)

    def close(self) -> None:
        """Close the epoll; the watched fds stay open."""
        self._epoll.close()
