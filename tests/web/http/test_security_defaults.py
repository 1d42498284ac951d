"""Every secure default of the real web process, started without any settings."""

from __future__ import annotations

import os
import re
import stat
from http.cookies import SimpleCookie

import pytest
import requests
import websocket

from tests.web.serving import Client, Web, hang_up

UNSAFE = [
    ("POST", "/api/v1/processes"),
    ("POST", "/api/v1/processes/p1/terminate"),
    ("POST", "/api/v1/actions"),
    ("PUT", "/api/v1/processes/p1"),
    ("PATCH", "/api/v1/processes/p1"),
    ("DELETE", "/api/v1/processes/p1"),
    ("POST", "/api/v1/pools"),
    ("POST", "/api/v1/pools/p1/jobs"),
    ("POST", "/api/v1/pools/p1/terminate"),
    ("POST", "/api/v1/pools/p1/workers/1/kill"),
    ("DELETE", "/api/v1/pools/p1"),
    ("POST", "/signin"),
    ("POST", "/signout"),
    ("POST", "/nowhere"),
]
GUARDED = [
    "/api/v1/session",
    "/api/v1/snapshot",
    "/api/v1/processes",
    "/api/v1/processes/p1",
    "/api/v1/processes/p1/log",
    "/api/v1/processes/p1/inspect",
    "/api/v1/workloads",
    "/api/v1/pools",
    "/api/v1/pools/p1",
    "/api/v1/pools/functions",
    "/api/v1/pools/p1/jobs/1",
    "/api/v1/events",
    "/api/v1/openapi.json",
    "/api/v1/nothing",
    "/metrics",
    "/",
    "/events",
    "/launch",
    "/processes/p1",
    "/pools",
    "/pools/p1",
    "/nothing",
]
POOL_ACTIONS = ("/api/v1/pools/p1/close", "/api/v1/pools/p1/workers/1/kill", "/api/v1/pools/p1/workers/1/stack")
HANDSHAKE = "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
def anonymous(bare: Web) -> Client:
    return bare.client("")


@pytest.fixture
def operator(bare: Web) -> Client:
    return bare.client()


def test_server_listens_on_loopback_only(bare: Web) -> None:
    assert bare.address.startswith("127.0.0.1:")


def test_the_token_is_long_and_readable_by_its_owner_only(bare: Web) -> None:
    """It has 192 bits; its directory is private too."""
    path = bare.home / "token"
    assert len(path.read_text().strip()) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bare.home.stat().st_mode) == 0o700


@pytest.mark.parametrize("path", GUARDED)
def test_everything_needs_a_token(anonymous: Client, path: str) -> None:
    """Without one, known and unknown paths are both 401, so that they cannot be told apart."""
    assert anonymous.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/static/lib/main.js", "/signin"])
def test_health_static_files_and_sign_in_need_no_token(anonymous: Client, path: str) -> None:
    assert anonymous.get(path).status_code == 200


def test_readiness_without_a_supervisor_is_503(anonymous: Client) -> None:
    """No token is needed."""
    answer = anonymous.get("/readyz")
    assert (answer.status_code, answer.json()["title"]) == (503, "Service Unavailable")
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic Og==", "Bearer", "", "Bearer \x80\xff"])
def test_a_wrong_token_is_refused(home: object, bare: Web, header: str) -> None:
    """The answer is 401 and names the Bearer scheme."""
    answer = requests.get(f"{bare.url}/api/v1/session", headers={"Authorization": header.encode("latin-1")}, timeout=9)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_token_has_the_operators_role(operator: Client) -> None:
    assert operator.get("/api/v1/session").json() == {"role": "operator"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", "", "[::1]", "localhost."])
@pytest.mark.parametrize("path", ["/", "/healthz", "/static/js/main.js", "/api/v1/session", HANDSHAKE])
def test_an_unknown_host_header_is_refused_everywhere(operator: Client, host: str, path: str) -> None:
    """This prevents DNS rebinding: the answer is 403 even with the token."""
    assert operator.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99"])
def test_loopback_host_names_are_accepted_with_any_port(operator: Client, host: str) -> None:
    """The port may be forwarded."""
    assert operator.get("/api/v1/session", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(("method", "path"), UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_unsafe_requests_from_other_sites_are_refused(
    operator: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    """This holds for every unsafe method and path, even with the token."""
    assert operator.request(method, path, headers=headers).status_code == 403


def test_requests_from_the_same_origin_are_accepted(bare: Web, operator: Client) -> None:
    """The answer is 503 only because no supervisor is running."""
    headers = {"Origin": bare.url, "Sec-Fetch-Site": "same-origin"}
    assert operator.post("/api/v1/processes", json={"workload": "sleep"}, headers=headers).status_code == 503


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", [HANDSHAKE, "/socket.io/?EIO=4&transport=polling"])
def test_socket_handshake_from_another_site_is_refused(operator: Client, origin: str, path: str) -> None:
    """This holds for both transports."""
    assert operator.get(path, headers={"Origin": origin}).status_code == 403
    assert operator.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_websocket_from_another_origin_is_refused(bare: Web) -> None:
    """A real websocket handshake is tried; the same origin is accepted."""
    url = f"ws://{bare.address}{HANDSHAKE}"
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, origin="http://evil.example")
    hang_up(websocket.create_connection(url, origin=bare.url))


def test_a_socket_without_a_valid_token_is_refused(bare: Web) -> None:
    with pytest.raises(Exception, match="namespaces failed to connect"), bare.browser(""):
        pass
    with pytest.raises(Exception, match="namespaces failed to connect"), bare.browser("wrong"):
        pass


def test_the_link_sets_a_session_cookie_and_removes_the_token_from_the_url(bare: Web, anonymous: Client) -> None:
    """It redirects with 303; the cookie is not the token, and scripts cannot read it."""
    answer = anonymous.get(f"/events?kind=exited&token={bare.token}&q=a%26b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/events?kind=exited&q=a%26b")
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Strict", "/", "")
    assert bare.token not in answer.headers["Set-Cookie"]
    assert anonymous.get("/api/v1/session").json() == {"role": "operator"}
    assert anonymous.get("/").status_code == 200


def test_behind_tls_the_cookie_is_secure(bare: Web, anonymous: Client) -> None:
    """The proxy that terminates TLS sets X-Forwarded-Proto."""
    answer = anonymous.get(f"/?token={bare.token}", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]


def test_the_form_signs_in_and_redirects_and_signing_out_ends_the_session(bare: Web, anonymous: Client) -> None:
    form = {"token": bare.token, "next": "/launch"}
    answer = anonymous.post("/signin", data=form, headers={"Origin": bare.url})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/launch")
    assert anonymous.get("/launch").status_code == 200
    assert anonymous.post("/signout").status_code == 303
    assert anonymous.get("/launch").status_code == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "javascript:1"]
)
def test_signing_in_never_redirects_to_another_site(bare: Web, anonymous: Client, target: str) -> None:
    """`next` must be a path of this server."""
    answer = anonymous.post("/signin", data={"token": bare.token, "next": target})
    assert answer.headers["Location"] == "/"


def test_every_answer_has_the_security_headers(bare: Web, operator: Client, anonymous: Client) -> None:
    """Pages, API, static files, refusals and the polling transport are checked."""
    polling = "/socket.io/?EIO=4&transport=polling"
    answers = [operator.get(path) for path in ("/", "/api/v1/session", "/static/js/main.js", "/nothing", polling)]
    answers += [anonymous.get("/"), anonymous.get("/", headers={"Host": "evil.example"})]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_have_no_inline_script_or_style(operator: Client, anonymous: Client) -> None:
    """The Content-Security-Policy forbids both."""
    for page in (operator.get("/").text, anonymous.get("/signin").text):
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", page)


def test_pages_and_api_are_not_cached_and_static_files_are_revalidated(operator: Client) -> None:
    """A static file has an ETag that works."""
    assert operator.get("/api/v1/session").headers["Cache-Control"] == "no-store"
    assert operator.get("/").headers["Cache-Control"] == "no-store"
    path = "/static/lib/main.js"
    etag = operator.get(path).headers["ETag"]
    same = operator.get(path, headers={"If-None-Match": etag})
    assert (same.status_code, same.headers["Cache-Control"]) == (304, "no-cache")


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app/settings.py",
        "/static/%2e%2e/app/settings.py",
        "/static/..%2fMakefile",
    ],
)
def test_static_files_outside_their_directory_are_not_served(bare: Web, path: str) -> None:
    request = requests.Request("GET", bare.url).prepare()
    request.url = bare.url + path
    with requests.Session() as session:
        assert session.send(request, timeout=9).status_code in (401, 404)


def test_get_on_an_action_is_405(operator: Client) -> None:
    for path in (
        "/api/v1/processes/p1/terminate",
        "/api/v1/processes/p1/kill",
        "/api/v1/actions",
        "/signout",
        *POOL_ACTIONS,
    ):
        answer = operator.get(path)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_launching_a_target_is_refused_by_default(operator: Client) -> None:
    """The refusal names the setting that permits it."""
    answer = operator.post("/api/v1/processes", json={"target": "os:getpid"})
    assert answer.status_code == 403
    assert "PROCESSION_ALLOW_TARGETS" in answer.json()["detail"]


def test_submitting_a_target_to_a_pool_is_refused_by_default(operator: Client) -> None:
    """A catalogue function is accepted; the answer is 503 only because no supervisor is running."""
    jobs = "/api/v1/pools/p1/jobs"
    answer = operator.post(jobs, json={"method": "apply", "function": "os:getpid"})
    assert answer.status_code == 403
    assert "PROCESSION_ALLOW_TARGETS" in answer.json()["detail"]
    assert operator.post(jobs, json={"method": "apply", "function": "square", "args": [1]}).status_code == 503


TOO_LARGE = [
    ("/api/v1/processes", 65537),
    ("/api/v1/processes/p/kill", 16385),
    ("/api/v1/pools", 16385),
    ("/api/v1/pools/p/jobs", 262145),
    ("/api/v1/programs", 262145),
]


@pytest.mark.parametrize(("path", "size"), TOO_LARGE)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_over_the_limit_is_413(operator: Client, path: str, size: int, chunked: bool) -> None:  # noqa: FBT001
    """The size is read from the header, or found out while reading."""
    body = b" " * size
    answer = operator.post(path, data=iter([body]) if chunked else body)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_a_large_polling_message_is_413(operator: Client) -> None:
    answer = operator.post("/socket.io/?EIO=4&transport=polling&sid=x", data=b"x" * 20_000)
    assert answer.status_code == 413


def test_requests_are_not_logged(bare: Web, anonymous: Client) -> None:
    """A log line could leak the token of a link."""
    anonymous.get(f"/?token={bare.token}")
    assert bare.token not in bare.errors


def test_an_error_does_not_reveal_file_paths(operator: Client) -> None:
    answer = operator.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert os.sep + "app" not in answer.text
