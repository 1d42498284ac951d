"""Validation of requests about processes."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from app.records.errors import InvalidField
from app.records.process import LaunchSpec, RestartPolicy
from app.web.http.problems import of_validation
from app.web.schemas.processes import BatchBody, LaunchBody, ListQuery, SignalBody


def test_a_workload_becomes_a_spec() -> None:
    """Only given fields are set; a restart policy may be given by name."""
    spec = LaunchBody(workload="sleep", params={"seconds": 1}, restart="always").spec()  # type: ignore[arg-type]
    assert spec == LaunchSpec(workload="sleep", params={"seconds": 1}, restart=RestartPolicy(policy="always"))


def test_a_target_becomes_a_spec() -> None:
    """It has its arguments and the directory it is imported from."""
    spec = LaunchBody(target="m:f", args=[1, [2]], kwargs={"k": None}, path="/x", daemon=True).spec()
    assert spec == LaunchSpec(target="m:f", args=(1, [2]), kwargs={"k": None}, path="/x", daemon=True)


def test_a_batch_has_the_spec_of_a_single_launch() -> None:
    """The count is not part of it."""
    assert BatchBody(workload="sleep", count=3).spec() == LaunchSpec(workload="sleep")


def test_a_whole_number_may_be_written_with_a_point() -> None:
    """It is one in JSON Schema; the fields of inner objects are alike."""
    body = BatchBody.model_validate({"workload": "sleep", "count": 3.0, "restart": {"limit": 2.0}})
    assert (body.count, body.spec().restart) == (3, RestartPolicy(limit=2))
    for value in (3.5, True, "3"):
        with pytest.raises(ValidationError):
            BatchBody.model_validate({"workload": "sleep", "count": value})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "workload"),
        ({"workload": "a", "target": "b:c"}, "workload"),
        ({"target": "b:c", "params": {"x": 1}}, "params"),
        ({"workload": "a", "args": [1]}, "args"),
        ({"workload": "a", "path": "/x"}, "args"),
    ],
)
def test_fields_that_exclude_each_other_are_refused(body: dict[str, Any], field: str) -> None:
    """The refusal names the missing or superfluous field."""
    with pytest.raises(InvalidField) as refused:
        LaunchBody(**body).spec()
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("body", "field", "allowed"),
    [
        ({"start_method": "vfork"}, "start_method", "'forkserver', 'spawn' or 'fork'"),
        ({"daemon": "yes"}, "daemon", "boolean"),
        ({"grace_s": -1}, "grace_s", "greater than or equal to 0"),
        ({"restart": {"policy": "never", "limit": 0}}, "restart.limit", "greater than or equal to 1"),
        ({"restart": {"policy": "never", "delay_s": 0}}, "restart.delay_s", "greater than or equal to 0.1"),
        ({"restart": "sometimes"}, "restart.policy", "'never', 'on-failure' or 'always'"),
        ({"name": ""}, "name", "at least 1 character"),
        ({"colour": "red"}, "colour", "not permitted"),
        ({"params": [1]}, "params", "dictionary"),
    ],
)
def test_an_invalid_field_is_named_with_what_is_allowed(body: dict[str, Any], field: str, allowed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        LaunchBody(workload="sleep", **body)
    problem = of_validation(refused.value)
    assert (problem.status, problem.extra["field"]) == (422, field)
    assert allowed in problem.detail


def test_an_unknown_state_in_a_query_is_refused() -> None:
    """The refusal lists the states that exist."""
    assert ListQuery.model_validate({"state": "running"}).state == "running"
    with pytest.raises(ValidationError, match="'backoff'"):
        ListQuery.model_validate({"state": "asleep"})


@pytest.mark.parametrize(("given", "text"), [("SIGUSR1", "SIGUSR1"), (10, "10"), ("usr1", "usr1")])
def test_a_signal_is_a_name_or_a_number(given: str | int, text: str) -> None:
    """The supervisor checks which are valid."""
    assert SignalBody(signal=given).text() == text
