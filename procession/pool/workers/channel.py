"""The pool's end of a worker's socket: sends frames without waiting, receives large results and wake-ups."""

import os
import pickle
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import islice

from procession.pool.worker_process.ring import HEADER, RAISED

Buffer = bytes | memoryview

_READ = 64 * 1024
_BUFFERS_PER_WRITE = 64
#: Frames of up to so many bytes together are sent as one.
_JOIN = 64 * 1024


class Channel:
    """A non-blocking stream; once the worker has gone, it discards what is sent and receives nothing."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, False)
        self.fd = fd
        self.ended = False
        self._hangs_up = False
        self._out: deque[memoryview] = deque()
        self._in = b""
        self._large: _Large | None = None

    @property
    def is_full(self) -> bool:
        """Whether data waits to be sent: call `flush` when the socket is writable."""
        return bool(self._out)

    def send(self, buffers: Sequence[Buffer]) -> None:
        """Send the buffers in order; what the socket does not take now is kept for `flush`."""
        if len(buffers) > 1 and sum(map(len, buffers)) <= _JOIN:
            buffers = (b"".join(buffers),)
        self._out.extend(map(memoryview, buffers))
        self.flush()

    def flush(self) -> None:
        out = self._out
        try:
            while out:
                sent = os.writev(self.fd, list(islice(out, _BUFFERS_PER_WRITE)))
                while out and sent >= len(out[0]):
                    sent -= len(out.popleft())
                if sent:
                    out[0] = out[0][sent:]
        except BlockingIOError:
            pass
        except OSError:
            out.clear()  # the worker has ended or is about to: its pidfd will say so
        if self._hangs_up and not out:
            self._shut()

    def hang_up(self) -> None:
        """Send no more: shut the socket down once everything has been sent."""
        self._hangs_up = True
        if not self._out:
            self._shut()

    def frames(self) -> Iterator[tuple[int, int, Buffer]]:
        """Yield (position, kind, payload) of each complete frame; sets ``ended`` at the end of the stream."""
        while True:
            if self._large:
                if not self._large.read(self.fd):
                    self.ended = self._large.ended
                    return
                large, self._large = self._large, None
                yield large.position, large.kind, large.payload
            try:
                chunk = os.read(self.fd, _READ)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if not chunk:
                self.ended = True
                return
            yield from self._decode(self._in + chunk)
            if len(chunk) < _READ and not self._large:
                return

    def close(self) -> None:
        self._out.clear()
        os.close(self.fd)

    def _shut(self) -> None:
        import socket

        end = socket.socket(fileno=os.dup(self.fd))
        try:
            end.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the worker has gone
        finally:
            end.close()

    def _decode(self, received: bytes) -> Iterator[tuple[int, int, Buffer]]:
        at, end = 0, len(received)
        while end - at >= HEADER.size:
            length, position, kind = HEADER.unpack_from(received, at)
            start = at + HEADER.size
            if length > end - start:
                if length > _READ:
                    self._large = _Large(position, kind, length, received[start:])
                    at = end
                break
            at = start + length
            yield position, kind, received[start:at]
        self._in = received[at:]


class _Large:
    """A frame that arrives in parts, read directly into its buffer."""

    def __init__(self, position: int, kind: int, length: int, begun: bytes) -> None:
        self.position, self.kind = position, kind
        self.ended = False
        self._missing = length
        try:
            self.payload = memoryview(bytearray(length))
        except MemoryError as error:
            # Read the rest into a buffer that is overwritten; only this task fails.
            self.kind, self.payload = RAISED, memoryview(pickle.dumps(error))
            self._into = memoryview(bytearray(_READ))
        else:
            self._into = self.payload
        self._place(begun)

    def read(self, fd: int) -> bool:
        """Read what is available; return whether the frame is complete."""
        while self._missing:
            try:
                count = os.readv(fd, [self._into[-self._missing :]])
            except BlockingIOError:
                return False
            except OSError:
                count = 0
            if not count:
                self.ended = True
                return False
            self._missing -= count
        return True

    def _place(self, begun: bytes) -> None:
        if self._into is self.payload:
            self.payload[: len(begun)] = begun
        self._missing -= len(begun)
