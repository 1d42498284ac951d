"""A stand-in for the supervisor that publishes generated deltas at a fixed rate, to measure the web process alone.

`python -m benchmarks.stand_in COUNT CHANGED HZ` with PROCESSION_HOME set; ends with its parent's pipe or by SIGTERM.
It is the supervisor's own control socket with an invented state behind it; every command but Subscribe is refused.
"""

from __future__ import annotations

import sys
import time

from app import settings
from app.linux.poller import Poller
from app.protocol.control import DeltaMessage, Refused, SnapshotMessage, Subscribe, encode
from app.protocol.frames import framed
from app.records.machine import Host, Supervisor
from app.records.process import Process, State
from app.records.stream import Changes, Delta, Snapshot
from app.supervisor.control.server import ControlServer


def main(count: int, changed: int, hz: float) -> None:
    """Serve until stdin ends or a signal comes."""
    poller = Poller()
    server = ControlServer(settings.load().control_path, poller)
    ended: list[int] = []
    poller.watch(sys.stdin.fileno(), ended.append)
    seq, due = 0, time.monotonic()
    while not ended:
        poller.wait(max(0.0, due - time.monotonic()))
        for client, command in server.take():
            if isinstance(command, Subscribe):
                server.subscribe(client)
                client.send(SnapshotMessage(snapshot=_snapshot(seq, count), request=command.request))
            else:
                client.send(Refused(request=command.request, kind="not_possible", detail="a stand-in"))
        if time.monotonic() >= due:
            due += 1 / hz
            seq += 1
            server.publish(framed(encode(DeltaMessage(delta=_delta(seq, changed)))))
    server.close()


def _process(number: int) -> Process:
    return Process(
        id=f"p{number}",
        name=f"worker {number}",
        workload="sleep",
        target="workers.basic:sleep",
        params={"seconds": 60},
        pid=10_000 + number,
        ppid=1,
        started_by=1,
        state=State.RUNNING,
        alive=True,
        start_time=time.time(),
        cpu_percent=1.5,
        rss_bytes=7_000_000,
    )


def _snapshot(seq: int, count: int) -> Snapshot:
    return Snapshot(
        seq=seq,
        at=time.time(),
        host=_host(),
        supervisor=Supervisor(
            pid=1, started_at=0.0, python="3", forkserver_pid=None, preload_verified=None, protected=()
        ),
        processes=tuple(_process(number) for number in range(count)),
        descendants=(),
    )


def _delta(seq: int, changed: int) -> Delta:
    patches = tuple(
        {"id": f"p{number}", "cpu_percent": seq % 100 + number / 10, "rss_bytes": 7_000_000 + seq, "threads": 1}
        for number in range(changed)
    )
    return Delta(seq=seq, base=seq - 1, at=time.time(), changed=Changes(processes=patches, host=_host()))


def _host() -> Host:
    return Host(name="bench", cores=2, cpu_percent=5.0, memory_used_bytes=1, memory_total_bytes=2)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
