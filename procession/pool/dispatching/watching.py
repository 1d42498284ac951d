"""What the pool's thread waits for: the end of workers, their sockets, and an alarm that anybody may ring."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable

from procession.pool.crew.member import Worker


class Watching:
    """One epoll.  ``ended`` and ``received`` are called for workers that have ended, or whose socket is readable."""

    def __init__(self, *, ended: Callable[[Worker], None], received: Callable[[Worker], None]) -> None:
        self._ended, self._received = ended, received
        self._epoll = select.epoll()
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_open = True
        self._opening = threading.RLock()  # reentrant for the sake of signal handlers
        self._epoll.register(self._alarm, select.EPOLLIN)
        self._by_pidfd: dict[int, Worker] = {}
        self._by_channel: dict[int, Worker] = {}
        self._already_ended: list[Worker] = []

    def watch(self, worker: Worker) -> None:
        """Wait for this worker, too."""
        pidfd = worker.open_pidfd()
        if pidfd is None:
            self._already_ended.append(worker)
        else:
            self._by_pidfd[pidfd] = worker
            self._epoll.register(pidfd, select.EPOLLIN)
        self._by_channel[worker.channel.fd] = worker
        self._epoll.register(worker.channel.fd, select.EPOLLIN)

    def forget(self, worker: Worker) -> None:
        """Do not wait for it any longer."""
        if worker.pidfd is not None:
            del self._by_pidfd[worker.pidfd]
            self._epoll.unregister(worker.pidfd)
        self.forget_channel(worker)

    def forget_channel(self, worker: Worker) -> None:
        """Nothing will come from its socket any more: its pidfd will tell."""
        if self._by_channel.pop(worker.channel.fd, None):
            self._epoll.unregister(worker.channel.fd)

    def await_room(self, worker: Worker) -> None:
        """Send the rest of what its socket did not take as soon as it does."""
        if worker.channel.fd in self._by_channel:
            events = select.EPOLLIN | (select.EPOLLOUT if worker.channel.is_full else 0)
            self._epoll.modify(worker.channel.fd, events)

    def ring(self) -> None:
        """Let `wait` return; from any thread, also after `close`."""
        with self._opening:
            if self._is_open:
                os.eventfd_write(self._alarm, 1)

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        """What happened within ``timeout`` seconds (None: sooner or later), for `tell`."""
        return self._epoll.poll(0 if self._already_ended else timeout)

    def tell(self, events: list[tuple[int, int]]) -> None:
        """Make of each what it means."""
        while self._already_ended:
            self._ended(self._already_ended.pop())
        for fd, event in events:
            if worker := self._by_pidfd.get(fd):
                self._ended(worker)
            elif worker := self._by_channel.get(fd):
                if event & select.EPOLLOUT:
                    worker.channel.flush()
                    self.await_room(worker)
                if event & ~select.EPOLLOUT:
                    self._received(worker)
            else:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._alarm)

    def close(self) -> None:
        """No worker is left."""
        self._epoll.close()
        with self._opening:
            self._is_open = False
            os.close(self._alarm)

    def disown(self) -> None:
        """In a forked child: close what is the parent's."""
        self._is_open = False
        self._opening = threading.RLock()
        self._epoll.close()
        for fd in (self._alarm, *self._by_pidfd, *self._by_channel):
            os.close(fd)
        self._by_pidfd.clear()  # with the workers goes their memory, which would outlive them in this process
        self._by_channel.clear()
