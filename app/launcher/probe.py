"""Asks our own web process whether it is ready, without ever waiting for the answer."""

from __future__ import annotations

import socket

_PAUSE_S = 0.05
_PATIENCE_S = 10.0


class Probe:
    """``GET /readyz`` again and again until it answers 200; `step` on ``fd`` readable, or at ``next_at``.

    The socket listens already, so a request waits in its queue until the web process is up to answer it.
    """

    def __init__(self, address: tuple[str, int], host_header: str) -> None:
        host, port = address
        any_address = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  # nothing is bound here
        self._address = (any_address.get(host, host), port)
        self._request = f"GET /readyz HTTP/1.0\r\nHost: {host_header}:{port}\r\n\r\n".encode()
        self._socket: socket.socket | None = None
        self._answer = b""
        self.next_at = 0.0

    @property
    def fd(self) -> int | None:
        """What to wait for, while a request is on its way."""
        return self._socket.fileno() if self._socket else None

    def step(self, now: float) -> bool:
        """Go on as far as possible; True once the answer was 200."""
        try:
            if self._socket is None:
                if now >= self.next_at:
                    self._ask(now)
            elif self._received(self._socket) or now >= self.next_at:
                self.close()
                self.next_at = now + _PAUSE_S
                return self._answer.split()[1:2] == [b"200"]
        except OSError:
            self.close()
            self.next_at = now + _PAUSE_S
        return False

    def close(self) -> None:
        """Give up the request that is on its way."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _ask(self, now: float) -> None:
        # A connection to our own queue is made at once, but for one that 1,024 others have filled.
        self._socket = socket.create_connection(self._address, timeout=0.2)
        self._socket.sendall(self._request)
        self._socket.setblocking(False)
        self._answer = b""
        self.next_at = now + _PATIENCE_S

    def _received(self, connection: socket.socket) -> bool:
        try:
            part = connection.recv(4096)
        except BlockingIOError:
            return False
        self._answer += part
        return not part or b"\r\n" in self._answer
