"""A websocket that replaces engineio's, which does four things wrong under gevent.

1. simple-websocket calls ``send()`` once and assumes that everything was sent.  A non-blocking socket with a bounded
   buffer sends a part, so the rest was lost and the stream corrupted.
2. A client that stops reading would block its writer for ever: here a write without progress for `STALL_S` closes the
   connection.
3. It accepts permessage-deflate, and compresses every frame again for each client, on a loopback connection.
4. It reads as long as something has arrived, and handles it, before it is the turn of anybody else: 8 s of tiny packets
   stopped the server for minutes.  Here a client that sends more than a page ever does waits (`Budget`), and each
   part that is read, and each message, is followed by the turn of the others.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import gevent
import simple_websocket  # type: ignore[import-untyped]
from engineio.async_drivers.gevent import WebSocketWSGI  # type: ignore[import-untyped]
from gevent.lock import BoundedSemaphore
from wsproto.utilities import ProtocolError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

STALL_S = 8.0
#: About 170 of the smallest frames.
READ_BYTES = 1024
#: SO_LINGER: close with a reset.
RESET = struct.pack("ii", 1, 0)
MAX_MESSAGE_BYTES = 16 * 1024
#: The smallest frame has 6 bytes and costs 50 µs; a page sends less than one frame a second.
BUDGET_BYTES_PER_S, BUDGET_BYTES = 1024, 8 * 1024


class Budget:
    """What a client may send: ``burst`` at once, and ``per_s`` on average.  Pure: ``now`` is monotonic seconds."""

    def __init__(self, per_s: float = BUDGET_BYTES_PER_S, burst: float = BUDGET_BYTES) -> None:
        self._per_s, self._burst = per_s, burst
        self._left, self._at = burst, 0.0

    def spend(self, amount: float, now: float) -> float:
        """Return how many seconds the client has to wait after it has sent so much."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s) - amount
        self._at = now
        return max(0.0, -self._left / self._per_s)


class BoundedSocket:
    """A socket that sends everything, one frame at a time, or closes the connection; and receives within a budget."""

    def __init__(self, sock: Any, stall_s: float = STALL_S) -> None:
        self._socket = sock
        self._stall_s = stall_s
        self._budget = Budget()
        self._one_frame = BoundedSemaphore(1)

    def send(self, content: bytes) -> None:
        """Send everything; raise `BrokenPipeError` if the client does not read for too long, or has closed."""
        with self._one_frame:
            rest = memoryview(content)
            while rest:
                rest = rest[self._send_some(rest) :]

    def recv(self, size: int) -> bytes:
        """Return what was received, empty at the end, once that is within the budget; others have their turn first."""
        received = bytes(self._socket.recv(min(size, READ_BYTES)))
        gevent.sleep(self._budget.spend(len(received), time.monotonic()))
        return received

    def close(self) -> None:
        """Close the connection now, even if the socket was duplicated."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _send_some(self, content: memoryview) -> int:
        try:
            with gevent.Timeout(self._stall_s, TimeoutError(f"no progress for {self._stall_s:g} s")):
                return int(self._socket.send(content))
        except OSError as error:
            # Reset the connection: an orderly close would wait in the kernel until the unsent data is read.
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.close()
            raise BrokenPipeError(str(error)) from error


class BoundedWebSocket(WebSocketWSGI):  # type: ignore[misc]
    """What engineio calls for a websocket: performs the handshake, runs ``handler``, and closes the socket."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one connection until it ends."""
        plain = {name: value for name, value in environ.items() if name != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        try:
            self.ws = simple_websocket.Server(plain, max_message_size=MAX_MESSAGE_BYTES, **self.server_args)
        except (ProtocolError, simple_websocket.ConnectionError, ValueError):
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        self.ws.sock = BoundedSocket(self.ws.sock)
        try:
            return self._serve()
        finally:
            self.ws.sock.close()

    def wait(self) -> Any:
        """Return the next message, None at the end; others have their turn first."""
        gevent.sleep(0)
        return super().wait()

    def close(self) -> None:
        """Send a close frame if that is still possible, then close the connection."""
        with contextlib.suppress(OSError, simple_websocket.ConnectionClosed):
            super().close()
        self.ws.sock.close()

    def _serve(self) -> Iterable[bytes]:
        handler: Callable[[Any], Iterable[bytes]] = self.app
        try:
            return handler(self)
        except (ValueError, IndexError, KeyError, TypeError):
            # engineio does not catch the errors of a malformed packet, which needs no traceback.
            return []
