"""Sessions of browsers: opened by a token, ended by signing out, by a new token or by age."""

from __future__ import annotations

import signal
import stat
import time
from pathlib import Path

import pytest
import requests

from app.web.http.sessions import MAX_AGE_S, MAX_ENDED, Role, Sessions, derived
from tests.waiting import wait_until
from tests.web.serving import Web

TOKENS = {Role.OPERATOR: b"operators-token", Role.VIEWER: b"viewers-token"}
NOW = 1_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signed-out"


def test_a_session_has_the_role_that_opened_it(path: Path) -> None:
    sessions = Sessions(TOKENS, path)
    for role in Role:
        assert sessions.role(sessions.open(role, NOW), NOW) is role


def test_every_sign_in_has_a_cookie_of_its_own_without_the_token(path: Path) -> None:
    sessions = Sessions(TOKENS, path)
    one, other = sessions.open(Role.OPERATOR, NOW), sessions.open(Role.OPERATOR, NOW)
    assert one != other
    assert "operators-token" not in one


def test_signing_out_ends_that_session_for_ever_and_no_other(path: Path) -> None:
    """It stays ended after a restart; the file is private."""
    sessions = Sessions(TOKENS, path)
    one, other = sessions.open(Role.VIEWER, NOW), sessions.open(Role.VIEWER, NOW)
    sessions.end(one, NOW)
    for known in (sessions, Sessions(TOKENS, path)):
        assert known.role(one, NOW) is None
        assert known.role(other, NOW) is Role.VIEWER
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_new_token_ends_a_session(path: Path) -> None:
    cookie = Sessions(TOKENS, path).open(Role.VIEWER, NOW)
    assert Sessions({**TOKENS, Role.VIEWER: b"new"}, path).role(cookie, NOW) is None


def test_an_old_session_is_invalid_and_is_not_remembered_any_more(path: Path) -> None:
    """The file does not grow for ever."""
    sessions = Sessions(TOKENS, path)
    old = sessions.open(Role.VIEWER, NOW)
    sessions.end(old, NOW)
    later = NOW + MAX_AGE_S + 1
    fresh = sessions.open(Role.VIEWER, later)
    sessions.end(fresh, later)
    assert sessions.role(old, later) is None
    assert path.read_text().split() == [fresh.rpartition(".")[0]]


def test_with_very_many_ended_sessions_all_of_their_time_are_ended(path: Path) -> None:
    """None of them is valid again after a restart, and the file has a limit; a new sign-in is valid."""
    sessions = Sessions(TOKENS, path)
    first, early = sessions.open(Role.OPERATOR, NOW), sessions.open(Role.OPERATOR, NOW)
    sessions.end(first, NOW)
    sessions._ended |= {f"{number:022}.{int(NOW) + number // 100}" for number in range(MAX_ENDED - 1)}
    late = NOW + MAX_ENDED / 100 + 1
    last, other = sessions.open(Role.VIEWER, late), sessions.open(Role.VIEWER, late)
    sessions.end(last, late)
    assert path.stat().st_size < MAX_ENDED * 40 / 2
    for known in (sessions, Sessions(TOKENS, path)):
        assert [known.role(one, late) for one in (first, early, last)] == [None, None, None]
        assert known.role(other, late) is Role.VIEWER
        assert known.role(known.open(Role.OPERATOR, late), late) is Role.OPERATOR


def test_a_file_that_is_too_large_ends_all_sessions(path: Path) -> None:
    """Those that are beyond the limit would be valid again."""
    now = time.time()
    old = Sessions(TOKENS, path).open(Role.OPERATOR, now - 5)
    path.write_text("".join(f"{number:022}.{int(now)}\n" for number in range(40_000)) + old.rpartition(".")[0] + "\n")
    sessions = Sessions(TOKENS, path)
    assert sessions.role(old, now) is None
    assert sessions.role(sessions.open(Role.OPERATOR, now + 5), now + 5) is Role.OPERATOR


@pytest.mark.parametrize("line", ["before.99999999999", "before.inf", "before.nan", "before.", "before", "x.y"])
def test_no_line_of_the_file_locks_everybody_out(path: Path, line: str) -> None:
    """A child process can write there what it wants."""
    path.write_text(f"{line}\n")
    now = time.time()
    sessions = Sessions(TOKENS, path)
    assert sessions.role(sessions.open(Role.OPERATOR, now), now) is Role.OPERATOR


@pytest.mark.parametrize("change", ["x{}", "{}x", "", ".", "..", "x.1.y", "\udcff.1.é", "{}.{}"])
def test_a_changed_cookie_is_invalid(path: Path, change: str) -> None:
    """Nor does signing out with one store anything."""
    sessions = Sessions(TOKENS, path)
    cookie = sessions.open(Role.OPERATOR, NOW)
    wrong = change.format(cookie, cookie)
    assert sessions.role(wrong, NOW) is None
    sessions.end(wrong, NOW)
    assert not path.exists()


def test_a_session_that_cannot_be_stored_as_ended_is_ended_here(tmp_path: Path) -> None:
    """A full disk is no reason to let it live."""
    sessions = Sessions(TOKENS, tmp_path / "no" / "such" / "folder")
    cookie = sessions.open(Role.OPERATOR, NOW)
    sessions.end(cookie, NOW)
    assert sessions.role(cookie, NOW) is None


def test_signing_out_ends_the_copies_of_a_cookie_and_its_connections(tmp_path: Path) -> None:
    """Also for the web process that comes after it; the other sessions live on."""
    with Web(tmp_path) as web:
        one, other = requests.Session(), requests.Session()
        for each in (one, other):
            each.get(f"{web.url}/?token={web.token}", timeout=9)
        copied = requests.Session()
        copied.cookies.update(one.cookies)
        cookie = "; ".join(f"{name}={value}" for name, value in one.cookies.items())
        with web.browser("", headers={"Cookie": cookie}) as browser:
            browser.first("supervisor_away")
            assert one.post(f"{web.url}/signout", allow_redirects=False, timeout=9).status_code == 303
            browser.first("disconnect")
        assert copied.get(f"{web.url}/api/v1/session", timeout=9).status_code == 401
        assert other.get(f"{web.url}/api/v1/session", timeout=9).status_code == 200
        web.stop(signal.SIGKILL)
    with Web(tmp_path) as again:
        assert copied.get(f"{again.url}/api/v1/session", timeout=9).status_code == 401
        wait_until(lambda: other.get(f"{again.url}/api/v1/session", timeout=9).status_code == 200)
    for each in (one, other, copied):
        each.close()


def test_the_connections_of_a_session_are_closed_when_it_is_too_old(tmp_path: Path) -> None:
    """One that a token has admitted stays, whatever cookie its client has."""
    with Web(tmp_path) as web:
        token = web.token.encode()
        name = "procession_" + derived(token, "cookie name")[:8]
        sessions = Sessions({Role.OPERATOR: token}, tmp_path / "other")
        cookie = f"{name}={sessions.open(Role.OPERATOR, time.time() - MAX_AGE_S + 4)}"
        bearer = {"Authorization": f"Bearer {web.token}", "Cookie": f"{name}=invalid"}
        with web.browser("", headers={"Cookie": cookie}) as old, web.browser("", headers=bearer) as other:
            other.first("supervisor_away")
            old.first("supervisor_away")
            old.first("disconnect")
            other.emit("resync")
            wait_until(lambda: len(other.all("supervisor_away")) > 1)
            assert not other.all("disconnect")
