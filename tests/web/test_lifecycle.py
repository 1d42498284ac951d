"""The web process can stop, be killed and start again at any time, and so can the supervisor."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import websocket

from app.home import claim
from app.web.http.auth import FAILURES
from tests.waiting import wait_until
from tests.web.serving import ROOT, Running, Web


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Open a listening socket, as the launcher does."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        yield bound


def test_sigterm_ends_the_web_process_cleanly(tmp_path: Path) -> None:
    """The exit code is 0 and clients are disconnected, even if one of them reads nothing."""
    with Web(tmp_path) as web, web.browser() as browser:
        silent = websocket.create_connection(f"ws://{web.address}/socket.io/?EIO=4&transport=websocket")
        idle = socket.create_connection(web.address.split(":"))  # type: ignore[arg-type]
        assert web.stop() == 0
        browser.first("disconnect")
        silent.shutdown()
        idle.close()
        assert web.errors == ""


def test_without_a_token_nothing_is_served(tmp_path: Path) -> None:
    """A damaged token file is no empty token; the launcher has made a new one before it starts a web process."""
    claim(tmp_path)
    (tmp_path / "token").write_bytes(b"\xff\xfe")
    with Running("app.web", tmp_path) as web:
        assert web.process.wait(20) == 1
    assert "holds no token" in (tmp_path / "app.web.stderr").read_text()
    assert not (tmp_path / "address").exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_new_web_process_takes_over_the_port(tmp_path: Path, listener: socket.socket, number: signal.Signals) -> None:
    """A connection made meanwhile waits in the backlog; sessions stay valid."""
    given = {"LISTEN_FD": str(listener.fileno()), "pass_fds": (listener.fileno(),)}
    with requests.Session() as browser:
        with Web(tmp_path, **given) as first:
            assert first.address.endswith(f":{listener.getsockname()[1]}")
            browser.get(f"{first.url}/?token={first.token}", timeout=9)
            first.stop(number)
        with socket.create_connection(listener.getsockname()) as waiting:
            request = f"GET /healthz HTTP/1.1\r\nHost: {first.address}\r\nConnection: close\r\n\r\n"
            waiting.sendall(request.encode())
            with Web(tmp_path, **given) as second:
                assert waiting.recv(100).startswith(b"HTTP/1.1 200")
                assert browser.get(f"{second.url}/api/v1/session", timeout=9).json() == {"role": "operator"}


def test_clients_are_told_when_the_supervisor_is_away_and_back(tmp_path: Path) -> None:
    """Requests are 503 and browsers get `supervisor_away`; afterwards they get a new snapshot."""
    with Web(tmp_path) as web, web.browser() as browser:
        browser.first("supervisor_away")
        client = web.client()
        for method, path in [("GET", "/api/v1/snapshot"), ("POST", "/api/v1/processes"), ("GET", "/readyz")]:
            answer = client.request(method, path, json={"workload": "sleep"})
            assert (answer.status_code, answer.json()["status"]) == (503, 503)
            assert answer.headers["Retry-After"]
        with Running("app.supervisor", tmp_path) as supervisor:
            browser.first("snapshot", 20)
            wait_until(lambda: client.get("/readyz").ok)
            told = len(browser.all("supervisor_away"))
            supervisor.stop(signal.SIGKILL)
            wait_until(lambda: len(browser.all("supervisor_away")) > told)
            assert client.get("/readyz").status_code == 503
        _wait_orphans_gone(tmp_path)
        with Running("app.supervisor", tmp_path):
            wait_until(lambda: len(browser.all("snapshot")) > 1, 20)


def test_wrong_tokens_are_rate_limited(tmp_path: Path) -> None:
    """They get 429 with Retry-After, through the form too; the right token is still accepted."""
    with Web(tmp_path) as web:
        wrong, right = web.client("wrong"), web.client()
        statuses = [wrong.get("/api/v1/session").status_code for _ in range(FAILURES + 2)]
        assert statuses == [401] * FAILURES + [429] * 2
        refused = wrong.get("/api/v1/session")
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
        assert right.get("/api/v1/session").status_code == 200
        form = web.client("").post("/signin", data={"token": "wrong"})
        assert form.status_code == 429
        assert "Retry-After" in form.headers


def test_the_web_process_ends_with_its_launcher(tmp_path: Path) -> None:
    """It must not keep the port."""
    code = "import subprocess, sys, time; subprocess.Popen([sys.executable, '-m', 'app.web']); time.sleep(60)"
    ours = {"PROCESSION_HOME": str(tmp_path), "PROCESSION_PORT": "0"}
    launcher = subprocess.Popen(
        [sys.executable, "-c", f"import os; os.environ['PROCESSION_LAUNCHER_PID'] = str(os.getpid()); {code}"],
        env=os.environ | ours,
        cwd=ROOT,
    )
    try:
        address = tmp_path / "address"
        wait_until(lambda: address.exists() and _answers(address.read_text().strip()), 20)
    finally:
        launcher.kill()
        launcher.wait()
    wait_until(lambda: not _answers(address.read_text().strip()))


def test_a_stalled_browser_is_disconnected_and_others_get_every_delta(tmp_path: Path) -> None:
    """It stops reading while many deltas are sent."""
    with _stream(tmp_path, hz=10, changed=500), Web(tmp_path) as web, web.browser() as reading:
        reading.first("snapshot")
        # The stall time begins when the receive buffer is full, so the buffer is small.
        small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)]
        url = f"ws://{web.address}/socket.io/?EIO=4&transport=websocket"
        stalled = websocket.create_connection(url, sockopt=small)
        stalled.recv()
        stalled.send("40" + json.dumps({"token": web.token}))
        wait_until(lambda: _is_closed_by_peer(stalled.sock), 40)
        stalled.shutdown()
        stream = [message for name, message in reading.received if name in ("snapshot", "delta")]
        assert len(stream) > 20
        assert all(after.get("base", before["seq"]) == before["seq"] for before, after in itertools.pairwise(stream))


@contextlib.contextmanager
def _stream(home: Path, *, hz: int, changed: int) -> Iterator[None]:
    """Send generated deltas in place of the supervisor, about 65 bytes for each changed process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.stand_in", str(changed), str(changed), str(hz)],
        env=os.environ | {"PROCESSION_HOME": str(home)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
    )
    with process:
        yield
        assert process.stdin
        process.stdin.close()


def _is_closed_by_peer(sock: socket.socket) -> bool:
    """Return whether the other side has closed the connection, without reading from it."""
    states = Path("/proc/net/tcp").read_text().splitlines()[1:]
    port = f":{sock.getsockname()[1]:04X}"
    mine = [line.split() for line in states if line.split()[1].endswith(port)]
    return not any(fields[3] == "01" for fields in mine)  # TCP_ESTABLISHED


def _answers(address: str) -> bool:
    try:
        return bool(address) and requests.get(f"http://{address}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def _wait_orphans_gone(home: Path) -> None:
    """Wait until the processes that a killed supervisor left, found by PROCESSION_HOME, have ended."""

    def left() -> list[Path]:
        marked = f"PROCESSION_HOME={home}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                environment = (folder / "environ").read_bytes() if folder.name.isdigit() else b""
                command = (folder / "cmdline").read_bytes() if environment else b""
                if marked in environment.split(b"\0") and b"app.web" not in command:
                    found.append(folder)
        return found

    wait_until(lambda: not left(), 20, "the killed supervisor's helpers are gone")
