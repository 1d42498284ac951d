"""The HTTP server: the listening socket, gevent's pywsgi, and an orderly end.

One thread, no monkey patching.  Everything that a client can use up is limited: connections, the time for its request
to arrive, what is buffered for it, and how long it may leave that unread.
"""

from __future__ import annotations

import contextlib
import io
import logging
import socket
from typing import TYPE_CHECKING, Any

import gevent
from gevent import pool, pywsgi
from gevent import socket as gsocket

from app.settings import Settings

from . import framing

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MAX_CONNECTIONS = 2000
BACKLOG = 1024
# Between two requests on a connection, and for the head of one request.
IDLE_S = 75.0
HEAD_S = 10.0
MAX_HEAD_BYTES = 64 * 1024
# A connection whose data is not acknowledged for this long is closed; at most this much is buffered in the kernel.
USER_TIMEOUT_MS = 8000
SEND_BUFFER_BYTES = 128 * 1024
STOP_S = 1.0
BAD_REQUEST = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

log = logging.getLogger(__name__)


def listen(settings: Settings) -> Any:
    """Return the launcher's socket, which stays bound while we are restarted; without one bind our own."""
    if settings.listen_fd >= 0:
        listener = gsocket.socket(fileno=settings.listen_fd)
    else:
        listener = _bind(settings.host, settings.port)
    # Accepted sockets inherit these options.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
    # Head and body are sent separately: without this option the body waits for the delayed ACK of the head, 40 ms.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def address(listener: Any) -> str:
    """Return ``HOST:PORT`` of a socket, with brackets around an IPv6 address."""
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Handler(pywsgi.WSGIHandler):
    """pywsgi's handler, with deadlines for the arrival of a request, and without tracebacks for malformed requests."""

    def handle(self) -> None:
        """Serve one connection; ignore errors of a connection that breaks."""
        with contextlib.suppress(OSError):
            super().handle()

    def handle_one_response(self) -> None:
        """Answer one request; close a connection that was a websocket."""
        super().handle_one_response()
        if "HTTP_UPGRADE" in (self.environ or {}):
            self.close_connection = True

    def MessageClass(self, fp: Any, *_args: Any) -> Any:  # noqa: N802 - called by pywsgi
        """Return the headers; raise ValueError if the head of the request can be read in two ways."""
        head = _read_head(fp)
        framing.check(self.requestline or "", head)
        return super().MessageClass(io.BytesIO(head))

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        log.debug("malformed request from %s: %s", self.client_address, ex)
        return "400", BAD_REQUEST

    def read_requestline(self) -> str:
        """Return the request line; empty, which closes the connection, if none arrives in time."""
        try:
            with gevent.Timeout(IDLE_S):
                return str(super().read_requestline())
        except gevent.Timeout:
            return ""

    def read_request(self, raw_requestline: str) -> Any:
        """Parse the head; return None, which closes the connection, if it does not arrive in time."""
        try:
            with gevent.Timeout(HEAD_S):
                return super().read_request(raw_requestline)
        except gevent.Timeout:
            return None


def serving(listener: Any, application: WSGIApplication) -> pywsgi.WSGIServer:
    """Return the HTTP server of one application, not started; at the end, give it `STOP_S` for running requests."""
    # No access log: it would contain the token of `/?token=`.
    return pywsgi.WSGIServer(
        listener, application, log=None, error_log=log, spawn=pool.Pool(MAX_CONNECTIONS), handler_class=Handler
    )


def _read_head(rfile: io.BufferedReader) -> bytes:
    head = b""
    while line := rfile.readline(MAX_HEAD_BYTES):
        head += line
        if line in (b"\r\n", b"\n"):
            return head
        if len(head) > MAX_HEAD_BYTES:
            raise ValueError("too large a head")
    raise ValueError("the head of the request has no end")


def _bind(host: str, port: int) -> Any:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = gsocket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(where)
    listener.listen(BACKLOG)
    return listener
