"""JSON of the Flask app, by msgspec, which is stricter than the standard library.

It refuses NaN, lone surrogates and numbers out of range, so nothing that was accepted can fail later on the way to the
supervisor.
"""

from typing import Any

import flask
import msgspec
from flask.json.provider import JSONProvider

from .problems import Problem

MAX_DEPTH = 64


def answer(value: Any, status: int = 200) -> flask.Response:
    """Return a JSON answer from records, plain values, or bytes that are JSON already."""
    body = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return flask.Response(body, status, mimetype="application/json")


class Json(JSONProvider):
    """Flask's encoder and decoder."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Return records, dataclasses or plain values as JSON."""
        return msgspec.json.encode(obj).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Return the value of JSON; raise `msgspec.DecodeError`."""
        return msgspec.json.decode(s)


class Request(flask.Request):
    """A request with a JSON body; an empty body counts as ``{}``."""

    def get_json(self, *_args: Any, **_kwargs: Any) -> Any:
        """Return the decoded body; raise `Problem` 400 if it is not JSON (werkzeug raises 413 if it is too long)."""
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
            raise Problem(400, f"The body is nested more than {MAX_DEPTH} levels deep.")
        return value


def _is_deeper(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    children = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(child, levels - 1) for child in children)
