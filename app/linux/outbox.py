"""Send frames through a non-blocking socket, and keep what it does not take."""

import itertools
import socket
from collections import deque

_SENDS_PER_TURN = 8
_BUFFERS_PER_SEND = 64


class Outbox:
    """Keeps the bytes that a non-blocking socket has not taken; ``size`` is their number."""

    def __init__(self, peer: socket.socket) -> None:
        self.size = 0
        self._socket = peer
        self._frames: deque[memoryview] = deque()

    def append(self, frame: bytes) -> None:
        """Queue a frame; send it at once if nothing was queued.  Raises OSError if the peer has closed."""
        self._frames.append(memoryview(frame))
        self.size += len(frame)
        if len(self._frames) == 1:
            self.flush()

    def flush(self) -> None:
        """Send what the socket takes, within the limits of a turn.  Raises OSError if the peer has closed."""
        for _ in range(_SENDS_PER_TURN):
            if not self._frames:
                return
            try:
                self._sent(self._socket.sendmsg(itertools.islice(self._frames, _BUFFERS_PER_SEND)))
            except BlockingIOError:
                return

    def _sent(self, count: int) -> None:
        self.size -= count
        while self._frames and count >= len(self._frames[0]):
            count -= len(self._frames.popleft())
        if count:
            self._frames[0] = self._frames[0][count:]
