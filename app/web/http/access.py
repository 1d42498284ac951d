"""Admit or refuse every request of the Flask app before a view sees it.

Health checks, static files and the sign-in page are open; everything else requires a token or a session, and every
method but GET requires the operator.  `gate` has checked host and origin before.
"""

import time
from collections.abc import Callable
from urllib.parse import urlencode

import gevent
from flask import Flask, g, redirect, render_template, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from .auth import Authenticator, Failures, Role, address_behind
from .gate import BODY_S, SAFE_METHODS, cross_site, same_origin
from .problems import Problem
from .server import RECOGNIZED

OPEN_ENDPOINTS = frozenset(
    {"static", "pages.healthz", "pages.readyz", "pages.sign_in", "pages.sign_in_with_token", "pages.sign_out"}
)
SMALL_BODY_BYTES = 16 * 1024
BODY_BYTES = {
    "processes.launch": 64 * 1024,
    "processes.launch_many": 64 * 1024,
    "verbs.actions": 128 * 1024,
    "programs.run": 256 * 1024,
    # Floats with large exponents take 14 µs each to read, here and in the supervisor.
    "pool_work.submit": 256 * 1024,
}
MACHINE_PATHS = ("/api/", "/metrics")


class Access:
    """Admits requests: sets ``g.role``, or answers 401, 403 or 429."""

    def __init__(self, authenticator: Authenticator, trusted_proxies: tuple[str, ...] = ()) -> None:
        self._authenticator = authenticator
        self._failures = Failures()
        self._trusted_proxies = trusted_proxies
        #: Called with the cookie of a session that was signed out.
        self.on_sign_out: Callable[[str], None] = lambda _cookie: None

    def install(self, app: Flask) -> None:
        """Check every request of the app before its view."""
        app.before_request(self.admit)

    def admit(self) -> Response | None:
        """Return None to admit the request, or the answer to it."""
        g.role = None
        # One more than allowed: werkzeug silently truncates a chunked body at the limit.
        request.max_content_length = _limit() + 1
        if request.endpoint in OPEN_ENDPOINTS:
            _receive_body()
            return None
        machine = request.path.startswith(MACHINE_PATHS)
        if not machine and request.method in SAFE_METHODS and "token" in request.args:
            return self._enter_by_link()
        g.role = self._role()
        if g.role is None:
            return self._unauthenticated(machine=machine)
        if g.role is not Role.OPERATOR and request.method not in SAFE_METHODS:
            raise Problem(403, "You have view-only access; this requires the operator's token.")
        _receive_body()
        return None

    def role_of_socket(self, token: str | None) -> Role | None:
        """Return the role of a Socket.IO client by its ``auth`` token, or else by its cookie."""
        if token is None:
            return self._role()
        return self._checked(token)

    def session_of_socket(self, token: str | None) -> str | None:
        """Return the cookie by which a Socket.IO client is admitted; None if a token admits it."""
        return self.session() if token is None and "Authorization" not in request.headers else None

    def lives(self, cookie: str) -> bool:
        """Return whether the session of a cookie is still valid."""
        return self._authenticator.role_of_session(cookie) is not None

    def session(self) -> str | None:
        """Return the cookie of the request; it may be invalid."""
        return request.cookies.get(self._authenticator.cookie)

    def sign_in(self, token: str, target: str) -> Response:
        """Check a token from the form; redirect to ``target`` with a session, or show the form again."""
        try:
            role = self._checked(token)
        except Problem:
            return self.form(target, "Too many invalid tokens. Wait a minute, then try again.", 429)
        if role is None:
            return self.form(target, "Invalid token.", 401)
        response = redirect(target, 303)
        secure = request.is_secure or request.headers.get("X-Forwarded-Proto") == "https"
        value = self._authenticator.session(role)
        response.set_cookie(
            self._authenticator.cookie, value, path="/", httponly=True, samesite="Strict", secure=secure
        )
        return response

    def sign_out(self) -> Response:
        """End the session, also for a copy of its cookie."""
        if cookie := self.session():
            self._authenticator.end_session(cookie)
            self.on_sign_out(cookie)
        response = redirect("/signin", 303)
        response.delete_cookie(self._authenticator.cookie, path="/", httponly=True, samesite="Strict")
        return response

    def form(self, target: str, error: str | None, status: int) -> Response:
        response = Response(render_template("signin.html", error=error, next=target), status, mimetype="text/html")
        if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
            # A browser does not send the Strict cookie with a link from another site; after a refresh it does.
            response.headers["Refresh"] = "0"
        if status == 429:
            response.headers["Retry-After"] = str(self._wait_s())
        return response

    def _enter_by_link(self) -> Response:
        rest = [(name, value) for name, value in request.args.items(multi=True) if name != "token"]
        target = request.path + ("?" + urlencode(rest) if rest else "")
        return self.sign_in(request.args["token"], local(target))

    def _role(self) -> Role | None:
        header = request.headers.get("Authorization")
        if header is not None:
            scheme, _, token = header.partition(" ")
            return self._checked(token.strip()) if scheme.lower() == "bearer" else None
        cookie = self.session()
        return _recognized(self._authenticator.role_of_session(cookie)) if cookie else None

    def _checked(self, token: str) -> Role | None:
        """Return the role of a token; a wrong one is counted, and too many are refused."""
        role = _recognized(self._authenticator.role_of_token(token))
        if role is None:
            if wait_s := self._wait_s():
                raise Problem(429, "Too many invalid tokens.", headers={"Retry-After": str(wait_s)})
            self._failures.note(self._source(), time.monotonic())
        return role

    def _wait_s(self) -> int:
        wait = self._failures.wait_s(self._source(), time.monotonic())
        return int(wait) + 1 if wait else 0

    def _source(self) -> str:
        """Return for whom a wrong token counts: pages of other sites must not use up the attempts of the user."""
        forwarded = request.headers.get("X-Forwarded-For", "")
        address = address_behind(request.remote_addr or "?", forwarded, self._trusted_proxies)
        return f"{address}, other sites" if _is_of_another_site() else address

    def _unauthenticated(self, *, machine: bool) -> Response:
        if machine or request.method not in SAFE_METHODS:
            detail = "A valid token is required: send `Authorization: Bearer TOKEN`, or sign in with a browser."
            raise Problem(401, detail, headers={"WWW-Authenticate": 'Bearer realm="procession"'})
        target = request.full_path if request.query_string else request.path
        return self.form(local(target), None, 401)


def local(target: str) -> str:
    """Return ``target`` if it is a path of ours, otherwise ``/``: a sign-in must not redirect to another site."""
    foreign = target.startswith(("//", "/\\")) or not target.isprintable()
    return target if target.startswith("/") and not foreign else "/"


def _limit() -> int:
    return BODY_BYTES.get(request.endpoint or "", SMALL_BODY_BYTES)


def _receive_body() -> None:
    if request.method in SAFE_METHODS:
        return
    try:
        with gevent.Timeout(BODY_S):
            size = len(request.get_data())
    except gevent.Timeout:
        raise Problem(408, f"The request body did not arrive within {BODY_S:g} s.") from None
    if size > _limit():
        raise RequestEntityTooLarge


def _recognized(role: Role | None) -> Role | None:
    """Return the role; if there is one, tell the server that this connection is not a stranger's."""
    if role is not None:
        request.environ.get(RECOGNIZED, lambda: None)()
    return role


def _is_of_another_site() -> bool:
    referrer, host = request.headers.get("Referer"), request.headers.get("Host", "")
    foreign = referrer is not None and not same_origin("/".join(referrer.split("/")[:3]), host)
    return foreign or cross_site(request.environ) is not None
