"""Start two hundred processes at once: time until the code of the last one runs, and the CPU time of the starter."""

from __future__ import annotations

import time
from pathlib import Path

from app.records.process import LaunchSpec
from tests.instance import Instance

from . import supervisord
from .ours import ROOT, Ours
from .peers import bare
from .ports import free_port
from .rows import Row, ms
from .stamps import Stamps
from .usage import cpu_s

COUNT = 200

# wall ms until the last one runs, CPU ms of who started them
Took = tuple[float, float]


def main(folder: Path) -> list[Row]:
    """Compare with the bare loop and supervisord."""
    ours, loop = _ours(folder), _bare(folder)
    rows = [_row(ours, loop, "bare loop, forkserver")]
    if supervisord.installed():
        rows.append(_row(ours, _supervisord(folder), "supervisord, of /bin/sleep"))
    return rows


def _row(ours: Took, peer: Took, name: str) -> Row:
    return Row(
        what=f"start of {COUNT}: wall (CPU of the starter)",
        ours=f"{ms(ours[0])} ({ms(ours[1])})",
        peer=f"{name} {ms(peer[0])} ({ms(peer[1])})",
        ratio=ours[0] / peer[0],
    )


def _ours(folder: Path) -> Took:
    with Instance(folder / "bursts") as instance:
        stamps, pid = Stamps(folder, "burst"), instance.supervisor_pid
        used, asked = cpu_s(pid), time.monotonic_ns()
        Ours(instance).launch(
            LaunchSpec(target="benchmarks.targets:stamp", args=(stamps.path, "burst", 600.0), path=ROOT), COUNT
        )
        last = max(stamps.wait("burst") for _ in range(COUNT))
        time.sleep(0.5)
        stamps.close()
        return (last - asked) / 1e6, (cpu_s(pid) - used) * 1000


def _bare(folder: Path) -> Took:
    with bare(folder, "forkserver", "bursts") as peer:
        peer.tell("start warm-up")
        peer.stamps.wait("exit")
        used = cpu_s(peer.pid)
        peer.tell(f"many {COUNT}")
        asked = peer.stamps.wait("called", "many")
        last = max(peer.stamps.next()[1] for _ in range(COUNT))
        time.sleep(0.5)
        return (last - asked) / 1e6, (cpu_s(peer.pid) - used) * 1000


def _supervisord(folder: Path) -> Took:
    with supervisord.running(folder, free_port(), COUNT) as peer:
        used, asked = cpu_s(peer.pid), time.monotonic_ns()
        peer.start_all()
        now = time.monotonic_ns()
        return (now - asked) / 1e6, (cpu_s(peer.pid) - used) * 1000
