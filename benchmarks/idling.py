"""Measure what supervising five hundred idle processes costs while nobody watches."""

from __future__ import annotations

from pathlib import Path

from app.records.process import LaunchSpec
from tests.instance import Instance

from . import supervisord
from .ours import Ours
from .ports import free_port
from .rows import Row
from .usage import cpu_percent, rss_mib

CHILDREN = 500
AT_ONCE = 100
SECONDS = 10.0


def main(folder: Path) -> list[Row]:
    """Compare with supervisord, which does not sample."""
    with Instance(folder / "idling") as instance:
        ours = Ours(instance)
        for _ in range(CHILDREN // AT_ONCE):
            ours.launch(LaunchSpec(workload="sleep", params={"seconds": 3600}), AT_ONCE)
        ours.wait_running(CHILDREN)
        pids = [instance.supervisor_pid, instance.web_pid]
        supervisor, web = cpu_percent(pids, SECONDS)
        told = f"{supervisor:.2f} + {web:.2f} %; {rss_mib(pids[0]):.0f} + {rss_mib(pids[1]):.0f} MiB"
    return [Row(what=f"idle at {CHILDREN}, supervisor + web: CPU; RSS", ours=told, peer=_peer(folder))]


def _peer(folder: Path) -> str:
    if not supervisord.installed():
        return "no supervisord here"
    with supervisord.running(folder, free_port(), CHILDREN) as peer:
        peer.start_all()
        used = cpu_percent([peer.pid], SECONDS)[0]
        return f"supervisord (no sampling) {used:.2f} %; {rss_mib(peer.pid):.0f} MiB"
