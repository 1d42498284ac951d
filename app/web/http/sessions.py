"""Sessions of browsers: each sign-in has its own cookie, ``ID.TIME.SIGNATURE``.

The signature is an HMAC by the token of the role, so a session is valid after a restart of the web process, a new token
ends it, and the cookie does not reveal the token.  What has to be kept are the ids of sessions that were signed out,
until they would have expired: a file of them, private like its folder.  If there are too many, a line ``before.TIME``
stands for the older half of them, and ends all other sessions of that time as well: they have to sign in again.
"""

import hashlib
import hmac
import logging
import secrets
import time
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from app.linux import own_files

#: Ended sessions that are kept one by one, and what of their file is read: more than so many need.
MAX_ENDED = 20_000
_MAX_BYTES = 1024 * 1024
_BEFORE = "before"
MAX_AGE_S = 30 * 24 * 3600

log = logging.getLogger(__name__)


class Role(StrEnum):
    """What a request may do."""

    OPERATOR = "operator"
    VIEWER = "viewer"


class Sessions:
    """Opens, checks and ends sessions.  ``now`` is wall clock: a session outlives the process."""

    def __init__(self, tokens: Mapping[Role, bytes], path: Path) -> None:
        self._tokens = tokens
        self._path = path
        self._ended = _read(path)
        self._before = _latest_before(self._ended)

    def open(self, role: Role, now: float) -> str:
        """Return the cookie of a new session."""
        name = f"{secrets.token_urlsafe(16)}.{int(now)}"
        return f"{name}.{self._signature(name, role)}"

    def role(self, cookie: str, now: float) -> Role | None:
        """Return the role of a session; None if it is invalid, too old or was ended."""
        name, _, signature = cookie.rpartition(".")
        given = signature.encode("utf-8", "surrogatepass")
        known = [role for role in self._tokens if hmac.compare_digest(given, self._signature(name, role).encode())]
        opened_at = _opened_at(name)
        if not known or name in self._ended or opened_at <= self._before or now > opened_at + MAX_AGE_S:
            return None
        return known[0]

    def end(self, cookie: str, now: float) -> None:
        """End a valid session, for ever."""
        if self.role(cookie, now) is None:
            return
        name = cookie.rpartition(".")[0]
        self._ended = {one for one in self._ended if now <= _opened_at(one) + MAX_AGE_S} | {name}
        if len(self._ended) > MAX_ENDED:
            self._end_older_half()
        try:
            self._write()
        except OSError:
            log.exception("the end of a session could not be stored; a restart of the web process would revive it")

    def _end_older_half(self) -> None:
        by_time = sorted(self._ended, key=_opened_at)
        until = int(_opened_at(by_time[len(by_time) // 2]))
        self._ended = {name for name in by_time if _opened_at(name) > until} | {f"{_BEFORE}.{until}"}
        self._before = _latest_before(self._ended)
        log.warning("over %s sessions were signed out: all sessions of the same time have ended, too", f"{MAX_ENDED:,}")

    def _write(self) -> None:
        own_files.write(self._path, "".join(f"{name}\n" for name in sorted(self._ended)).encode())

    def _signature(self, name: str, role: Role) -> str:
        return derived(self._tokens[role], f"session {role} {name}")


def derived(key: bytes, purpose: str) -> str:
    """Return a text that can be made only with the key, and that does not reveal it."""
    message = f"procession {purpose} v2".encode("utf-8", "surrogatepass")
    return hmac.new(key, message, hashlib.sha256).hexdigest()


def _read(path: Path) -> set[str]:
    try:
        content = own_files.read(path, _MAX_BYTES + 1)
    except FileNotFoundError:
        return set()
    except OSError as error:
        log.warning("sessions that were signed out are valid again: %s", error)
        return set()
    # Whoever wrote a time to come must not lock everybody out.
    now = time.time()
    names = content.decode(errors="replace").split()
    ended = {name for name in names if not _is_before(name) or _opened_at(name) <= now}
    if len(content) > _MAX_BYTES:
        log.warning("%s is larger than %s bytes: all sessions have ended", path, f"{_MAX_BYTES:,}")
        ended = {f"{_BEFORE}.{int(now)}"}
    return ended


def _latest_before(ended: set[str]) -> float:
    return max((_opened_at(name) for name in ended if _is_before(name)), default=-1.0)


def _is_before(name: str) -> bool:
    return name.startswith(f"{_BEFORE}.")


def _opened_at(name: str) -> float:
    try:
        return float(name.rpartition(".")[2])
    except ValueError:
        return 0.0
