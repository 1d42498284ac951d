"""Invalid input is refused, never answered with 500, and the server keeps working."""

from __future__ import annotations

import socket
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from app.records.pool import JobMethod
from app.web.present.pools import JobAnswer
from tests.examples import examples
from tests.web.serving import Client, Pools, Web

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = (
    "workload params target args kwargs path name start_method daemon auto_start auto_join grace_s restart "
    "stuck_after_s count pid timeout_s signal verb ids "
    "processes maxtasksperchild retries method function iterable chunksize "
    "command cwd env safe_pool track_owners"
)
FIELDS = st.sampled_from(NAMES.split())
POSTS = st.sampled_from(
    [
        "/processes", "/processes/batch", "/actions", "/processes/p1/kill", "/processes/p1/join",
        "/processes/p1/signal", "/processes/p1/stack", "/descendants/1-1/signal", "/nothing",
        "/pools", "/pools/p1/jobs", "/pools/p1/resize", "/pools/p1/close", "/pools/p1/join",
        "/pools/p1/workers/1/kill", "/pools/p1/workers/x/stack",
        "/programs", "/resources/r1/break",
    ]
)  # fmt: skip
GETS = st.sampled_from(
    [
        "/processes", "/processes/p1/log", "/events", "/history", "/processes/p1/history", "/processes/p1/consequences",
        "/pools/p1/history", "/resources", "/programs",
    ]
)  # fmt: skip
QUERY = st.dictionaries(
    st.sampled_from(
        ["state", "workload", "q", "offset", "limit", "after", "latest", "kind", "process", "points", "program", "x"]
    ),
    st.text(max_size=12) | st.integers().map(str),
    max_size=4,
)
MANY = examples(60, (HealthCheck.function_scoped_fixture,))


@pytest.fixture(scope="module")
def client_without_supervisor(bare: Web) -> Client:
    """Return an operator's client of a web process without a supervisor, so that nothing is carried out."""
    return bare.client()


@MANY
@given(path=POSTS, body=JSON | st.dictionaries(FIELDS, JSON, max_size=5))
def test_any_json_body_is_accepted_or_refused(client_without_supervisor: Client, path: str, body: Any) -> None:
    """Any value is tried in any field that exists."""
    answer = client_without_supervisor.post(f"/api/v1{path}", json=body)
    assert answer.status_code in (400, 403, 404, 405, 413, 422, 503)
    assert answer.json()["status"] == answer.status_code


@MANY
@given(
    method=st.sampled_from(JobMethod),
    iterable=JSON | st.fixed_dictionaries({"range": st.lists(st.integers(), max_size=4)}),
)
def test_any_iterable_is_accepted_or_refused(client_without_supervisor: Client, method: str, iterable: Any) -> None:
    """The field is validated by hand, not by pydantic."""
    body = {"method": method, "function": "square", "iterable": iterable}
    answer = client_without_supervisor.post("/api/v1/pools/p1/jobs", json=body)
    assert answer.status_code in (422, 503)


JOBS = st.fixed_dictionaries(
    {"method": st.sampled_from(JobMethod), "function": st.sampled_from(["square", "raise-at", "no-such"])},
    optional={
        "args": st.lists(JSON, max_size=2),
        "kwargs": st.dictionaries(st.sampled_from(["number", "bad", ""]), JSON, max_size=2),
        "iterable": st.lists(JSON, max_size=4) | st.fixed_dictionaries({"range": st.lists(JSON, max_size=3)}),
        "chunksize": st.integers(),
        "path": st.text(max_size=10),
    },
)


@MANY
@given(job=JOBS)
def test_any_job_is_refused_or_can_be_read(operator: Client, pool_id: str, job: Any) -> None:
    """A real host runs it, whatever its tasks are given and return."""
    answer = operator.post(f"/api/v1/pools/{pool_id}/jobs", json=job)
    assert answer.status_code in (202, 422)
    if answer.status_code == 202:
        read = operator.get(f"/api/v1/pools/{pool_id}/jobs/{answer.json()['id']}")
        assert read.status_code == 200
        msgspec.convert(read.json(), JobAnswer)
    else:
        assert answer.json()["field"]


@pytest.fixture
def pool_id(pools: Pools) -> str:
    """Open a pool for one test and return its id."""
    return str(pools(1)["id"])


@MANY
@given(path=POSTS, body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/plain", "", "x/y;z"]))
def test_any_body_of_bytes_is_refused(client_without_supervisor: Client, path: str, body: bytes, kind: str) -> None:
    answer = client_without_supervisor.post(f"/api/v1{path}", data=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 403, 404, 422, 503)


@MANY
@given(path=GETS, query=QUERY)
def test_any_query_is_refused_without_a_supervisor(
    client_without_supervisor: Client, path: str, query: dict[str, str]
) -> None:
    assert client_without_supervisor.get(f"/api/v1{path}", params=query).status_code in (422, 503)


@MANY
@given(path=st.text(max_size=40))
def test_any_path_is_served_or_refused(client_without_supervisor: Client, path: str) -> None:
    answer = client_without_supervisor.get("/" + path)
    assert answer.status_code in (200, 303, 308, 400, 401, 403, 404, 405, 429)


@MANY
@given(
    content=st.binary(min_size=1, max_size=300), head=st.sampled_from([b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
)
def test_a_request_that_is_not_http_only_ends_its_own_connection(bare: Web, content: bytes, head: bytes) -> None:
    """Nothing is written to standard error, and the next request is served."""
    host, port = bare.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(head + content + b"\r\n\r\n")
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass
    assert bare.client("").get("/healthz").ok
    assert bare.errors == ""
