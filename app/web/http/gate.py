"""WSGI middleware around the application: check host, origin and site of each request, set headers of each answer.

Localhost is not a boundary: any page in the user's browser can send requests to it, and DNS rebinding lets such a page
read the answers (Ray's CVE-2025-62593; CVE-2026-27482 was one forgotten method).  Middleware covers every view and
Socket.IO's handshakes; a decorator could be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .problems import MIMETYPE, Problem

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
SOCKET_PATH = "/socket.io"
STATIC_PATH = "/static/"
SOCKET_BODY_BYTES = 16 * 1024

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
        self._allowed = frozenset(_name_of(host) for host in allowed_hosts)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer 403 or 413 to a request that is refused, or else what the application answers."""

        def with_headers(status: str, headers: list[tuple[str, str]], *args: Any) -> Any:
            kept = STATIC_PATH if str(environ.get("PATH_INFO", "")).startswith(STATIC_PATH) else ""
            caching = [] if kept else [("Cache-Control", "no-store")]
            return start_response(status, headers + HEADERS + caching, *args)

        if problem := refusal(environ, self._allowed):
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
    if socket or environ["REQUEST_METHOD"] not in SAFE_METHODS:
        return _cross_site(environ, host)
    return None


def _cross_site(environ: WSGIEnvironment, host: str) -> Problem | None:
    origin = environ.get("HTTP_ORIGIN")
    if origin is not None and not same_origin(origin, host):
        return Problem(403, f"Origin {origin!r} is not allowed.")
    site = environ.get("HTTP_SEC_FETCH_SITE", "none")
    if site not in ("same-origin", "none"):
        return Problem(403, f"Requests from another site are not allowed (Sec-Fetch-Site: {site}).")
    return None


def same_origin(origin: str, host: str) -> bool:
    """Return whether ``Origin`` and ``Host`` agree; the scheme is ignored, because a proxy may terminate TLS."""
    try:
        given, wanted = urlsplit(origin), urlsplit(f"//{host}")
        default = _DEFAULT_PORTS[given.scheme]
        same = (given.hostname, given.port or default) == (wanted.hostname, wanted.port or default)
        return same and bool(given.hostname)
    except (KeyError, ValueError):
        return False


_DEFAULT_PORTS = {"http": 80, "https": 443}


def _name_of(host: str) -> str:
    try:
        return urlsplit(f"//{_bracketed(host)}").hostname or ""
    except ValueError:
        return ""


def _bracketed(host: str) -> str:
    bare_ipv6 = host.count(":") > 1 and not host.startswith("[")
    return f"[{host}]" if bare_ipv6 else host


def _body_fits(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    chunked = "HTTP_TRANSFER_ENCODING" in environ
    return not chunked and length.isascii() and length.isdigit() and int(length) <= SOCKET_BODY_BYTES


def _status_line(problem: Problem) -> str:
    return f"{int(problem.status)} {problem.status.phrase}"
