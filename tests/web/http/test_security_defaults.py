"""Every secure default, against the real web process started with no configuration at all."""

from __future__ import annotations

import os
import re
import stat
from http.cookies import SimpleCookie

import pytest
import requests
import websocket

from tests.web.serving import Client, Web

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
POOL_ACTS = ("/api/v1/pools/p1/close", "/api/v1/pools/p1/workers/1/kill", "/api/v1/pools/p1/workers/1/stack")
HANDSHAKE = "/socket.io/?EIO=4&transport=websocket"


@pytest.fixture
def stranger(bare: Web) -> Client:
    return bare.client("")


@pytest.fixture
def operator(bare: Web) -> Client:
    return bare.client()


def test_it_listens_on_loopback_only(bare: Web) -> None:
    """No configuration, no address that others can reach."""
    assert bare.address.startswith("127.0.0.1:")


def test_the_token_is_long_and_kept_from_others(bare: Web) -> None:
    """The generated token has 192 bits, in a file that only its owner reads, in a folder of the same kind."""
    path = bare.home / "token"
    assert len(path.read_text().strip()) >= 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(bare.home.stat().st_mode) == 0o700


@pytest.mark.parametrize("path", GUARDED)
def test_everything_needs_a_token(stranger: Client, path: str) -> None:
    """401 for whoever has none, known path or not: nothing can be told apart from outside."""
    assert stranger.get(path).status_code == 401


@pytest.mark.parametrize("path", ["/healthz", "/static/lib/socket.io.esm.min.js", "/signin"])
def test_what_is_open_to_all(stranger: Client, path: str) -> None:
    """Health, static files and the sign-in page need no token."""
    assert stranger.get(path).status_code == 200


def test_readiness_says_that_there_is_no_supervisor(stranger: Client) -> None:
    """No token needed to learn that it is not ready, and why."""
    answer = stranger.get("/readyz")
    assert (answer.status_code, answer.json()["title"]) == (503, "Service Unavailable")
    assert "Retry-After" in answer.headers


@pytest.mark.parametrize("header", ["Bearer wrong", "Basic Og==", "Bearer", "", "Bearer \x80\xff"])
def test_a_wrong_token_is_refused(home: object, bare: Web, header: str) -> None:
    """Whatever is not the token is 401, with the scheme that is wanted."""
    answer = requests.get(f"{bare.url}/api/v1/session", headers={"Authorization": header.encode("latin-1")}, timeout=9)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_token_is_let_in(operator: Client) -> None:
    """The operator's token is the operator."""
    assert operator.get("/api/v1/session").json() == {"role": "operator"}


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1:80", "", "[::1]", "localhost."])
@pytest.mark.parametrize("path", ["/", "/healthz", "/static/js/main.js", "/api/v1/session", HANDSHAKE])
def test_a_strange_host_is_refused_everywhere(operator: Client, host: str, path: str) -> None:
    """DNS rebinding ends here: 403 for a Host that is not ours, even with the token."""
    assert operator.get(path, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:99"])
def test_our_own_names_are_accepted_with_any_port(operator: Client, host: str) -> None:
    """A forwarded port is fine."""
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
def test_no_other_site_changes_anything(operator: Client, method: str, path: str, headers: dict[str, str]) -> None:
    """Every unsafe method, known to us or not, is refused to other origins and sites, even with the token."""
    assert operator.request(method, path, headers=headers).status_code == 403


def test_our_own_page_may_act(bare: Web, operator: Client) -> None:
    """Same origin passes the gate (and finds no supervisor)."""
    headers = {"Origin": bare.url, "Sec-Fetch-Site": "same-origin"}
    assert operator.post("/api/v1/processes", json={"workload": "sleep"}, headers=headers).status_code == 503


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
@pytest.mark.parametrize("path", [HANDSHAKE, "/socket.io/?EIO=4&transport=polling"])
def test_no_other_site_opens_a_socket(operator: Client, origin: str, path: str) -> None:
    """The handshake of both transports is refused to other origins."""
    assert operator.get(path, headers={"Origin": origin}).status_code == 403
    assert operator.get(path, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_websocket_from_another_origin_is_refused(bare: Web) -> None:
    """The same with a real websocket handshake; our own origin gets through."""
    url = f"ws://{bare.address}{HANDSHAKE}"
    with pytest.raises(websocket.WebSocketBadStatusException, match="403"):
        websocket.create_connection(url, origin="http://evil.example")
    websocket.create_connection(url, origin=bare.url).close()


def test_a_socket_without_token_gets_nothing(bare: Web) -> None:
    """Socket.IO refuses who has neither cookie nor token."""
    with pytest.raises(Exception, match="namespaces failed to connect"), bare.browser(""):
        pass
    with pytest.raises(Exception, match="namespaces failed to connect"), bare.browser("wrong"):
        pass


def test_the_link_sets_a_session_and_takes_the_token_out_of_the_address(bare: Web, stranger: Client) -> None:
    """303 to the same address without the token; the cookie is not the token, and no script can read it."""
    answer = stranger.get(f"/events?kind=exited&token={bare.token}&q=a%26b")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/events?kind=exited&q=a%26b")
    (cookie,) = SimpleCookie(answer.headers["Set-Cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "Strict", "/", "")
    assert bare.token not in answer.headers["Set-Cookie"]
    assert stranger.get("/api/v1/session").json() == {"role": "operator"}
    assert stranger.get("/").status_code == 200


def test_behind_tls_the_cookie_is_secure(bare: Web, stranger: Client) -> None:
    """A proxy that ended TLS says so."""
    answer = stranger.get(f"/?token={bare.token}", headers={"X-Forwarded-Proto": "https"})
    assert "Secure" in answer.headers["Set-Cookie"]


def test_signing_in_by_the_form_and_out_again(bare: Web, stranger: Client) -> None:
    """The form leads where one wanted to go; signing out ends it."""
    form = {"token": bare.token, "next": "/launch"}
    answer = stranger.post("/signin", data=form, headers={"Origin": bare.url})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/launch")
    assert stranger.get("/launch").status_code == 200
    assert stranger.post("/signout").status_code == 303
    assert stranger.get("/launch").status_code == 401


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "/\tx", "javascript:1"]
)
def test_signing_in_never_leads_away(bare: Web, stranger: Client, target: str) -> None:
    """`next` is a path of ours or nothing."""
    answer = stranger.post("/signin", data={"token": bare.token, "next": target})
    assert answer.headers["Location"] == "/"


def test_every_answer_has_the_security_headers(bare: Web, operator: Client, stranger: Client) -> None:
    """Pages, API, static files, refusals and the polling transport alike."""
    polling = "/socket.io/?EIO=4&transport=polling"
    answers = [operator.get(path) for path in ("/", "/api/v1/session", "/static/js/main.js", "/nothing", polling)]
    answers += [stranger.get("/"), stranger.get("/", headers={"Host": "evil.example"})]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_pages_have_no_inline_script_or_style(operator: Client, stranger: Client) -> None:
    """What the CSP forbids is not there in the first place."""
    for page in (operator.get("/").text, stranger.get("/signin").text):
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)", page)


def test_answers_are_not_kept_but_static_files_are_checked(operator: Client) -> None:
    """API and pages are no-store; a static file has an ETag that works."""
    assert operator.get("/api/v1/session").headers["Cache-Control"] == "no-store"
    assert operator.get("/").headers["Cache-Control"] == "no-store"
    path = "/static/lib/uPlot.esm.js"
    etag = operator.get(path).headers["ETag"]
    assert operator.get(path, headers={"If-None-Match": etag}).status_code == 304


def test_the_files_of_the_page_are_kept_for_as_long_as_none_of_them_changes(operator: Client) -> None:
    """At the address that the page has; at another the same file is checked each time."""
    [path] = re.findall(r'src="(/static/@\w+/js/main.js)"', operator.get("/").text)
    answer = operator.get(path)
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    for other in ("/static/@0123456789abcdef/js/main.js", "/static/js/main.js"):
        same = operator.get(other)
        assert same.content == answer.content
        assert same.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "/static/../app/settings.py",
        "/static/%2e%2e/app/settings.py",
        "/static/..%2fMakefile",
        "/static/@1/../../Makefile",
        "/static/@1/..%2fMakefile",
    ],
)
def test_static_files_end_at_their_folder(bare: Web, path: str) -> None:
    """No way out, however it is written."""
    request = requests.Request("GET", bare.url).prepare()
    request.url = bare.url + path
    with requests.Session() as session:
        assert session.send(request, timeout=9).status_code in (401, 404)


def test_nothing_changes_by_get(operator: Client) -> None:
    """The addresses that act know no GET: 405 with what is allowed."""
    for path in (
        "/api/v1/processes/p1/terminate",
        "/api/v1/processes/p1/kill",
        "/api/v1/actions",
        "/signout",
        *POOL_ACTS,
    ):
        answer = operator.get(path)
        assert answer.status_code == 405
        assert set(answer.headers["Allow"].split(", ")) == {"OPTIONS", "POST"}


def test_targets_are_not_launched_over_http(operator: Client) -> None:
    """Code of one's own needs a setting; the refusal names it."""
    answer = operator.post("/api/v1/processes", json={"target": "os:getpid"})
    assert answer.status_code == 403
    assert "PROCESSION_ALLOW_TARGETS" in answer.json()["detail"]


def test_targets_are_not_given_to_pools_over_http(operator: Client) -> None:
    """As above; a function of the catalogue gets through (and finds no supervisor)."""
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
]


@pytest.mark.parametrize(("path", "size"), TOO_LARGE)
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_too_large_a_body_is_413(operator: Client, path: str, size: int, chunked: bool) -> None:  # noqa: FBT001
    """Said beforehand or found out while reading."""
    body = b" " * size
    answer = operator.post(path, data=iter([body]) if chunked else body)
    assert (answer.status_code, answer.json()["status"]) == (413, 413)


def test_a_stranger_cannot_make_us_read_a_large_message(operator: Client) -> None:
    """Socket.IO's polling transport has a limit too."""
    answer = operator.post("/socket.io/?EIO=4&transport=polling&sid=x", data=b"x" * 20_000)
    assert answer.status_code == 413


def test_the_journal_of_requests_does_not_exist(bare: Web, stranger: Client) -> None:
    """No log line can leak the token of a link."""
    stranger.get(f"/?token={bare.token}")
    assert bare.token not in bare.errors


def test_the_environment_is_not_leaked_by_errors(operator: Client) -> None:
    """A 404 tells what was asked, not what we are made of."""
    answer = operator.get("/api/v1/nothing")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert os.sep + "app" not in answer.text
