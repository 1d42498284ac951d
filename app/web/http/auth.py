"""Tokens and roles: the operator may do everything, the viewer may only read.

A token is sent as ``Authorization: Bearer``, or once as ``/?token=`` or in the sign-in form; a browser then has the
cookie of a session (`sessions`).
"""

import hmac
import ipaddress
import time
from collections import OrderedDict, deque
from collections.abc import Iterable

from app.settings import Settings

from .sessions import Role, Sessions, derived

__all__ = ["Authenticator", "Failures", "Role", "address_behind"]

#: Invalid tokens that an address may send in a window of time.
FAILURES = 10
WINDOW_S = 60.0
MAX_ADDRESSES = 1024


class Authenticator:
    """Finds the role of a token or a session; every comparison takes constant time."""

    def __init__(self, settings: Settings) -> None:
        tokens = {Role.OPERATOR: settings.token, Role.VIEWER: settings.viewer_token}
        self._tokens = {role: token.encode() for role, token in tokens.items() if token}
        # Browsers share cookies between all ports of a host, so each instance has its own cookie name.
        self.cookie = "procession_" + derived(settings.token.encode(), "cookie name")[:8]
        self._sessions = Sessions(self._tokens, settings.home / "signed-out")

    def role_of_token(self, token: str) -> Role | None:
        """Return the role of a token; None if it is invalid."""
        given = token.encode("utf-8", "surrogatepass")
        matching = [role for role, wanted in self._tokens.items() if hmac.compare_digest(given, wanted)]
        return matching[0] if matching else None

    def role_of_session(self, cookie: str) -> Role | None:
        """Return the role of a session cookie; None if it is invalid or was signed out."""
        return self._sessions.role(cookie, time.time())

    def session(self, role: Role) -> str:
        """Return the cookie of a new session."""
        return self._sessions.open(role, time.time())

    def end_session(self, cookie: str) -> None:
        """Make a session cookie invalid for ever, whoever has a copy of it."""
        self._sessions.end(cookie, time.time())


class Failures:
    """Counts invalid tokens by address.  Pure: ``now`` is monotonic seconds.

    Tokens are safe because of their length; this slows guessing down, and makes it visible.
    """

    def __init__(self) -> None:
        self._times: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, address: str, now: float) -> None:
        times = self._times.setdefault(address, deque(maxlen=FAILURES))
        self._times.move_to_end(address)
        times.append(now)
        if len(self._times) > MAX_ADDRESSES:
            self._times.popitem(last=False)

    def wait_s(self, address: str, now: float) -> float:
        """Return how long until this address may send an invalid token again; 0 if it may now."""
        times = self._times.get(address, deque())
        return max(0.0, times[0] + WINDOW_S - now) if len(times) == FAILURES else 0.0


def address_behind(peer: str, forwarded: str, proxies: Iterable[str]) -> str:
    """Return the address of a client: ``peer``, or what trusted proxies wrote into ``X-Forwarded-For``.

    Each proxy appends the address that it saw, so the first from the right that is not of a trusted proxy counts; what
    is left of it was sent by the client.
    """
    networks = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]
    client = _address(peer)
    for hop in reversed(forwarded.split(",")):
        if client is None or not any(client in network for network in networks) or not (before := _address(hop)):
            break
        client = before
    return str(client or peer)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
