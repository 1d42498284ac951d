"""What the pool's thread waits for: the end of workers, their sockets, and an alarm that any thread may ring."""

import contextlib
import os
import select
import threading
from collections.abc import Callable

from procession.pool.workers.worker import Worker


class Watching:
    """One epoll; calls ``ended`` for each ended worker, ``received`` and ``flush`` for each socket that is ready."""

    def __init__(
        self,
        *,
        ended: Callable[[Worker], None],
        received: Callable[[Worker], None],
        flush: Callable[[Worker], None],
    ) -> None:
        self._ended, self._received, self._flush = ended, received, flush
        self._epoll = select.epoll()
        self._alarm = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_open = True
        self._alarm_lock = threading.RLock()  # reentrant for signal handlers
        self._epoll.register(self._alarm, select.EPOLLIN)
        self._by_pidfd: dict[int, Worker] = {}
        self._by_channel: dict[int, Worker] = {}
        self._already_ended: list[Worker] = []

    def watch(self, worker: Worker) -> None:
        if worker.pidfd is None:
            self._already_ended.append(worker)
        else:
            self._by_pidfd[worker.pidfd] = worker
            self._epoll.register(worker.pidfd, select.EPOLLIN)
        self._by_channel[worker.channel.fd] = worker
        self._epoll.register(worker.channel.fd, select.EPOLLIN)

    def forget(self, worker: Worker) -> None:
        if worker.pidfd is not None:
            del self._by_pidfd[worker.pidfd]
            self._epoll.unregister(worker.pidfd)
        self.forget_channel(worker)

    def forget_channel(self, worker: Worker) -> None:
        """Stop watching its socket, which is at its end; its pidfd will report the worker's end."""
        if self._by_channel.pop(worker.channel.fd, None):
            self._epoll.unregister(worker.channel.fd)

    def await_room(self, worker: Worker) -> None:
        """Send the rest as soon as its socket takes more."""
        if worker.channel.fd in self._by_channel:
            events = select.EPOLLIN | (select.EPOLLOUT if worker.channel.is_full else 0)
            self._epoll.modify(worker.channel.fd, events)

    def ring(self) -> None:
        """Let `wait` return; any thread may call it, also after `close`."""
        with self._alarm_lock:
            if self._is_open:
                os.eventfd_write(self._alarm, 1)

    def wait(self, timeout: float | None) -> list[tuple[int, int]]:
        """Wait up to ``timeout`` seconds (None: without limit) and return the events for `handle`."""
        return self._epoll.poll(0 if self._already_ended else timeout)

    def handle(self, events: list[tuple[int, int]]) -> None:
        """Call ``ended``, ``flush`` or ``received`` for each event."""
        while self._already_ended:
            self._ended(self._already_ended.pop())
        for fd, event in events:
            if worker := self._by_pidfd.get(fd):
                self._ended(worker)
            elif worker := self._by_channel.get(fd):
                if event & select.EPOLLOUT:
                    self._flush(worker)
                if event & ~select.EPOLLOUT:
                    self._received(worker)
            else:
                with contextlib.suppress(BlockingIOError):
                    os.eventfd_read(self._alarm)

    def close(self) -> None:
        self._epoll.close()
        with self._alarm_lock:
            self._is_open = False
            os.close(self._alarm)

    def disown(self) -> None:
        """Close the parent's descriptors in a forked child."""
        self._is_open = False
        self._alarm_lock = threading.RLock()
        self._epoll.close()
        for fd in (self._alarm, *self._by_pidfd, *self._by_channel):
            os.close(fd)
        self._by_pidfd.clear()  # releases the workers' memory, which this process would keep mapped
        self._by_channel.clear()
