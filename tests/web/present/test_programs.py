"""Resources as JSON, with the fields that each kind can have, and the metrics of programs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from app.protocol.delta import Mirror
from app.records.errors import InvalidField
from app.records.resource import Resource, ResourceKind
from app.records.waits import FindingKind
from app.web.api import metrics_programs
from app.web.present import programs as present_programs
from app.web.schemas.programs import RunBody

ALWAYS = {
    "id",
    "program",
    "kind",
    "kind_label",
    "title",
    "place",
    "figure",
    "name",
    "created_by",
    "created_at",
    "users",
    "ended_users",
    "inherited_by",
    "waiting",
    "parts",
    "part_of",
    "manager",
}
# The fields that the contract names; every kind also has `waiting` and `users`.
CONTRACT = {
    ResourceKind.QUEUE: "size maxsize buffered pipe_bytes put_per_s get_per_s",
    ResourceKind.JOINABLE_QUEUE: "size maxsize unfinished buffered pipe_bytes put_per_s get_per_s",
    ResourceKind.LOCK: "value holder abandoned",
    ResourceKind.SEMAPHORE: "value holder abandoned",
}


def record(kind: ResourceKind, **facts: Any) -> Any:
    given: dict[str, Any] = {"id": "r1", "program": "p1", "kind": kind, "name": "x", "created_by": 1, "created_at": 0.0}
    return msgspec.to_builtins(Resource(**given | facts))


def presented(kind: ResourceKind, **facts: Any) -> dict[str, Any]:
    return present_programs.resource(record(kind, **facts))


@pytest.mark.parametrize("kind", ResourceKind)
def test_every_kind_has_its_fields_even_if_their_values_are_unknown(kind: ResourceKind) -> None:
    """The JSON can be converted back to a `Resource`."""
    shown = presented(kind)
    assert shown.keys() == ALWAYS | present_programs.APPLY[kind] - {"holder_unknown"}
    assert set(CONTRACT.get(kind, "").split()) <= shown.keys()
    msgspec.convert(shown, Resource)


def test_every_field_belongs_to_some_kind() -> None:
    fields = {field.name for field in msgspec.structs.fields(Resource)}
    assert fields == ALWAYS.union(*present_programs.APPLY.values())


def test_a_known_value_is_never_left_out() -> None:
    """This holds even for a field that the table does not list for the kind."""
    assert presented(ResourceKind.PIPE, flag=True)["flag"] is True
    assert presented(ResourceKind.LOCK, holder_unknown=True)["holder_unknown"] is True


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "workload"),
        ({"workload": "x", "command": ["y"]}, "workload"),
        ({"command": ["y"], "params": {"a": 1}}, "params"),
        ({"workload": "x", "env": {"LD_PRELOAD": "y"}}, "env"),
        ({"workload": "x", "cwd": "/"}, "env"),
    ],
)
def test_fields_that_exclude_each_other_are_refused(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidField) as refused:
        RunBody(**body).spec()
    assert refused.value.field == field


def test_a_command_is_passed_on_unchanged() -> None:
    spec = RunBody(command=["python", "x.py", ""], cwd="/tmp", env={"A": ""}, safe_pool=True).spec()
    assert (spec.command, spec.cwd, spec.env, spec.safe_pool) == (("python", "x.py", ""), "/tmp", {"A": ""}, True)


def test_program_metrics_cover_every_kind_of_finding() -> None:
    """A kind without findings has a line too; names are escaped."""
    state = Mirror()
    state.programs = {"p1": {"id": "p1", "name": 'a "b"', "state": "running", "not_seen": 2}}
    state.waits = {
        "edges": [{"pid": 1}, {"pid": 1}, {"pid": 2}],
        "findings": [{"kind": "deadlock"}, {"kind": "leak"}, {"kind": "leak"}],
    }
    state.resources = {"r1": record(ResourceKind.QUEUE, size=7, name="jobs"), "r2": record(ResourceKind.LOCK)}
    lines = list(metrics_programs.lines(state))
    assert 'procession_programs{state="running"} 1' in lines
    assert 'procession_program_not_seen_total{id="p1",name="a \\"b\\""} 2' in lines
    assert 'procession_findings{kind="leak"} 2' in lines
    assert sum(line.startswith("procession_findings{") for line in lines) == len(FindingKind)
    assert "procession_waits 2" in lines
    assert 'procession_queue_size{id="r1",name="jobs",program="p1"} 7' in lines
    assert not [line for line in lines if line.startswith("procession_queue_pipe_bytes{")]
