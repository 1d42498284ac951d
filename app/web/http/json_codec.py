"""JSON of the Flask app, by msgspec, which is stricter than the standard library.

It refuses NaN, lone surrogates and numbers out of range, so nothing that was accepted can fail later on the way to the
supervisor.
"""

from typing import Any

import flask
import msgspec
from flask.json.provider import JSONProvider

from app.records.errors import InvalidField
from app.records.primitives import UNDECODABLE, check_depth

from .problems import Problem


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
        except UNDECODABLE as error:
            raise Problem(400, f"The body is not JSON: {error}.") from None
        try:
            check_depth("the body", value)
        except InvalidField as error:
            raise Problem(400, f"{error}.") from None
        return value
