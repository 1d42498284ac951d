"""JSON in and out of the Flask app: msgspec, because it is strict where the standard library is lenient.

NaN, lone surrogates and numbers out of range are refused when they come in, so nothing that was accepted can
fail later on its way to the supervisor.
"""

from __future__ import annotations

from typing import Any

import flask
import msgspec
from flask.json.provider import JSONProvider

from .problems import Problem

MAX_DEPTH = 64


def answer(value: Any, status: int = 200) -> flask.Response:
    """A JSON answer: of records, of plain values, or of bytes that are JSON already."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return flask.Response(body, status, mimetype="application/json")


class Json(JSONProvider):
    """Flask's encoder and decoder."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Encode records, dataclasses and plain values."""
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Raises `msgspec.DecodeError`."""
        return msgspec.json.decode(s)


class Request(flask.Request):
    """A request whose body is JSON or nothing; nothing counts as ``{}``."""

    def get_json(self, *_args: Any, **_kwargs: Any) -> Any:
        """The decoded body; raises `Problem` 400 for what is not JSON; werkzeug 413 for what is too long."""
        body = self.get_data()
        if not body:
            return {}
        if not self.is_json:
            raise Problem(400, "Send the body as JSON, with `Content-Type: application/json`.")
        try:
            value = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Problem(400, f"The body is not JSON: {error}.") from None
        if _is_deeper(value, MAX_DEPTH):
            raise Problem(400, f"The body is nested more than {MAX_DEPTH} deep.")
        return value


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)
