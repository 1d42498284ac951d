"""Measure what supervising a thousand processes costs while one browser watches."""

from __future__ import annotations

from pathlib import Path

import socketio

from app.records.process import LaunchSpec
from tests.instance import Instance

from .ours import Ours
from .rows import Row
from .usage import cpu_percent, rss_mib

CHILDREN = 1000
AT_ONCE = 100
SECONDS = 15.0


def main(folder: Path) -> list[Row]:
    """Return CPU and memory of the supervisor and of the web process."""
    with Instance(folder / "watching") as instance:
        ours = Ours(instance)
        for _ in range(CHILDREN // AT_ONCE):
            ours.launch(LaunchSpec(workload="sleep", params={"seconds": 3600}), AT_ONCE)
        ours.wait_running(CHILDREN)
        pids = [instance.supervisor_pid, instance.web_pid, instance.serve.pid]
        deltas = 0

        def count(*_: object) -> None:
            nonlocal deltas
            deltas += 1

        client = socketio.Client()
        client.on("delta", count)
        client.connect(instance.base, auth={"token": instance.token}, transports=["websocket"])
        supervisor, web, launcher = cpu_percent(pids, SECONDS)
        client.disconnect()
        told = f"with {CHILDREN} children and one browser ({deltas / SECONDS:.1f} deltas/s)"
        return [
            Row(what=f"supervisor CPU {told}", ours=f"{supervisor:.2f} % of a core", aim="≤ 2 %"),
            Row(what="… web process CPU", ours=f"{web:.2f} %"),
            Row(what="… launcher CPU", ours=f"{launcher:.2f} %"),
            Row(what="… RSS supervisor + web", ours=f"{rss_mib(pids[0]):.0f} + {rss_mib(pids[1]):.0f} MiB"),
        ]
