"""Serving: the listening socket, gevent's pywsgi, and a clean end.

One thread, no monkey patching.  Everything that a client can hold is bounded: connections, the time for its
request to arrive, what is buffered for it, and how long it may take nothing of that.
"""

from __future__ import annotations

import contextlib
import logging
import socket
from typing import TYPE_CHECKING, Any

import gevent
from gevent import pool, pywsgi
from gevent import socket as gsocket

from app.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MAX_CONNECTIONS = 2000
BACKLOG = 1024
# Between two requests on a connection, and for one request's head.
IDLE_S = 75.0
HEAD_S = 10.0
# Data that a client takes nothing of for this long (ms) ends its connection; and no more than this waits in
# the kernel.
USER_TIMEOUT_MS = 8000
SEND_BUFFER_BYTES = 128 * 1024
STOP_S = 1.0
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

log = logging.getLogger(__name__)


def listen(settings: Settings) -> Any:
    """The launcher's socket where it gave one (it stays bound while we are restarted), else one of our own."""
    if settings.listen_fd >= 0:
        listener = gsocket.socket(fileno=settings.listen_fd)
    else:
        listener = _bind(settings.host, settings.port)
    # Accepted sockets inherit all of these.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    # Head and body go out one after the other: else the second waits for the first one's delayed ACK, 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address(listener: Any) -> str:
    """``HOST:PORT``, as it goes into an address line."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Handler(pywsgi.WSGIHandler):
    """pywsgi's, with deadlines for the arrival of a request, and without a traceback for each stranger's rubbish."""

    def handle(self) -> None:
        """Serve one connection; that it broke is nobody's fault."""
        with contextlib.suppress(OSError):
            super().handle()

    def handle_one_response(self) -> None:
        """Answer one request; a connection that was a websocket is not HTTP any more."""
        super().handle_one_response()
        if "HTTP_UPGRADE" in (self.environ or {}):
            self.close_connection = True

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        log.debug("not HTTP, from %s: %s", self.client_address, ex)
        return "400", BAD_REQUEST

    def read_requestline(self) -> str:
        """The request line; empty (which ends the connection) where none comes for too long."""
        try:
            with gevent.Timeout(IDLE_S):
                return str(super().read_requestline())
        except gevent.Timeout:
            return ""

    def read_request(self, raw_requestline: str) -> Any:
        """Parse the head; None (which ends the connection) where it does not arrive in time."""
        try:
            with gevent.Timeout(HEAD_S):
                return super().read_request(raw_requestline)
        except gevent.Timeout:
            return None


class Server:
    """The HTTP server around one application."""

    def __init__(self, listener: Any, application: WSGIApplication) -> None:
        # No access log: its lines would have the token of `/?token=` in them.
        self._server = pywsgi.WSGIServer(
            listener,
            application,
            log=None,
            error_log=log,
            spawn=pool.Pool(MAX_CONNECTIONS),
            handler_class=Handler,
        )

    def start(self) -> None:
        """Begin to accept."""
        self._server.start()

    def stop_accepting(self) -> None:
        """Leave new connections in the backlog, for whoever comes after us."""
        self._server.stop_accepting()

    def stop(self) -> None:
        """Close; requests that are still answered get `STOP_S` to finish."""
        self._server.stop(timeout=STOP_S)


def _bind(host: str, port: int) -> Any:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = gsocket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(where)
    listener.listen(BACKLOG)
    return listener
