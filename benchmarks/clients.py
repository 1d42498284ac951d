"""Measure what 200 browsers cost the web process, and whether clients that stop reading slow down the others.

`python -m benchmarks.clients [--clients 200] [--stalled 5] [--hz 4] [--changed 150] [--seconds 20]`

    stand_in ──deltas of some 10 KB, 4 Hz──▶ app.web ──websocket──▶ this process: one raw socket per client

Only loopback; everything that it starts ends with it.  Latency is from the supervisor's clock in the delta (``at``) to
its arrival here, on one machine with one clock; this process reads 200 sockets itself, so it is an upper bound.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

import psutil
import websocket

HEAD = re.compile(rb'42\["(?:snapshot|delta)",\{"seq":(?P<seq>\d+)(?:,"base":(?P<base>\d+))?,"at":(?P<at>[\d.]+)')
READY_WITHIN_S = 20.0
# A write that gets nowhere is ended after 8 s; the kernel's buffers must be full before that begins.
DROPPED_WITHIN_S = 40.0


class Browser:
    """One cheap websocket client: it reads the head of a packet and never parses the rest."""

    def __init__(self, address: str, token: str) -> None:
        url = f"ws://{address}/socket.io/?EIO=4&transport=websocket"
        self.connection = websocket.create_connection(url)
        self.connection.recv()
        self.connection.send("40" + json.dumps({"token": token}))
        self.socket: socket.socket = self.connection.sock
        self.latencies: list[float] = []
        self.bytes = self.snapshots = self.gaps = 0
        self._received = bytearray()
        self._seq: int | None = None

    def read(self) -> None:
        """Read what has arrived."""
        chunk = self.socket.recv(262144)
        if not chunk:
            raise SystemExit("a reading client was dropped")
        self._received += chunk
        while (frame := self._frame()) is not None:
            if frame == b"2":
                self.connection.send("3")
            elif found := HEAD.match(frame):
                self._take(found, len(frame))

    def _frame(self) -> bytes | None:
        if len(self._received) < 10:
            return self._short_frame()
        size, start = self._received[1], 2
        if size >= 126:
            start = 4 if size == 126 else 10
            size = int.from_bytes(self._received[2:start], "big")
        return self._cut(start, size)

    def _short_frame(self) -> bytes | None:
        return self._cut(2, self._received[1]) if len(self._received) > 1 else None

    def _cut(self, start: int, size: int) -> bytes | None:
        if len(self._received) < start + size:
            return None
        frame = bytes(memoryview(self._received)[start : start + size])
        del self._received[: start + size]
        return frame

    def _take(self, found: re.Match[bytes], size: int) -> None:
        seq, base, at = int(found["seq"]), found["base"], found["at"]
        if base is None:
            self.snapshots += 1
        else:
            self.latencies.append(time.time() - float(at))
            self.bytes += size
            self.gaps += self._seq is not None and int(base) != self._seq
        self._seq = seq


def main() -> int:
    """Measure and print; return 1 if a stalled client was not disconnected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--stalled", type=int, default=5)
    parser.add_argument("--hz", type=float, default=4)
    parser.add_argument("--changed", type=int, default=150, help="processes in each delta, some 65 bytes each")
    parser.add_argument("--seconds", type=float, default=20)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"PROCESSION_HOME": home, "PROCESSION_PORT": "0"}
        count = ("200", str(chosen.changed), str(chosen.hz))
        stand_in = _start("benchmarks.stand_in", environment, *count)
        web = _start("app.web", environment)
        try:
            return _measure(chosen, psutil.Process(web.pid), Path(home))
        finally:
            for process in (web, stand_in):
                process.terminate()
                process.wait(10)


def _start(module: str, environment: dict[str, str], *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module, *arguments], env=environment, stdin=subprocess.PIPE)


def _measure(chosen: argparse.Namespace, web: psutil.Process, home: Path) -> int:
    address = _ready_address(home)
    token = (home / "token").read_text().strip()
    idle_rss = web.memory_info().rss
    browsers = [Browser(address, token) for _ in range(chosen.clients)]
    reading, stalled = browsers[chosen.stalled :], browsers[: chosen.stalled]
    _read(reading, 2.0)
    for browser in reading:
        browser.latencies.clear()
    before, began = web.cpu_times(), time.monotonic()
    _read(reading, chosen.seconds)
    after, took = web.cpu_times(), time.monotonic() - began
    cpu = (after.user + after.system - before.user - before.system) / took * 100
    latencies = sorted(latency for browser in reading for latency in browser.latencies)
    quantiles = statistics.quantiles(latencies, n=100)
    per_delta = sum(browser.bytes for browser in reading) / max(1, sum(len(b.latencies) for b in reading))
    print(f"{len(reading)} reading clients, {len(stalled)} stalled; {chosen.hz:g} Hz, {per_delta / 1e3:.1f} kB a delta")
    print(f"server: {cpu:.1f} % of a core, {web.num_threads()} threads")
    print(f"server: RSS {idle_rss / 2**20:.0f} MiB idle, {web.memory_info().rss / 2**20:.0f} MiB now")
    print(
        f"delta -> client: p50 {quantiles[49] * 1e3:.1f} ms, p99 {quantiles[98] * 1e3:.1f} ms, {len(latencies)} deltas"
    )
    print(f"gaps seen by reading clients: {sum(browser.gaps for browser in reading)}")
    waited = _wait_dropped(web, reading, stalled)
    print(f"stalled clients dropped: {'all, ' if waited is not None else 'NOT all '}", end="")
    print(f"{took + (waited or 0):.0f} s after they stopped at the latest" if waited is not None else "")
    return 0 if waited is not None else 1


def _ready_address(home: Path) -> str:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            address = (home / "address").read_text().strip()
            with urllib.request.urlopen(f"http://{address}/readyz", timeout=5):
                return address
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the web process does not become ready")


def _read(browsers: list[Browser], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with selectors.DefaultSelector() as selector:
        for browser in browsers:
            selector.register(browser.socket, selectors.EVENT_READ, browser)
        while (left := deadline - time.monotonic()) > 0:
            for key, _ in selector.select(left):
                key.data.read()


def _wait_dropped(web: psutil.Process, reading: list[Browser], stalled: list[Browser]) -> float | None:
    """Return how long until the server has closed all connections of stalled clients; None if it does not."""
    ports = {browser.socket.getsockname()[1] for browser in stalled}
    began = time.monotonic()
    while time.monotonic() < began + DROPPED_WITHIN_S:
        held = {each.raddr.port for each in web.net_connections("tcp") if each.raddr and each.status == "ESTABLISHED"}
        if not ports & held:
            return time.monotonic() - began
        _read(reading, 0.5)
    return None


if __name__ == "__main__":
    sys.exit(main())
