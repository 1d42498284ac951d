"""Measure the time from the request until the user's code runs: with Procession and with the bare loop, in turn."""

from __future__ import annotations

import time
from pathlib import Path

from app.records.process import LaunchSpec
from tests.instance import Instance

from .bare import LINGER_S
from .ours import ROOT, Ours
from .peers import Bare, bare
from .rows import Row, median, ms
from .stamps import Stamps

METHODS = ("forkserver", "spawn", "fork")
ROUNDS = 40
WARM_UP = 3


def main(folder: Path) -> list[Row]:
    """Return a row for each start method."""
    with Instance(folder / "starting") as instance:
        ours, stamps = Ours(instance), Stamps(folder, "started")
        rows = [_compare(folder, ours, stamps, method) for method in METHODS]
        stamps.close()
    return rows


def _compare(folder: Path, ours: Ours, stamps: Stamps, method: str) -> Row:
    mine, theirs = [], []
    with bare(folder, method, "starting") as peer:
        for number in range(ROUNDS + WARM_UP):
            mine.append(_through_us(ours, stamps, method, f"{method}-{number}"))
            theirs.append(_bare(peer, f"{number}"))
    at_us, at_them = median(mine[WARM_UP:]), median(theirs[WARM_UP:])
    return Row(
        what=f"start until user code runs, {method}, median of {ROUNDS}",
        ours=ms(at_us),
        peer=f"bare Process.start() {ms(at_them)}",
        ratio=at_us / at_them,
        aim="≤ 1.2×",
    )


def _through_us(ours: Ours, stamps: Stamps, method: str, tag: str) -> float:
    spec = LaunchSpec(
        target="benchmarks.targets:stamp",
        args=(stamps.path, tag, LINGER_S),
        path=ROOT,
        start_method=method,  # type: ignore[arg-type]
    )
    asked = time.monotonic_ns()
    process = ours.launch(spec)[0]
    took = stamps.wait(tag) - asked
    ours.join(process.id)
    return took / 1e6


def _bare(peer: Bare, tag: str) -> float:
    peer.tell(f"start {tag}")
    called = peer.stamps.wait("called", tag)
    took = peer.stamps.wait(tag) - called
    peer.stamps.wait("exit")
    return took / 1e6
