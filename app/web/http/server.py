"""The HTTP server: the listening socket, gevent's pywsgi, and an orderly end.

One thread, no monkey patching.  Everything that a client can use up is limited: connections, the time for its request
to arrive, what is buffered for it, how long it may leave that unread, and one request at a time: then it is the turn of
the other connections.  Who has shown no valid token or session is a stranger: with too many of them, the oldest
connection is closed, so that they keep nobody out.
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
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

MAX_CONNECTIONS = 2000
MAX_STRANGERS = 500
BACKLOG = 1024
# Between two requests on a connection, of a stranger too, and for the head of one request.
IDLE_S, STRANGER_IDLE_S = 75.0, 10.0
HEAD_S = 10.0
MAX_HEAD_BYTES = 64 * 1024
# What is read of a refused body: the rest would reset the connection before the client has read the answer.
LINGER_S, LINGER_BYTES = 1.0, 1024 * 1024
# A connection whose data is not acknowledged for this long is closed; at most this much is buffered in the kernel.
USER_TIMEOUT_MS = 8000
SEND_BUFFER_BYTES = 128 * 1024
STOP_S = 1.0
#: In the environment of a request: what to call when it has shown a valid token or session.
RECOGNIZED = "procession.recognized"
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
    """pywsgi's handler, with deadlines for the arrival of a request, and without tracebacks for malformed requests.

    A body that was not read to its end closes the connection: it may never end.
    """

    server: Server
    refused_body = False

    def handle(self) -> None:
        """Serve one connection; ignore errors of a connection that breaks."""
        strangers = self.server.strangers
        strangers.add(self)
        try:
            with contextlib.suppress(OSError):
                super().handle()
        finally:
            strangers.remove(self)

    def hang_up(self) -> None:
        """Close the connection from outside, whatever it waits for."""
        with contextlib.suppress(OSError, AttributeError):  # it is just ending
            self.socket.shutdown(socket.SHUT_RDWR)

    def get_environ(self) -> WSGIEnvironment:
        """Return the WSGI environment, with how to tell that the client is no stranger."""
        return super().get_environ() | {RECOGNIZED: lambda: self.server.strangers.remove(self)}

    def start_response(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
        """Start an answer; it announces that the connection will be closed if the body is not read."""
        if self.refused_body or _is_unread(self.wsgi_input):
            self.refused_body = True
            # pywsgi would read all of it, however long that takes.
            self.wsgi_input = pywsgi.Input(io.BufferedReader(io.BytesIO()), 0)
            headers = [*headers, ("Connection", "close")]
        return super().start_response(status, headers, exc_info)

    def handle_one_response(self) -> None:
        """Answer one request; close a connection that was a websocket, and let other connections have their turn."""
        super().handle_one_response()
        if self.refused_body:
            self._linger()
        if "HTTP_UPGRADE" in (self.environ or {}):
            self.close_connection = True
        # Requests that are buffered already would be answered one after the other.
        gevent.sleep(0)

    def _linger(self) -> None:
        with contextlib.suppress(OSError, gevent.Timeout), gevent.Timeout(LINGER_S):
            self.socket.shutdown(socket.SHUT_WR)
            left = LINGER_BYTES
            while left > 0 and (part := self.socket.recv(65536)):
                left -= len(part)

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
            with gevent.Timeout(STRANGER_IDLE_S if self in self.server.strangers else IDLE_S):
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


class Strangers:
    """The connections that have not shown a valid token or session, the oldest first."""

    def __init__(self) -> None:
        self._handlers: dict[Handler, None] = {}

    def __contains__(self, handler: Handler) -> bool:
        return handler in self._handlers

    def add(self, handler: Handler) -> None:
        """Add a new connection; close the oldest if there are too many."""
        self._handlers[handler] = None
        if len(self._handlers) > MAX_STRANGERS:
            oldest = next(iter(self._handlers))
            self.remove(oldest)
            oldest.hang_up()

    def remove(self, handler: Handler) -> None:
        """Forget a connection that has ended, or has shown a valid token or session."""
        self._handlers.pop(handler, None)


class Server(pywsgi.WSGIServer):
    """pywsgi's server, which knows its strangers."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.strangers = Strangers()


def serving(listener: Any, application: WSGIApplication) -> Server:
    """Return the HTTP server of one application, not started; at the end, give it `STOP_S` for running requests."""
    # No access log: it would contain the token of `/?token=`.
    return Server(
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


def _is_unread(body: pywsgi.Input | None) -> bool:
    if body is None:
        return False
    return body.chunk_length != 0 if body.chunked_input else body.position < (body.content_length or 0)


def _bind(host: str, port: int) -> Any:
    family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = gsocket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(where)
    listener.listen(BACKLOG)
    return listener
