"""Errors as RFC 9457 problem documents: every answer that is not a 2xx or 3xx is made here.

The views raise `ProcessionError`, `Problem`, or errors of pydantic and werkzeug; none formats an error itself.
"""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NoReturn

import msgspec
from flask import Flask
from pydantic import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from app.records.errors import InvalidField, NoSuchProcess, NotPossible, ProcessionError, SupervisorAway

MIMETYPE = "application/problem+json"
RETRY_AFTER_S = 1
MAX_FIELDS_NAMED = 20

log = logging.getLogger(__name__)


class Problem(Exception):
    """An error with its HTTP status, a sentence for people, and further members of the document."""

    def __init__(self, status: int, detail: str, *, headers: Mapping[str, str] | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.status = HTTPStatus(status)
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra

    def document(self) -> bytes:
        """Return the JSON of RFC 9457; ``type`` is about:blank because the status already tells the kind."""
        members = {"type": "about:blank", "title": self.status.phrase, "status": int(self.status)}
        return msgspec.json.encode(members | {"detail": self.detail} | self.extra)

    def response(self) -> Response:
        return Response(self.document(), int(self.status), self.headers, mimetype=MIMETYPE)


def of_refusal(error: ProcessionError) -> Problem:
    match error:
        case NoSuchProcess():
            return Problem(404, str(error))
        case NotPossible():
            return Problem(409, str(error))
        case InvalidField():
            return Problem(422, str(error), field=error.field)
        case SupervisorAway():
            return Problem(503, str(error), headers={"Retry-After": str(RETRY_AFTER_S)})
        case _:
            return Problem(500, str(error))


def of_validation(error: ValidationError) -> Problem:
    """Return a problem that names the invalid fields; ``detail`` and ``field`` are those of the first."""
    wrong = [{"field": _path(item["loc"]), "detail": item["msg"]} for item in error.errors(include_url=False)]
    first = wrong[0]
    return Problem(422, f"{first['field']}: {first['detail']}", field=first["field"], errors=wrong[:MAX_FIELDS_NAMED])


def refuse_invalid(error: ValidationError) -> NoReturn:
    """Raise the problem of an invalid request; flask-openapi3 calls this."""
    raise of_validation(error)


def install(app: Flask) -> None:
    """Make the app answer every error with a problem document."""
    app.register_error_handler(Problem, Problem.response)
    app.register_error_handler(ProcessionError, lambda error: of_refusal(error).response())
    app.register_error_handler(ValidationError, lambda error: of_validation(error).response())
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(Exception, _of_bug)


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "body"


def _of_http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return error.get_response()
    keep = ("Allow", "Retry-After", "WWW-Authenticate", "Location")
    headers = {name: value for name, value in error.get_headers() if name in keep}
    return Problem(error.code, error.description or error.name, headers=headers).response()


def _of_bug(error: Exception) -> Response:
    log.error("unexpected error", exc_info=error)
    return Problem(500, "Internal error; the traceback is in the log of `procession serve`.").response()
