"""The real web process and supervisor for tests, started as the launcher starts them, and clients for them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import engineio
import requests
import socketio
import websocket

from app.home import claim
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]


class Running:
    """A process of Procession, stopped at the end of the `with` block."""

    def __init__(self, module: str, home: Path, *, pass_fds: tuple[int, ...] = (), **settings: str) -> None:
        claim(home)  # before there is anything else in it
        own = {name: value for name, value in os.environ.items() if not name.startswith("PROCESSION_")}
        chosen = {"HOME": str(home), "PORT": "0"} | settings
        environment = own | {f"PROCESSION_{name}": value for name, value in chosen.items()}
        with (home / f"{module}.stderr").open("ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module],
                env=environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=pass_fds,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal if the process is still running, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(20)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()


class Web(Running):
    """The web process; the constructor waits until it answers."""

    def __init__(self, home: Path, **settings: Any) -> None:
        (home / "address").unlink(missing_ok=True)
        super().__init__("app.web", home, **settings)
        self.home = home
        self._clients: list[Client] = []
        wait_until(self._answers, 20, f"the web process answers; see {home}/app.web.stderr")
        self.address = (home / "address").read_text().strip()
        self.url = f"http://{self.address}"
        self.token = settings.get("TOKEN") or (home / "token").read_text().strip()

    @property
    def errors(self) -> str:
        """Return what the process wrote to standard error."""
        return (self.home / "app.web.stderr").read_text()

    def client(self, token: str | None = None, **headers: str) -> Client:
        """Return a client with the operator's token, another token, or none if it is empty."""
        client = Client(self.url, self.token if token is None else token, headers)
        self._clients.append(client)
        return client

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        for client in self._clients:
            client.close()
        return super().stop(number)

    def browser(
        self, token: str | None = None, transports: list[str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Browser:
        """Return a connected Socket.IO client."""
        given = self.token if token is None else token
        return Browser(self.url, given, transports or ["websocket"], headers or {})

    def _answers(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the web process ended: {self.errors}")
        address = self.home / "address"
        if not address.exists() or not (text := address.read_text().strip()):
            return False
        try:
            return requests.get(f"http://{text}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False


class Client(requests.Session):
    """An HTTP client that takes paths of the server and never follows redirects."""

    def __init__(self, url: str, token: str, headers: Mapping[str, str]) -> None:
        super().__init__()
        self.url = url
        self.trust_env = False
        self.headers.update(headers)
        if token:
            self.headers["Authorization"] = f"Bearer {token}"

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", 30)
        kwargs["allow_redirects"] = False
        return super().request(method, self.url + url, *args, **kwargs)


class Launch:
    """Launches processes over HTTP; kills and joins those still running at the end of the `with` block."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._ids: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        for process_id in self._ids:
            self._client.post(f"/api/v1/processes/{process_id}/kill")
        for process_id in self._ids:
            self._client.post(f"/api/v1/processes/{process_id}/join", json={"timeout_s": 10})

    def __call__(self, workload: str = "sleep", state: str = "running", **body: Any) -> Any:
        """Launch a process and return its record once it is in this state."""
        answer = self._client.post("/api/v1/processes", json={"workload": workload} | body)
        assert answer.status_code == 201, answer.text
        self.ends(answer.json()["id"])
        return self.wait(answer.json()["id"], state)

    def ends(self, process_id: str) -> None:
        """End this one too at the end of the block."""
        self._ids.append(process_id)

    def get(self, process_id: str) -> Any:
        """Return its current record."""
        return self._client.get(f"/api/v1/processes/{process_id}").json()

    def wait(self, process_id: str, *states: str) -> Any:
        """Return its record once it is in one of these states."""

        def reached() -> Any:
            record = self.get(process_id)
            return record if record["state"] in states and (record["booted"] or "running" not in states) else None

        return wait_until(reached, 15, f"{process_id} is {' or '.join(states)}")


class InOrder(engineio.Client):
    """An engineio client that handles messages in order, not each in a thread of its own."""

    def _trigger_event(self, event: str, *args: Any, **kwargs: Any) -> Any:
        return super()._trigger_event(event, *args, **kwargs | {"run_async": False})


class SocketClient(socketio.Client):
    """A Socket.IO client that handles messages in order."""

    def _engineio_client_class(self) -> type[engineio.Client]:
        return InOrder


def hang_up(raw: websocket.WebSocket) -> None:
    """Close a WebSocket: its own close() leaves the socket open if the server has closed the connection before."""
    raw.close()
    raw.shutdown()


class Browser:
    """A Socket.IO client that keeps every message; disconnects at the end of the `with` block."""

    def __init__(self, url: str, token: str, transports: list[str], headers: Mapping[str, str]) -> None:
        self.received: list[tuple[str, Any]] = []
        self.socket = SocketClient(reconnection=False)
        for name in ("snapshot", "delta", "log", "supervisor_away", "disconnect"):
            self.socket.on(name, self._recorder(name))
        auth = {"token": token} if token else None
        self.socket.connect(url, headers=dict(headers), auth=auth, transports=transports)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.socket.connected:  # otherwise its threads end without help, but slowly
            self.socket.disconnect()
            self.socket.eio.wait()  # not the client's own wait(), which sleeps a second first
        if self.socket.eio.ws:
            hang_up(self.socket.eio.ws)

    def all(self, name: str) -> list[Any]:
        """Return every message of this name so far."""
        return [message for kind, message in list(self.received) if kind == name]

    def first(self, name: str, deadline_s: float = 10) -> Any:
        """Return the first message of this name, once there is one."""
        return wait_until(lambda: self.all(name), deadline_s, f"a {name} message")[0]

    def emit(self, name: str, message: Any = None) -> None:
        self.socket.emit(name, message)

    def _recorder(self, name: str) -> Any:
        return lambda *message: self.received.append((name, message[0] if message else None))


class Pools:
    """Opens pools over HTTP; kills and joins their hosts at the end of the `with` block."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._launch = Launch(client)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._launch.__exit__(*exc)

    def __call__(self, processes: int = 2, **body: Any) -> Any:
        """Open a pool and return its record once all its workers are idle."""
        answer = self._client.post("/api/v1/pools", json={"processes": processes} | body)
        assert answer.status_code == 201, answer.text
        self.ends(answer.json()["id"])
        return self.wait(
            answer.json()["id"],
            lambda pool: [worker["state"] for worker in pool["workers"]] == ["idle"] * processes,
            "all workers are idle",
        )

    def ends(self, pool_id: str) -> None:
        """End this one too at the end of the block."""
        self._launch.ends(pool_id)

    def get(self, pool_id: str) -> Any:
        """Return its current record."""
        return self._client.get(f"/api/v1/pools/{pool_id}").json()

    def wait(self, pool_id: str, reached: Callable[[Any], Any], what: str) -> Any:
        """Return its record once ``reached`` is true of it."""

        def found() -> Any:
            record = self.get(pool_id)
            return record if reached(record) else None

        return wait_until(found, 20, f"of {pool_id}: {what}; now {self.get(pool_id)}")

    def submit(self, pool_id: str, method: str, function: str, **body: Any) -> Any:
        """Submit a job and return its record."""
        job = {"method": method, "function": function} | body
        answer = self._client.post(f"/api/v1/pools/{pool_id}/jobs", json=job)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def ended(self, pool_id: str, job_id: int) -> Any:
        """Return the job with its result once it has ended."""

        def found() -> Any:
            answer = self._client.get(f"/api/v1/pools/{pool_id}/jobs/{job_id}")
            if answer.status_code == 503:  # the host is ending, and its last messages have not arrived yet
                return None
            job = answer.json()
            return job if job["state"] not in ("queued", "running") else None

        return wait_until(found, 20, f"job {job_id} of {pool_id} has ended")

    def busy(self, pool_id: str) -> Any:
        """Return a worker that is running a task, once there is one."""

        def is_busy(worker: Any) -> bool:
            return worker["state"] == "busy" and worker["task"] is not None

        pool = self.wait(pool_id, lambda pool: any(map(is_busy, pool["workers"])), "a worker is busy")
        return next(filter(is_busy, pool["workers"]))
