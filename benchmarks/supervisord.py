"""supervisord as a peer: its configuration, its XML-RPC interface, and a listener for its events.

Run as a module it is that listener: supervisord talks to it by standard input and output, and it passes on what it
hears, with the time, into the fifo.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .stamps import Stamps
from .usage import until

CONFIG = """
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile={folder}/supervisord.pid
minfds=8192
minprocs=100
[unix_http_server]
file={folder}/supervisord.sock
[inet_http_server]
port=127.0.0.1:{port}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:kept]
command=/bin/sleep 600
process_name=kept-%(process_num)d
numprocs={count}
autostart=false
autorestart=true
startsecs=0
stdout_logfile=NONE
stderr_logfile=NONE
[eventlistener:listener]
command={python} -m benchmarks.supervisord {fifo}
directory={root}
events=PROCESS_STATE
buffer_size=4096
"""


class Supervisord:
    """A running supervisord; `start_all` starts its programs."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, count: int, stamps: Stamps) -> None:
        self.pid = process.pid
        self.count = count
        self.stamps = stamps
        self.rpc = xmlrpc.client.ServerProxy(f"http://127.0.0.1:{port}/RPC2")

    def start_all(self) -> None:
        """Start every program, and wait until all are reported as running."""
        self.rpc.supervisor.startProcessGroup("kept", False)
        for _ in range(self.count):
            self.stamps.wait("PROCESS_STATE_RUNNING", seconds=60)

    def pids(self) -> list[int]:
        """Return the pids of the programs."""
        told = self.rpc.supervisor.getAllProcessInfo()
        assert isinstance(told, list)
        return [each["pid"] for each in told if each["group"] == "kept" and each["pid"]]


def installed() -> bool:
    """Return whether supervisord is installed next to our Python."""
    return shutil.which("supervisord", path=str(Path(sys.executable).parent)) is not None


@contextmanager
def running(folder: Path, port: int, count: int) -> Iterator[Supervisord]:
    """A supervisord with ``count`` programs that do nothing; none is started yet."""
    stamps = Stamps(folder, f"supervisord-{count}")
    config = folder / f"supervisord-{count}.conf"
    told = {"folder": folder, "port": port, "count": count, "python": sys.executable, "fifo": stamps.path}
    config.write_text(CONFIG.format(**told, root=Path(__file__).parents[1]))
    command = (str(Path(sys.executable).with_name("supervisord")), "-c", str(config))
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        stamps.wait("ready")
        peer = Supervisord(process, port, count, stamps)
        until(lambda: _answers(peer), 10, "supervisord does not answer")
        yield peer
    finally:
        process.terminate()
        process.wait(60)
        stamps.close()


def _answers(peer: Supervisord) -> bool:
    try:
        return bool(peer.rpc.supervisor.getState())
    except OSError:
        return False


def listen(fifo: str) -> None:
    """Run as an event listener, until supervisord closes our standard input."""
    with Path(fifo).open("w", buffering=1) as out:
        out.write(f"ready {time.monotonic_ns()}\n")
        while True:
            sys.stdout.write("READY\n")
            sys.stdout.flush()
            header = sys.stdin.readline()
            now = time.monotonic_ns()
            if not header:
                return
            told = dict(pair.split(":", 1) for pair in header.split())
            payload = dict(pair.split(":", 1) for pair in sys.stdin.read(int(told["len"])).split())
            if payload["groupname"] == "kept":  # We are one of its processes too
                out.write(f"{told['eventname']} {payload['processname']} {payload.get('pid', '0')} {now}\n")
            sys.stdout.write("RESULT 2\nOK")
            sys.stdout.flush()


if __name__ == "__main__":
    listen(sys.argv[1])
