"""The OpenAPI document, made from the code: requests from pydantic's models, answers from the records."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
from flask_openapi3.openapi import OpenAPI
from flask_openapi3.types import ResponseDict

from app.records import primitives as p
from app.records import process as model
from app.records import program as program_model
from app.records import resource as resource_model
from app.records import stream
from app.records import waits as waits_model
from app.web.present import pools as present_pools
from app.web.present import processes as present
from app.web.present import programs as present_programs

TEMPLATE = "#/components/schemas/{name}"
RECORDS = (
    present.Snapshot,
    present.Process,
    present.Processes,
    present.ActionResults,
    present.LogPart,
    present.LogMessage,
    stream.Delta,
    model.Descendant,
    present_pools.Pools,
    present_pools.Jobs,
    present_pools.JobAnswer,
    present_pools.WorkerAnswer,
    present_pools.Joined,
    present_pools.PoolFunctions,
    program_model.Program,
    resource_model.Resource,
    waits_model.Waits,
    present_programs.Programs,
    present_programs.Resources,
    present_programs.LockBroken,
    present_programs.CataloguePrograms,
)
SECURITY_SCHEMES: dict[str, Any] = {"token": {"type": "http", "scheme": "bearer"}}
SECURITY: list[dict[str, list[str]]] = [{"token": []}]
PROBLEM = {
    "type": "object",
    "description": "A refusal (RFC 9457); `field` names the field that is wrong, `errors` all of them.",
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
    "400": "not JSON",
    "401": "no token, or a wrong one",
    "403": "the role, the Host, or the Origin",
    "404": "no such thing",
    "409": "not possible in this state",
    "413": "too large",
    "422": "a field is wrong",
    "429": "too many wrong tokens",
    "503": "the supervisor is away",
}


def document(app: OpenAPI) -> dict[str, Any]:
    """The whole document, as JSON-able values."""
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


def gives(record: type[p.Record], status: int = 200) -> ResponseDict:
    """The ``responses=`` of a view whose answer is a record."""
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
