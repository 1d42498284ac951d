"""A client that floods the server, or keeps it waiting, costs nobody else anything."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import websocket

from app.web.http.gate import BODY_S
from app.web.http.server import MAX_STRANGERS, STRANGER_IDLE_S
from app.web.live.clients import MAX_UNAUTHENTICATED, SNAPSHOT_EVERY_S
from app.web.live.websocket import Budget
from tests.waiting import wait_until
from tests.web.conftest import VIEWER
from tests.web.serving import Launch, Web, hang_up

#: A masked text frame with the packet "6" of engine.io, which does nothing.
TINY = b"\x81\x81\0\0\0\x006"
HANDSHAKE = "/socket.io/?EIO=4&transport=websocket"
#: Generous for a busy machine; without limits, each of these floods held up others for many times as long.
SOON_S = 3.0
JOINS = 170


def connected(web: Web) -> socket.socket:
    host, port = web.address.split(":")
    return socket.create_connection((host, int(port)), timeout=20)


def is_closed(raw: socket.socket, within_s: float) -> bool:
    """Return whether the server closes the connection, whatever it sends before."""
    raw.settimeout(within_s)
    with contextlib.suppress(ConnectionResetError):
        try:
            while raw.recv(65536):
                pass
        except TimeoutError:
            return False
    return True


@contextlib.contextmanager
def flooding(web: Web, seconds: float) -> Iterator[None]:
    """Send tiny packets on a websocket that has shown no token."""
    raw = websocket.create_connection(f"ws://{web.address}{HANDSHAKE}")
    until = time.monotonic() + seconds

    def flood() -> None:
        with contextlib.suppress(OSError):
            while time.monotonic() < until:
                raw.sock.sendall(TINY * 1000)

    sender = threading.Thread(target=flood)
    sender.start()
    yield
    raw.sock.shutdown(socket.SHUT_RDWR)
    sender.join()
    raw.shutdown()


@pytest.mark.parametrize("seconds", [1.0, pytest.param(8.0, marks=pytest.mark.long)])
def test_tiny_packets_of_a_stranger_hold_nobody_up(bare: Web, seconds: float) -> None:
    """During the flood, and after it: what was sent is not all taken first."""
    client = bare.client()
    with flooding(bare, seconds):
        until = time.monotonic() + seconds + 0.5
        while time.monotonic() < until:
            began = time.monotonic()
            assert client.get("/api/v1/session").ok
            assert time.monotonic() - began < SOON_S


def test_a_budget_lets_a_page_pass_and_slows_a_flood_down() -> None:
    """Pure: the time is given."""
    budget = Budget(per_s=100, burst=1000)
    assert [budget.spend(200, now) for now in range(10, 15)] == [0, 0, 0, 0, 0]
    assert budget.spend(1000, 15) == pytest.approx(5)
    assert budget.spend(0, 20) == 0
    assert budget.spend(1000, 30) == 0


def test_requests_sent_ahead_wait_for_those_of_others(bare: Web) -> None:
    """Otherwise all of them would be answered first."""
    count, answer = 600, b"HTTP/1.1 200 OK"
    request = f"GET /healthz HTTP/1.1\r\nHost: {bare.address}\r\n\r\n".encode()
    seen = 0
    with connected(bare) as raw:

        def read() -> None:
            nonlocal seen
            rest = b""
            while seen < count and (part := raw.recv(65536)):
                text = rest + part
                seen += text.count(answer)
                rest = text[-len(answer) + 1 :]

        reader, sender = threading.Thread(target=read), threading.Thread(target=raw.sendall, args=(request * count,))
        reader.start()
        sender.start()
        wait_until(lambda: seen, SOON_S)
        with bare.client() as client:
            for _ in range(3):
                assert client.get("/api/v1/session").ok
        before = seen
        sender.join()
        reader.join()
    assert before < count
    assert seen == count


def test_strangers_keep_nobody_out(bare: Web) -> None:
    """With too many connections without a token, the oldest is closed; one with a token stays."""
    request = f"GET /api/v1/session HTTP/1.1\r\nHost: {bare.address}\r\nAuthorization: Bearer {bare.token}\r\n\r\n"
    with contextlib.ExitStack() as all_of_them, connected(bare) as known:
        known.sendall(request.encode())
        assert known.recv(65536).startswith(b"HTTP/1.1 200")
        strangers = [all_of_them.enter_context(connected(bare)) for _ in range(MAX_STRANGERS + 5)]
        assert is_closed(strangers[0], SOON_S)
        assert not is_closed(strangers[-1], 0.1)
        assert bare.client().get("/api/v1/session").ok
        known.sendall(request.encode())
        assert known.recv(65536)
        assert not is_closed(known, 0.1)


def test_websockets_of_strangers_are_limited_in_number(bare: Web) -> None:
    with contextlib.ExitStack() as all_of_them:
        opened = [
            websocket.create_connection(f"ws://{bare.address}{HANDSHAKE}", timeout=SOON_S)
            for _ in range(MAX_UNAUTHENTICATED + 2)
        ]
        for one in opened:
            all_of_them.callback(hang_up, one)
        assert is_closed(opened[0].sock, SOON_S)
        with bare.browser() as browser:
            browser.first("supervisor_away")


@pytest.mark.parametrize("length", ["Content-Length: 100000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("path", ["/api/v1/processes", "/nowhere", "/socket.io/?EIO=4&transport=polling&sid=x"])
def test_a_refused_body_closes_the_connection(bare: Web, path: str, length: str) -> None:
    """It is not read to its end, which may never come."""
    with connected(bare) as raw:
        raw.sendall(f"POST {path} HTTP/1.1\r\nHost: {bare.address}\r\n{length}\r\n\r\n".encode())
        told = b""
        while part := raw.recv(65536):
            told += part
    assert told.startswith((b"HTTP/1.1 401", b"HTTP/1.1 413"))
    assert b"Connection: close" in told


@pytest.mark.long
def test_what_does_not_arrive_in_time_is_given_up(bare: Web) -> None:
    """The body of a sign-in, that of a message, and the first request of a stranger."""
    body = "Content-Length: 100\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\nt"
    polling = "/socket.io/?EIO=4&transport=polling"
    session = bare.client().get(polling).text.split('"')[3]
    with contextlib.ExitStack() as all_of_them:
        waiting = [all_of_them.enter_context(connected(bare)) for _ in range(3)]
        for raw, path in zip(waiting, ("/signin", f"{polling}&sid={session}"), strict=False):
            raw.sendall(f"POST {path} HTTP/1.1\r\nHost: {bare.address}\r\n{body}".encode())
        began = time.monotonic()
        for raw in waiting:
            assert is_closed(raw, max(BODY_S, STRANGER_IDLE_S) + SOON_S)
        assert time.monotonic() - began < max(BODY_S, STRANGER_IDLE_S) + SOON_S


def test_a_flood_of_resyncs_gets_one_snapshot_a_second(web: Web) -> None:
    """A snapshot is the most expensive message."""
    with web.browser(VIEWER) as browser:
        browser.first("snapshot")
        began = time.monotonic()
        for _ in range(150):
            browser.emit("resync")
            time.sleep(0.01)
        wait_until(lambda: len(browser.all("snapshot")) > 1)
        took = time.monotonic() - began
        assert len(browser.all("snapshot")) <= 2 + took / SNAPSHOT_EVERY_S


def test_waiting_joins_do_not_keep_a_kill_from_being_sent(web: Web, launch: Launch) -> None:
    """They take no place of other commands; each gets its answer."""
    record = launch()
    path = f"/api/v1/processes/{record['id']}"
    operator = web.client()

    def join(_number: int) -> bool:
        with web.client() as client:
            return bool(client.post(f"{path}/join", json={"timeout_s": 60}).json()["joined"])

    with ThreadPoolExecutor(JOINS) as threads:
        joins = [threads.submit(join, number) for number in range(JOINS)]
        time.sleep(1)
        began = time.monotonic()
        answer = operator.post(f"{path}/kill")
        took = time.monotonic() - began
        joined = [each.result() for each in joins]
    assert answer.status_code == 202
    assert took < 2 * SOON_S
    assert joined == [True] * JOINS
