"""The OpenAPI document, generated from the code: requests from pydantic models, answers from records."""

from copy import deepcopy
from typing import Any

import msgspec
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import ResponseDict

from app.records.primitives import Record
from app.records.process import Descendant
from app.records.program import Program
from app.records.resource import Resource
from app.records.stream import Delta
from app.records.waits import Waits
from app.web.present import pools, processes, programs

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
    "409": "Not possible in the current state.",
    "413": "The body is too large.",
    "422": "A field is invalid.",
    "429": "Too many invalid tokens.",
    "503": "The supervisor is not available.",
}


def document(app: OpenAPI) -> dict[str, Any]:
    """Return the document as JSON values."""
    whole = deepcopy(app.api_doc)
    _, records = msgspec.json.schema_components(RECORDS, ref_template=TEMPLATE)
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("ValidationErrorModel", None)
    schemas.update(records, Problem=PROBLEM)
    for operations in whole["paths"].values():
        for operation in operations.values():
            operation["security"] = SECURITY
            operation["responses"] = _answers(operation.get("responses", {}))
    return whole


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
