"""WSGI middleware around the application: check host, origin and site of each request, set headers of each answer.

Localhost is not a boundary: any page in the user's browser can send requests to it, and DNS rebinding lets such a page
read the answers (Ray's CVE-2025-62593; CVE-2026-27482 was one forgotten method).  Middleware covers every view and
Socket.IO's handshakes; a decorator could be forgotten.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import gevent

from .problems import MIMETYPE, Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SOCKET_PATH = "/socket.io"
STATIC_PATH = "/static/"
SOCKET_BODY_BYTES = 16 * 1024
#: How long a body may take to arrive.
BODY_S = 10.0

CSP = (
    "default-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
HEADERS = [
    ("Content-Security-Policy", CSP),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    # Not no-referrer: then a browser sends `Origin: null` with our own sign-in form.
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]


class Gate:
    """WSGI middleware that refuses requests of other hosts, origins and sites, and adds headers to all answers."""

    def __init__(self, application: WSGIApplication, allowed_hosts: Iterable[str]) -> None:
        self._application = application
        # An IPv6 address may be given without brackets.
        self._allowed = frozenset(_name_of(host) or host.lower() for host in allowed_hosts if host)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request that is refused, or else return what the application answers."""

        def with_headers(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
            kept = STATIC_PATH if str(environ.get("PATH_INFO", "")).startswith(STATIC_PATH) else ""
            caching = [] if kept else [("Cache-Control", "no-store")]
            return start_response(status, headers + HEADERS + caching, *args)

        if problem := refusal(environ, self._allowed) or _receive_message(environ):
            document = problem.document()
            size = str(len(document))
            with_headers(_status_line(problem), [("Content-Type", MIMETYPE), ("Content-Length", size)])
            return [document]
        return self._application(environ, with_headers)


def refusal(environ: WSGIEnvironment, allowed_hosts: frozenset[str]) -> Problem | None:
    """Return why a request is refused; None if it is not."""
    host = environ.get("HTTP_HOST", "")
    if _name_of(host) not in allowed_hosts:
        return Problem(403, f"Host {host!r} is not allowed; see PROCESSION_ALLOWED_HOSTS.")
    socket = environ.get("PATH_INFO", "").startswith(SOCKET_PATH)
    if socket and not _body_fits(environ):
        return Problem(413, f"A message may have at most {SOCKET_BODY_BYTES:,} bytes.")
    return cross_site(environ) if socket or environ["REQUEST_METHOD"] not in SAFE_METHODS else None


def cross_site(environ: WSGIEnvironment) -> Problem | None:
    """Return why a request counts as one of a page of another site; None if it does not."""
    host = environ.get("HTTP_HOST", "")
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and not same_origin(origin, host):
        return Problem(403, f"Origin {origin!r} is not allowed.")
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    if site not in ("same-origin", "none"):
        return Problem(403, f"Requests from another site are not allowed (Sec-Fetch-Site: {site}).")
    return None


def same_origin(origin: str, host: str) -> bool:
    """Return whether ``Origin`` and ``Host`` agree; the scheme is ignored, because a proxy may terminate TLS."""
    scheme, _, rest = origin.partition("://")
    default = _DEFAULT_PORTS.get(scheme)
    given, wanted = _HOST.fullmatch(rest), _HOST.fullmatch(host)
    if not (default and given and wanted):
        return False
    ports = [int(each["port"] or default) for each in (given, wanted)]
    return given["name"].lower() == wanted["name"].lower() and ports[0] == ports[1] < 65536


_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"(?P<name>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?", re.ASCII | re.IGNORECASE)


def _name_of(host: str) -> str:
    """Return the name in ``Host``; empty if it is anything but a name or an address, and a port."""
    found = _HOST.fullmatch(host)
    return found["name"].strip("[]").lower() if found else ""


def _body_fits(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    return not chunked and length.isascii() and length.isdigit() and int(length) <= SOCKET_BODY_BYTES


def _receive_message(environ: WSGIEnvironment) -> Problem | None:
    """Receive the body of a message to Socket.IO, for which it would wait without a limit."""
    if not environ.get("PATH_INFO", "").startswith(SOCKET_PATH) or environ["REQUEST_METHOD"] in SAFE_METHODS:
        return None
    try:
        with gevent.Timeout(BODY_S):
            environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
    except gevent.Timeout:
        return Problem(408, f"The request body did not arrive within {BODY_S:g} s.")
    except OSError:
        return Problem(400, "The request body ended early.")
    return None


def _status_line(problem: Problem) -> str:
    return f"{int(problem.status)} {problem.status.phrase}"
