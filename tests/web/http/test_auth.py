"""Tokens, sessions and the counting of failed sign-ins, without a server."""

from __future__ import annotations

from app.settings import Settings
from app.web.http.auth import FAILURES, MAX_ADDRESSES, WINDOW_S, Authenticator, Failures, Role

BOTH = Settings(token="operators-token", viewer_token="viewers-token")
ONE = Settings(token="operators-token")


def test_each_token_has_its_role() -> None:
    """A wrong token has none."""
    authenticator = Authenticator(BOTH)
    assert authenticator.role_of_token("operators-token") is Role.OPERATOR
    assert authenticator.role_of_token("viewers-token") is Role.VIEWER
    assert [authenticator.role_of_token(wrong) for wrong in ("", "x", "operators-toke", "\udcff", "é")] == [None] * 5


def test_an_empty_token_is_invalid_if_no_viewer_token_is_set() -> None:
    assert Authenticator(ONE).role_of_token("") is None
    assert Authenticator(ONE).role_of_session("") is None


def test_a_session_is_valid_after_a_restart_but_not_with_a_new_token() -> None:
    session = Authenticator(BOTH).session(Role.VIEWER)
    assert Authenticator(BOTH).role_of_session(session) is Role.VIEWER
    assert Authenticator(Settings(token="operators-token", viewer_token="new")).role_of_session(session) is None
    assert Authenticator(BOTH).role_of_token(session) is None


def test_instances_on_one_host_do_not_share_a_cookie() -> None:
    """Cookies ignore ports, so the cookie's name differs."""
    assert Authenticator(ONE).cookie != Authenticator(Settings(token="another")).cookie


def test_failures_are_counted_within_a_minute() -> None:
    """Ten are allowed; after that, the client waits until the oldest is a minute old."""
    failures = Failures()
    for second in range(FAILURES):
        assert failures.wait_s("a", second) == 0
        failures.note("a", second)
    assert failures.wait_s("a", FAILURES) == WINDOW_S - FAILURES
    assert failures.wait_s("b", FAILURES) == 0
    assert failures.wait_s("a", WINDOW_S) == 0


def test_failures_of_many_addresses_take_bounded_memory() -> None:
    """The address that failed longest ago is forgotten first."""
    failures = Failures()
    for number in range(MAX_ADDRESSES + 5):
        failures.note(str(number), 0)
    assert len(failures._times) == MAX_ADDRESSES
    assert "4" not in failures._times
