"""Our websocket, in place of engineio's, because of three things that the latter does wrong under gevent.

1. simple-websocket calls ``send()`` once and takes for granted that everything went out.  A non-blocking
   socket with a bounded buffer sends a part: the rest was lost, and the stream with it.
2. A reader that has stopped reading would hold its writer for ever: here a write that gets nowhere for
   `STALL_S` ends the connection.
3. It accepts permessage-deflate: every frame compressed anew for each client, on a loopback connection.
"""

from __future__ import annotations

import contextlib
import socket
import struct
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
RESET = struct.pack("ii", 1, 0)
MAX_MESSAGE_BYTES = 16 * 1024


class WholeWrites:
    """A socket whose ``send`` sends everything, one frame at a time, or ends the connection."""

    def __init__(self, sock: Any, stall_s: float = STALL_S) -> None:
        self._socket = sock
        self._stall_s = stall_s
        self._one_frame = BoundedSemaphore(1)

    def send(self, content: bytes) -> None:
        """Send all of it; raises `BrokenPipeError` where the other side takes nothing for long, or is gone."""
        with self._one_frame:
            rest = memoryview(content)
            while rest:
                rest = rest[self._send_some(rest) :]

    def recv(self, size: int) -> bytes:
        """What came in; empty at the end."""
        return bytes(self._socket.recv(size))

    def close(self) -> None:
        """End the connection now, for whoever else holds a duplicate of the socket too."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _send_some(self, content: memoryview) -> int:
        try:
            with gevent.Timeout(self._stall_s, TimeoutError(f"it took nothing for {self._stall_s} s")):
                return int(self._socket.send(content))
        except OSError as error:
            # A reset, not an orderly end: that would wait, in the kernel, for what was not taken to be taken.
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.close()
            raise BrokenPipeError(str(error)) from error


class BoundedWebSocket(WebSocketWSGI):  # type: ignore[misc]
    """What engineio calls for a websocket: shakes hands, runs ``handler``, and leaves nothing behind."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one connection until it ends."""
        plain = {name: value for name, value in environ.items() if name != "HTTP_SEC_WEBSOCKET_EXTENSIONS"}
        try:
            self.ws = simple_websocket.Server(plain, max_message_size=MAX_MESSAGE_BYTES, **self.server_args)
        except (ProtocolError, simple_websocket.ConnectionError, ValueError):
            start_response("400 Bad Request", [("Content-Length", "0")])
            return []
        self.ws.sock = WholeWrites(self.ws.sock)
        try:
            return self._serve()
        finally:
            self.ws.sock.close()

    def close(self) -> None:
        """Say goodbye where that is still possible, then end the connection."""
        with contextlib.suppress(OSError, simple_websocket.ConnectionClosed):
            super().close()
        self.ws.sock.close()

    def _serve(self) -> Iterable[bytes]:
        handler: Callable[[Any], Iterable[bytes]] = self.app
        try:
            return handler(self)
        except (ValueError, IndexError, KeyError, TypeError):
            # engineio lets the errors of a malformed packet out; the client that sent it is not worth a
            # traceback.
            return []
