"""Hooks of schemathesis (`api/test_schemathesis.py`): what its requests start is small, and ends soon.

A generated value may be as large as the document allows.  What is sent is no larger than needed, so that a test starts
no thousand processes and waits for no hour; it stays a value that the document allows.
"""

import itertools
import unicodedata
from typing import Any

import schemathesis
from requests.adapters import HTTPAdapter

import workers
from app.records.limits import MAX_LAUNCHED, MAX_POOL_WORKERS
from app.web.schemas.processes import MAX_JOIN_S

#: The most of what is sent in a field that allows more; more than it allows stays, because that is to be refused.
MOST = {"processes": (2, MAX_POOL_WORKERS), "count": (2, MAX_LAUNCHED), "timeout_s": (0.2, MAX_JOIN_S)}
MOST_PARAMETER = 3
#: By default a join waits for an hour.
SHORT_JOIN = {"timeout_s": 0.2}

_addresses = (f"10.{a}.{b}.{c}" for a, b, c in itertools.product(range(256), repeat=3))


def _from_another_address(adapter: HTTPAdapter, request: Any, **_kwargs: Any) -> None:
    """Let each request come from an address of its own: after ten wrong tokens, an address gets 429 instead of 401."""
    request.headers["X-Forwarded-For"] = next(_addresses)


# As a header of the case, schemathesis would take it for one that it made.
HTTPAdapter.add_headers = _from_another_address  # type: ignore[method-assign]


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    body = case.body
    if case.method == "POST" and case.operation.path.endswith("/join") and not _is_json(body):
        case.body = SHORT_JOIN
    elif isinstance(body, dict) and (smaller := _smaller(body, case.operation.path)) != body:
        case.body = smaller


def _is_json(body: Any) -> bool:
    return body is None or isinstance(body, dict | list | str | int | float)


def _smaller(body: dict[str, Any], path: str) -> dict[str, Any]:
    if isinstance(name := body.get("name"), str):
        body = body | {"name": "".join(map(_printable, name))}
    smaller = body | {name: _at_most(*most, body[name]) for name, most in MOST.items() if name in body}
    if path.endswith("/join") and body.get("timeout_s") is None:
        smaller |= SHORT_JOIN
    workload, params = body.get("workload"), body.get("params", {})
    if isinstance(workload, str) and isinstance(params, dict) and path in _CATALOGUES:
        smaller["params"] = params | _small_params(_CATALOGUES[path]().get(workload), params)
    return smaller


_CATALOGUES: dict[str, Any] = {
    "/api/v1/processes": workers.catalogue,
    "/api/v1/processes/batch": workers.catalogue,
    "/api/v1/programs": workers.programs,
}


def _small_params(entry: Any, params: dict[str, Any]) -> dict[str, Any]:
    numbers = [each for each in entry.parameters if each.minimum is not None] if entry else []
    return {
        each.name: _at_most(max(each.minimum, MOST_PARAMETER), each.maximum, params.get(each.name, each.default))
        for each in numbers
    }


def _printable(character: str) -> str:
    r"""Return what to send for a character of a name: schemathesis takes \p{C} for the control characters alone."""
    return character if character.isprintable() or unicodedata.category(character) == "Cc" else "?"


def _at_most(most: float, allowed: float, value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return min(most, value) if is_number and value <= allowed else value
