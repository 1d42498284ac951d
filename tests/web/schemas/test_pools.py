"""Validation of requests that open a pool or submit a job."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from app.records.limits import MAX_POOL_WORKERS
from app.records.pool import JobMethod, JobSpec, PoolSpec
from app.web.http.problems import of_validation
from app.web.schemas.pools import MAX_ITEMS, JobBody, JobPath, OpenPoolBody, ResizeBody, WorkerPath
from procession.pool_host import checking, requests


def test_an_empty_body_has_the_defaults_of_the_supervisor() -> None:
    """The defaults are written in both places and must be equal."""
    assert OpenPoolBody().spec() == PoolSpec()


def test_a_pool_body_becomes_a_spec() -> None:
    body = OpenPoolBody(name="n", processes=3, start_method="spawn", maxtasksperchild=5, retries=1, stuck_after_s=None)
    assert body.spec() == PoolSpec(
        name="n", processes=3, start_method="spawn", maxtasksperchild=5, retries=1, stuck_after_s=None
    )


@pytest.mark.parametrize("method", list(JobMethod))
def test_a_job_body_becomes_a_spec(method: JobMethod) -> None:
    """Each of the eight methods is accepted by name."""
    body = JobBody.model_validate({"method": str(method), "function": "square", "iterable": {"range": [0, 3]}})
    assert body.spec() == JobSpec(method=method, function="square", iterable={"range": [0, 3]})


def test_a_function_with_a_colon_is_a_target() -> None:
    """A name without one is a function of the catalogue."""
    own = JobBody.model_validate({"method": "apply", "function": "m:f", "args": [1, [2]], "kwargs": {"k": None}})
    assert own.is_target
    assert own.spec() == JobSpec(method=JobMethod.APPLY, function="m:f", args=(1, [2]), kwargs={"k": None})
    assert not JobBody.model_validate({"method": "apply", "function": "square"}).is_target


def test_the_limits_are_those_of_the_host() -> None:
    """A value accepted here is not refused by the host."""
    assert (MAX_POOL_WORKERS, MAX_ITEMS) == (requests.MAX_PROCESSES, checking.MAX_ITEMS)


JOB = {"method": "map", "function": "square"}


@pytest.mark.parametrize(
    ("model", "body", "field", "allowed"),
    [
        (OpenPoolBody, {"processes": 0}, "processes", "greater than or equal to 1"),
        (OpenPoolBody, {"processes": 257}, "processes", "less than or equal to 256"),
        (OpenPoolBody, {"processes": "2"}, "processes", "integer"),
        (OpenPoolBody, {"start_method": "vfork"}, "start_method", "'forkserver', 'spawn' or 'fork'"),
        (OpenPoolBody, {"maxtasksperchild": 0}, "maxtasksperchild", "greater than or equal to 1"),
        (OpenPoolBody, {"retries": -1}, "retries", "greater than or equal to 0"),
        (OpenPoolBody, {"name": ""}, "name", "at least 1 character"),
        (OpenPoolBody, {"stuck_after_s": 0.5}, "stuck_after_s", "greater than or equal to 1"),
        (OpenPoolBody, {"initializer": "m:f"}, "initializer", "not permitted"),
        (JobBody, {}, "method", "required"),
        (JobBody, JOB | {"method": "submit"}, "method", "'starmap' or 'starmap_async'"),
        (JobBody, JOB | {"function": ""}, "function", "at least 1 character"),
        (JobBody, JOB | {"function": 3}, "function", "string"),
        (JobBody, JOB | {"args": "abc"}, "args", "list"),
        (JobBody, JOB | {"kwargs": [1]}, "kwargs", "dictionary"),
        (JobBody, JOB | {"iterable": "abc"}, "iterable", '{"range": [start, stop, step]}'),
        (JobBody, JOB | {"chunksize": 0}, "chunksize", "greater than or equal to 1"),
        (JobBody, JOB | {"chunksize": 1.5}, "chunksize", "integer"),
        (ResizeBody, {}, "processes", "required"),
        (JobPath, {"id": "p1", "job": "x"}, "job", "integer"),
        (WorkerPath, {"id": "p1", "pid": "0"}, "pid", "greater than or equal to 1"),
    ],
)
def test_an_invalid_field_is_named_with_what_is_allowed(
    model: type[BaseModel], body: dict[str, Any], field: str, allowed: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate(body)
    problem = of_validation(refused.value)
    assert (problem.status, problem.extra["field"]) == (422, field)
    assert allowed.lower() in problem.detail.lower()
