"""Whatever is sent, the answer is a refusal and never a 500, and the server goes on."""

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
def known(bare: Web) -> Client:
    """The operator, at a web process without a supervisor: nothing can come of what is sent."""
    return bare.client()


@MANY
@given(path=POSTS, body=JSON | st.dictionaries(FIELDS, JSON, max_size=5))
def test_no_json_body_is_an_error_of_ours(known: Client, path: str, body: Any) -> None:
    """Any JSON, and any value in any field that exists."""
    answer = known.post(f"/api/v1{path}", json=body)
    assert answer.status_code in (400, 403, 404, 405, 413, 422, 503)
    assert answer.json()["status"] == answer.status_code


@MANY
@given(
    method=st.sampled_from(JobMethod),
    iterable=JSON | st.fixed_dictionaries({"range": st.lists(st.integers(), max_size=4)}),
)
def test_no_iterable_is_an_error_of_ours(known: Client, method: str, iterable: Any) -> None:
    """What a map may be given is looked at by hand."""
    body = {"method": method, "function": "square", "iterable": iterable}
    answer = known.post("/api/v1/pools/p1/jobs", json=body)
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
def test_no_job_is_an_error_of_ours(operator: Client, pool_id: str, job: Any) -> None:
    """By a real host: what it accepts can be read afterwards, whatever its tasks were given and returned."""
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
    """A pool that lives as long as its test."""
    return str(pools(1)["id"])


@MANY
@given(path=POSTS, body=st.binary(max_size=200), kind=st.sampled_from(["application/json", "text/plain", "", "x/y;z"]))
def test_no_bytes_are_an_error_of_ours(known: Client, path: str, body: bytes, kind: str) -> None:
    """What is no JSON at all."""
    answer = known.post(f"/api/v1{path}", data=body, headers={"Content-Type": kind})
    assert answer.status_code in (400, 403, 404, 422, 503)


@MANY
@given(path=GETS, query=QUERY)
def test_no_query_is_an_error_of_ours(known: Client, path: str, query: dict[str, str]) -> None:
    """Any value of any parameter."""
    assert known.get(f"/api/v1{path}", params=query).status_code in (422, 503)


@MANY
@given(path=st.text(max_size=40))
def test_no_path_is_an_error_of_ours(known: Client, path: str) -> None:
    """Any address."""
    answer = known.get("/" + path)
    assert answer.status_code in (200, 303, 308, 400, 401, 403, 404, 405, 429)


@MANY
@given(
    content=st.binary(min_size=1, max_size=300), head=st.sampled_from([b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
)
def test_what_is_no_http_ends_its_own_connection(bare: Web, content: bytes, head: bytes) -> None:
    """Nothing on standard error, and the next one is served."""
    host, port = bare.address.split(":")
    with socket.create_connection((host, int(port)), timeout=5) as raw:
        raw.sendall(head + content + b"\r\n\r\n")
        raw.shutdown(socket.SHUT_WR)
        while raw.recv(65536):
            pass
    assert bare.client("").get("/healthz").ok
    assert bare.errors == ""
