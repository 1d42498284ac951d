"""The OpenAPI document matches the routes, and the responses match the document."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from app.settings import Settings
from app.web import create_app
from app.web.present import processes as present
from tests.web.serving import Client, Launch

BRACES = str.maketrans("<>", "{}")
CONTRACT = """
GET /snapshot · GET /processes · GET /processes/{id} · POST /processes · POST /processes/{id}/start
POST /processes/{id}/terminate · POST /processes/{id}/kill · POST /processes/{id}/close
POST /processes/{id}/restart · POST /processes/{id}/suspend · POST /processes/{id}/resume
POST /processes/{id}/join · POST /processes/{id}/signal · POST /processes/{id}/stack · GET /processes/{id}/log
GET /workloads · GET /events
GET /pools · POST /pools · GET /pools/{id} · POST /pools/{id}/resize · POST /pools/{id}/close
POST /pools/{id}/terminate · POST /pools/{id}/join · GET /pools/{id}/jobs · POST /pools/{id}/jobs
GET /pools/{id}/jobs/{job} · POST /pools/{id}/workers/{pid}/terminate · POST /pools/{id}/workers/{pid}/kill
POST /pools/{id}/workers/{pid}/suspend · POST /pools/{id}/workers/{pid}/resume
POST /pools/{id}/workers/{pid}/stack · GET /pools/functions
POST /programs · GET /programs · GET /resources · POST /resources/{id}/break · GET /waits
"""


@pytest.fixture(scope="module")
def document(bare: Any) -> Any:
    return bare.client().get("/api/v1/openapi.json").json()


def operations(document: Any) -> set[str]:
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, methods in document["paths"].items()
        for method in methods
    }


def test_document_has_every_route_and_no_other(document: Any) -> None:
    """The route of the document itself is left out."""
    routes = {
        f"{method} {rule.rule.translate(BRACES).removeprefix('/api/v1')}"
        for rule in create_app(Settings(token="x")).app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/api/v1") and method in ("GET", "POST")
    }
    assert operations(document) == routes - {"GET /openapi.json"}


def test_document_has_every_call_of_the_contract(document: Any) -> None:
    """Scripts rely on these calls."""
    wanted = {call.strip() for line in CONTRACT.strip().splitlines() for call in line.split("·")}
    assert wanted <= operations(document)


def test_every_schema_reference_is_defined(document: Any) -> None:
    text = msgspec.json.encode(document).decode()
    references = set(re.findall(r'"\$ref":"#/components/schemas/([^"]+)"', text))
    assert references <= document["components"]["schemas"].keys()


def test_every_operation_is_described(document: Any) -> None:
    """It has a summary, requires the token, and lists its error responses."""
    for methods in document["paths"].values():
        for operation in methods.values():
            assert operation["summary"].endswith((".", "…"))
            assert operation["security"] == [{"token": []}]
            assert {"401", "422", "503"} <= operation["responses"].keys()


def test_responses_have_exactly_the_documented_fields(operator: Client, launch: Launch) -> None:
    """A process, a list and the snapshot are compared."""
    record = launch()
    assert record.keys() == {field.name for field in msgspec.structs.fields(present.Process)}
    msgspec.convert(record, present.Process)
    whole = operator.get("/api/v1/snapshot").json()
    assert whole.keys() == {field.name for field in msgspec.structs.fields(present.Snapshot)}
    msgspec.convert(whole, present.Snapshot)
    msgspec.convert(operator.get("/api/v1/processes").json(), present.Processes)
