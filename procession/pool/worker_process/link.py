"""The worker's end of its socket.  Workers load it: it imports next to nothing."""

from __future__ import annotations

import os
import select

from .ring import HEADER, WOKEN

_SKIP = 64 * 1024


class Hangup(Exception):
    """The pool's process, or the socket to it, has gone."""


class Link:
    """The worker's end of its socket; every wait also notices the end of the pool's process."""

    def __init__(self, socket: int, parent: int) -> None:
        """``parent`` is a pidfd: end-of-file would not come while any process has inherited the other end."""
        os.set_blocking(socket, False)
        self._fd, self._parent = socket, parent
        self._readable, self._writable = select.poll(), select.poll()
        for poll, event in ((self._readable, select.POLLIN), (self._writable, select.POLLOUT)):
            poll.register(socket, event)
            poll.register(parent, select.POLLIN)

    def wait(self) -> None:
        """Wait until there is something to read; raises `Hangup`."""
        self._await(self._readable)

    def read(self, size: int) -> bytes:
        """Read what is available; raises `Hangup` at the end."""
        try:
            chunk = os.read(self._fd, size)
        except BlockingIOError:
            self.wait()
            return self.read(size)
        except OSError:
            raise Hangup from None
        if not chunk:
            raise Hangup
        return chunk

    def read_into(self, buffer: memoryview) -> None:
        """Fill the buffer; raises `Hangup`."""
        while buffer:
            try:
                count = os.readv(self._fd, [buffer])
            except BlockingIOError:
                self.wait()
                continue
            except OSError:
                raise Hangup from None
            if not count:
                raise Hangup
            buffer = buffer[count:]

    def skip(self, length: int) -> None:
        """Read and discard ``length`` bytes; raises `Hangup`."""
        while length:
            length -= len(self.read(min(length, _SKIP)))

    def send(self, header: bytes, payload: bytes | memoryview = b"") -> None:
        """Send a frame, with the payload's length in the header; raises `Hangup`."""
        _, position, kind = HEADER.unpack(header)
        rest = [memoryview(HEADER.pack(len(payload), position, kind)), memoryview(payload)]
        while rest:
            try:
                sent = os.writev(self._fd, rest)
            except BlockingIOError:
                self._await(self._writable)
                continue
            except OSError:
                raise Hangup from None
            while rest and sent >= len(rest[0]):
                sent -= len(rest.pop(0))
            if sent:
                rest[0] = rest[0][sent:]

    def wake(self) -> None:
        self.send(HEADER.pack(0, 0, WOKEN))

    def close(self) -> None:
        """Close the descriptors in a forked child: they are the worker's.  A task may have closed them before."""
        for fd in (self._fd, self._parent):
            try:
                os.close(fd)
            except OSError:
                pass

    def _await(self, poll: select.poll) -> None:
        try:
            events = poll.poll()
        except OSError:
            raise Hangup from None
        for fd, event in events:
            if fd == self._parent or event & select.POLLNVAL:
                raise Hangup
