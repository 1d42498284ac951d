"""Which request bodies are accepted as JSON."""

from __future__ import annotations

import pytest
from flask import Flask

from app.records.primitives import MAX_DEPTH
from app.web.http import problems
from app.web.http.json_codec import Json, Request


@pytest.fixture
def app() -> Flask:
    app = Flask(__name__)
    app.request_class = Request
    app.json = Json(app)
    problems.install(app)
    return app


def decode(app: Flask, body: bytes, mimetype: str = "application/json") -> object:
    with app.test_request_context("/", method="POST", data=body, content_type=mimetype):
        return Request(
            app.test_request_context("/", method="POST", data=body, content_type=mimetype).request.environ
        ).get_json()


def test_an_empty_body_is_an_empty_object(app: Flask) -> None:
    """A verb needs no body."""
    assert decode(app, b"", "") == {}


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"NaN", b'{"a": Infinity}', b'"\\ud800"', b"\xff", b"1e999", b"[" * 100_000, b"{'a': 1}", b"1 2",
        b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
    ],
    ids=lambda body: repr(body[:12]),
)  # fmt: skip
def test_invalid_json_is_refused(app: Flask, body: bytes) -> None:
    """The answer is 400 before a view is reached, also for text that lenient decoders accept."""
    with pytest.raises(problems.Problem) as refused:
        decode(app, body)
    assert refused.value.status == 400


def test_another_content_type_is_refused(app: Flask) -> None:
    """A form on another site cannot send JSON."""
    with pytest.raises(problems.Problem, match="Content-Type"):
        decode(app, b"{}", "text/plain")


def test_large_integers_are_kept_exactly(app: Flask) -> None:
    """Arguments of a user's function may exceed 64 bits."""
    assert decode(app, b'{"n": 123456789012345678901234567890}') == {"n": 123456789012345678901234567890}
