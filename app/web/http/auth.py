"""Tokens and roles: the operator may do everything, the viewer may only read.

A token is sent as ``Authorization: Bearer``, or once as ``/?token=`` or in the sign-in form; a browser then has a
session cookie.  The cookie is derived from the token and the role by HMAC: it does not reveal the token, it is not
stored here (so browsers reconnect after the web process was killed), and a new token invalidates it.
"""

import hashlib
import hmac
from collections import OrderedDict, deque
from enum import StrEnum

from app.settings import Settings

#: Invalid tokens that an address may send in a window of time.
FAILURES = 10
WINDOW_S = 60.0
MAX_ADDRESSES = 1024


class Role(StrEnum):
    """What a request may do."""

    OPERATOR = "operator"
    VIEWER = "viewer"


class Authenticator:
    """Finds the role of a token or a session; every comparison takes constant time."""

    def __init__(self, settings: Settings) -> None:
        tokens = {Role.OPERATOR: settings.token, Role.VIEWER: settings.viewer_token}
        self._tokens = {role: token.encode() for role, token in tokens.items() if token}
        # Browsers share cookies between all ports of a host, so each instance has its own cookie name.
        self.cookie = "procession_" + _derive(settings.token.encode(), "cookie name")[:8]

    def role_of_token(self, token: str) -> Role | None:
        """Return the role of a token; None if it is invalid."""
        return self._match(token, self._tokens)

    def role_of_session(self, value: str) -> Role | None:
        """Return the role of a session cookie; None if it is invalid."""
        return self._match(value, {role: self.session(role).encode() for role in self._tokens})

    def session(self, role: Role) -> str:
        return _derive(self._tokens[role], f"session {role}")

    @staticmethod
    def _match(value: str, known: dict[Role, bytes]) -> Role | None:
        given = value.encode("utf-8", "surrogateescape")
        matching = [role for role, wanted in known.items() if hmac.compare_digest(given, wanted)]
        return matching[0] if matching else None


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


def _derive(key: bytes, purpose: str) -> str:
    return hmac.new(key, f"procession {purpose} v1".encode(), hashlib.sha256).hexdigest()
