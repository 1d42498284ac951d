"""Which requests pass the check of host, origin, method and size."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web.http.gate import refusal, same_origin

ALLOWED = frozenset({"127.0.0.1", "localhost", "::1"})


@pytest.mark.parametrize(
    ("origin", "host", "same"),
    [
        ("http://localhost:8700", "localhost:8700", True),
        ("http://LOCALHOST:8700", "localhost:8700", True),
        ("https://box", "box", True),
        ("http://box:80", "box", True),
        ("https://box:443", "box", True),
        ("http://[::1]:8700", "[::1]:8700", True),
        ("http://localhost:8701", "localhost:8700", False),
        ("http://localhost", "localhost:8700", False),
        ("http://127.0.0.1:8700", "localhost:8700", False),
        ("http://localhost:8700.evil.example", "localhost:8700", False),
        ("http://localhost:8700@evil.example", "localhost:8700", False),
        ("http:" + "//evil.example@localhost:8700", "localhost:8700", False),
        ("http://localhost:8700/", "localhost:8700", False),
        ("file://localhost:8700", "localhost:8700", False),
        ("null", "localhost", False),
        ("", "", False),
        ("http://", "", False),
        ("http://localhost:99999", "localhost:99999", False),
    ],
)
def test_an_origin_is_the_same_if_host_and_port_match(origin: str, host: str, same: bool) -> None:  # noqa: FBT001
    assert same_origin(origin, host) is same


@given(origin=st.text(max_size=60), host=st.text(max_size=60), site=st.text(max_size=20))
def test_any_headers_are_accepted_or_refused_with_403(origin: str, host: str, site: str) -> None:
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/",
        "HTTP_HOST": host,
        "HTTP_ORIGIN": origin,
        "HTTP_SEC_FETCH_SITE": site,
    }
    problem = refusal(environ, ALLOWED)
    assert problem is None or problem.status == 403


@pytest.mark.parametrize("host", ["localhost", "LocalHost:80", "127.0.0.1:8700", "[::1]", "[::1]:8700"])
def test_an_allowed_host_passes_with_any_port(host: str) -> None:
    assert refusal({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": host}, ALLOWED) is None


@pytest.mark.parametrize(
    "host",
    [
        "", "evil.example", "evil@localhost", "evil.example:80@localhost", "localhost/x", "localhost?x", "localhost#x",
        "localhost:x", "localhost:", "localhost:80:80", "localhost.", "::1", "[::1", "[localhost]:x", " localhost",
        "localhost,evil.example", "localhost\\x", "LOCALHO\u017fT", "loc%61lhost",
    ],
)  # fmt: skip
def test_anything_but_an_allowed_name_and_a_port_is_refused(host: str) -> None:
    problem = refusal({"REQUEST_METHOD": "GET", "PATH_INFO": "/", "HTTP_HOST": host}, ALLOWED)
    assert problem
    assert problem.status == 403


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW", "post"])
def test_every_method_except_the_safe_ones_is_refused_to_other_origins(method: str) -> None:
    """Unknown methods are refused too."""
    environ = {"REQUEST_METHOD": method, "PATH_INFO": "/x", "HTTP_HOST": "localhost", "HTTP_ORIGIN": "http://evil"}
    assert refusal(environ, ALLOWED)


@pytest.mark.parametrize("length", ["-1", "1e3", "x", "99999", "٣"])
def test_a_socket_message_of_invalid_length_is_413(length: str) -> None:
    """engineio reads as much as the header says, without limit if it is negative."""
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/socket.io/", "HTTP_HOST": "localhost"}
    problem = refusal(environ | {"CONTENT_LENGTH": length}, ALLOWED)
    assert problem
    assert problem.status == 413
