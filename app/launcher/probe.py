"""Ask our web process whether it is ready, without blocking."""

import socket

_PAUSE_S = 0.05
_ANSWER_S = 10.0
_CONNECT_S = 0.2
_READ_BYTES = 4096


class Probe:
    """Requests ``GET /readyz`` until it answers 200; call `step` when ``fd`` is readable, or at ``next_at``.

    The socket is listening already, so a request waits in its queue until the web process accepts it.
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
        """The socket of the current request; None without one."""
        return self._socket.fileno() if self._socket else None

    def step(self, now: float) -> bool:
        """Send or receive what is possible now; return True once the answer was 200."""
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
        """Drop the current request."""
        if self._socket:
            self._socket.close()
        self._socket = None

    def _ask(self, now: float) -> None:
        # Connecting to our own backlog succeeds at once, unless the backlog is full.
        self._socket = socket.create_connection(self._address, timeout=_CONNECT_S)
        self._socket.sendall(self._request)
        self._socket.setblocking(False)
        self._answer = b""
        self.next_at = now + _ANSWER_S

    def _received(self, connection: socket.socket) -> bool:
        try:
            part = connection.recv(_READ_BYTES)
        except BlockingIOError:
            return False
        self._answer += part
        return not part or b"\r\n" in self._answer
