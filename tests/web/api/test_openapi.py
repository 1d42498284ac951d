"""The OpenAPI document matches the routes, and the responses match the document."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import pytest

from app.core.fleet.cause import signal_number
from app.records.errors import InvalidField
from app.settings import Settings
from app.web import create_app
from app.web.present import processes as present
from app.web.schemas.processes import SIGNAL
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


def test_every_answer_has_a_schema(document: Any) -> None:
    for methods in document["paths"].values():
        for operation in methods.values():
            good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            assert [list(answer["content"]) for answer in good] == [["application/json"]]


def test_a_body_is_required_only_if_it_has_required_fields(document: Any) -> None:
    """No body counts as `{}`."""
    required = {
        path.removeprefix("/api/v1")
        for path, methods in document["paths"].items()
        if methods.get("post", {}).get("requestBody", {}).get("required")
    }
    assert required == {
        "/processes", "/processes/batch", "/processes/{id}/signal", "/descendants/{id}/signal", "/actions",
        "/pools/{id}/jobs", "/pools/{id}/resize", "/programs",
    }  # fmt: skip


def test_launches_are_described_as_the_catalogue_has_them(operator: Client) -> None:
    """Each workload, program and function is named; the last choice is a target or a command."""
    schemas = operator.get("/api/v1/openapi.json").json()["components"]["schemas"]
    for body, catalogue, kind in (
        ("LaunchBody", "workloads", "workloads"),
        ("BatchBody", "workloads", "workloads"),
        ("RunBody", "programs/workloads", "programs"),
    ):
        entries = operator.get(f"/api/v1/{catalogue}").json()[kind]
        *choices, _other = schemas[body]["oneOf"]
        described = {each["properties"]["workload"]["const"]: each["properties"]["params"] for each in choices}
        assert {name: list(params["properties"]) for name, params in described.items()} == {
            entry["name"]: [parameter["name"] for parameter in entry["parameters"]] for entry in entries
        }
    functions = operator.get("/api/v1/pools/functions").json()["functions"]
    assert schemas["JobBody"]["properties"]["function"]["anyOf"][0] == {"enum": [each["name"] for each in functions]}
    seconds = next(each for each in schemas["LaunchBody"]["oneOf"] if each["title"] == "Sleep")
    assert seconds["properties"]["params"]["properties"]["seconds"] == {
        "type": "number", "description": "how long to sleep", "default": 60, "minimum": 0, "maximum": 86_400,
    }  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_method_that_an_address_does_not_have_is_405(bare: Any, method: str) -> None:
    """`batch` is no id of a process."""
    answer = bare.client().request(method, "/api/v1/processes/batch")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("said", "meant"), [("SIGUSR1", True), ("usr1", True), ("10", True), (10, True), ("SIGNO", False), (0, False)]
)
def test_a_signal_is_described_as_it_is_accepted(said: str | int, meant: bool) -> None:  # noqa: FBT001
    """The document has a pattern and the numbers, the supervisor looks the name up."""
    named, numbered, number = SIGNAL["anyOf"]
    described = (
        said in number["enum"]
        if isinstance(said, int)
        else any(re.search(each["pattern"], said) for each in (named, numbered))
    )
    assert described == meant
    if meant:
        assert signal_number(str(said)) == 10
    else:
        with pytest.raises(InvalidField):
            signal_number(str(said))
