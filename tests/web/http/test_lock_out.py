"""Pages of other sites cannot lock the user out, and clients of a proxy are told apart."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app.web.http.auth import FAILURES, address_behind
from tests.web.serving import Web

MANY = FAILURES + 2
OTHER_HOST = "127.0.0.2"
PROXY = {"TRUSTED_PROXIES": "127.0.0.0/8"}


def statuses(web: Web, forwarded: str, count: int = 1) -> list[int]:
    """Return the answers to wrong tokens that a proxy forwards."""
    client = web.client("wrong", **{"X-Forwarded-For": forwarded})
    return [client.get("/api/v1/session").status_code for _ in range(count)]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Site": "same-site"},
        {"Referer": "{elsewhere}/"},
        {"Origin": "{elsewhere}"},
    ],
    ids=str,
)
def test_wrong_tokens_of_pages_of_other_sites_do_not_count_as_the_users(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    """Twelve images with `/?token=x` on any page would otherwise shut the user out; they have a count of their own."""
    with Web(tmp_path) as web:
        elsewhere = urlsplit(web.url)._replace(netloc=f"{OTHER_HOST}:9").geturl()
        page = web.client("", **{name: value.format(elsewhere=elsewhere) for name, value in headers.items()})
        assert [page.get("/?token=x").status_code for _ in range(MANY)] == [401] * FAILURES + [429] * (MANY - FAILURES)
        assert web.client("wrong").get("/api/v1/session").status_code == 401
        assert page.get(f"/?token={web.token}").status_code == 303


def test_the_right_token_passes_however_many_wrong_ones_came_before(tmp_path: Path) -> None:
    """By the header, the link and the form."""
    with Web(tmp_path) as web:
        wrong = web.client("wrong")
        assert [wrong.get("/api/v1/session").status_code for _ in range(MANY)][-1] == 429
        assert web.client().get("/api/v1/session").status_code == 200
        assert web.client("").get(f"/?token={web.token}").status_code == 303
        assert web.client("").post("/signin", data={"token": web.token}).status_code == 303
        assert web.client("").get("/?token=wrong").status_code == 429
        with web.browser() as browser:
            browser.first("supervisor_away")


def test_clients_of_a_trusted_proxy_are_told_apart(tmp_path: Path) -> None:
    """One that guesses does not shut the others out; what a client claims itself does not count."""
    with Web(tmp_path, **PROXY) as web:
        assert statuses(web, "1.1.1.1, 192.0.2.7", MANY)[-1] == 429
        assert statuses(web, "2.2.2.2, 192.0.2.7") == [429]
        assert statuses(web, "1.1.1.1, 192.0.2.8") == [401]


def test_a_header_of_an_untrusted_client_does_not_change_its_address(bare: Web) -> None:
    assert [statuses(bare, f"192.0.2.{number}")[0] for number in range(MANY)][-1] == 429


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "1.1.1.1", "192.0.2.1"),
        ("10.0.0.1", "1.1.1.1", "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.0.0.2", "1.1.1.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, nonsense", "10.0.0.1"),
        ("::ffff:10.0.0.1", "2001:db8::1", "2001:db8::1"),
        ("fd00::1", "1.1.1.1", "1.1.1.1"),
        ("?", "1.1.1.1", "?"),
    ],
)
def test_the_address_is_the_last_that_a_trusted_proxy_saw(peer: str, forwarded: str, client: str) -> None:
    assert address_behind(peer, forwarded, ["10.0.0.0/8", "fd00::1"]) == client
