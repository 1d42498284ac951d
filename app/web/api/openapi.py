"""The OpenAPI document, generated from the code: requests from pydantic models, answers from records.

With the catalogue of the supervisor, launches are described exactly: each workload with its parameters.
"""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import msgspec
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import ResponseDict
from pydantic.json_schema import models_json_schema

from app.records.primitives import JsonDict, Record
from app.records.process import Descendant
from app.records.program import Program
from app.records.resource import Resource
from app.records.stream import Delta
from app.records.waits import Waits
from app.web.present import answers, pools, processes, programs
from app.web.schemas.processes import Body

from . import launches

TEMPLATE = "#/components/schemas/{name}"
RECORDS = (
    processes.Snapshot,
    processes.Process,
    processes.Processes,
    processes.ActionResults,
    processes.LogPart,
    processes.LogMessage,
    Delta,
    Descendant,
    pools.Pools,
    pools.Jobs,
    pools.JobAnswer,
    pools.WorkerAnswer,
    pools.Joined,
    pools.PoolFunctions,
    Program,
    Resource,
    Waits,
    programs.Programs,
    programs.Resources,
    programs.LockBroken,
    programs.CataloguePrograms,
    *answers.RECORDS,
)
SECURITY_SCHEMES: dict[str, Any] = {"token": {"type": "http", "scheme": "bearer"}}
SECURITY: list[dict[str, list[str]]] = [{"token": []}]
PROBLEM = {
    "type": "object",
    "description": "An error (RFC 9457). For 422, `field` names the first invalid field, and `errors` lists all.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "field": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
REFUSALS = {
    "400": "The body is not JSON.",
    "401": "The token is missing or invalid.",
    "403": "Not allowed for this role, Host or Origin.",
    "404": "Not found.",
    "408": "The body did not arrive in time.",
    "409": "Not possible in the current state.",
    "413": "The body is too large.",
    "422": "A field is invalid.",
    "429": "Too many invalid tokens.",
    "503": "The supervisor is not available.",
}


def document(app: OpenAPI, catalogue: JsonDict) -> dict[str, Any]:
    """Return the document as JSON values; ``catalogue`` may be empty."""
    whole = deepcopy(app.api_doc)
    _, records = msgspec.json.schema_components(RECORDS, ref_template=TEMPLATE)
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("ValidationErrorModel", None)
    schemas.update(_bodies(), **records, Problem=PROBLEM)
    launches.describe(schemas, **catalogue)
    for operations in whole["paths"].values():
        for operation in operations.values():
            operation["security"] = SECURITY
            operation["responses"] = _answers(operation.get("responses", {}))
            if body := operation.get("requestBody"):
                # A request without one counts as one with `{}`.
                body["required"] = not {"required", "oneOf"}.isdisjoint(schemas[_name_of(body)])
    return whole


def _bodies() -> JsonDict:
    """Return the schemas of all bodies; flask-openapi3's copies lack what its models do not know."""
    _, whole = models_json_schema(
        [(body, "validation") for body in _all_below(Body)], ref_template=TEMPLATE.replace("{name}", "{model}")
    )
    found: JsonDict = whole["$defs"]
    return found


def _all_below(kind: type[Body]) -> Iterator[type[Body]]:
    for each in kind.__subclasses__():
        yield each
        yield from _all_below(each)


def _name_of(body: JsonDict) -> str:
    return str(body["content"]["application/json"]["schema"]["$ref"]).rpartition("/")[2]


def gives(record: type[Record], status: int = 200) -> ResponseDict:
    """Return the ``responses=`` of a view that answers with a record."""
    schema = {"$ref": TEMPLATE.format(name=record.__name__)}
    return {status: {"content": {"application/json": {"schema": schema}}}}


def _answers(known: dict[str, Any]) -> dict[str, Any]:
    good = {status: answer for status, answer in known.items() if status.startswith("2")}
    schema = {"$ref": TEMPLATE.format(name="Problem")}
    refusals = {
        status: {"description": meaning, "content": {"application/problem+json": {"schema": schema}}}
        for status, meaning in REFUSALS.items()
    }
    return (good or {"200": {"description": "OK"}}) | refusals
