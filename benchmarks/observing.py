"""Measure what observation costs a program: the same work with and without it, in turn, in one run.

Each figure is the least of several rounds, CPU time rather than wall time where that says the same: other load makes
things slower, never faster.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from procession.observer import joined, variables
from tests.conformance.compare import listening

from .rows import Row

WORK = Path(__file__).with_name("observed_work.py")
ROUNDS = 5
STARTS = 40
# What is measured, by the name of its function in `observed_work`: how it is told, its unit in seconds, the aim.
COSTS = {
    "program": ("CPU of a program with a pool, queues and locks", "ms", 1e3, "≤ 1.05×"),
    "queue": ("Queue: put and get, CPU", "µs", 1e6, "≤ 1.10×"),
    "simple_queue": ("SimpleQueue: put and get, CPU", "µs", 1e6, "≤ 1.10×"),
    "lock": ("uncontended Lock: acquire and release", "ns", 1e9, "≤ 1.50×"),
    "tasks": ("Pool: an empty task, chunksize 1, CPU", "µs", 1e6, "–"),
}
METHODS = ("fork", "forkserver", "spawn")
OWNERS = "owners noted"


def main(folder: Path) -> list[Row]:
    """Return rows that compare observed with unobserved work."""
    # Compiled once, as it would be on any machine.
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(dir=folder) as place, listening(place) as socket:
        environs = {
            "observed": joined(bare, variables(str(socket), "p1")),
            "bare": bare,
            OWNERS: joined(bare, variables(str(socket), "p1", owners=True)),
        }
        rows = [_row(name, _least(name, environs)) for name in COSTS]
        lock = _least("lock", environs)
        rows.append(_row("lock", {"observed": lock[OWNERS], "bare": lock["bare"]}, f", {OWNERS}", "≤ 3.00×"))
        rows += [_process(method, _least(f"start_{method}", environs)) for method in METHODS]
        return [*rows, *(_start(what, code, aim, environs) for what, code, aim in STARTING)]


STARTING = (
    ("start of an interpreter, CPU", "", "≤ +1 ms"),
    ("start of one that imports multiprocessing.pool, CPU", "import multiprocessing.pool", "–"),
)


def _row(name: str, seconds: Mapping[str, float], more: str = "", aim: str = "") -> Row:
    what, unit, scale, usual = COSTS[name]
    ours, bare = seconds["observed"], seconds["bare"]
    return Row(
        what=what + more,
        ours=f"{ours * scale:.3g} {unit}",
        peer=f"{bare * scale:.3g} {unit}",
        ratio=ours / bare,
        aim=aim or usual,
    )


def _process(method: str, seconds: Mapping[str, float]) -> Row:
    ours, bare = seconds["observed"] * 1e3, seconds["bare"] * 1e3
    return Row(
        what=f"start and join of a process by {method}, CPU",
        ours=f"{ours:.2f} ms (+{(ours - bare) * 1e3:.0f} µs)",
        peer=f"{bare:.2f} ms",
        ratio=ours / bare,
        aim="≤ 1.05×",
    )


def _least(name: str, environs: Mapping[str, dict[str, str]]) -> dict[str, float]:
    """Return the seconds of some work in each environment."""
    rounds: dict[str, list[float]] = {how: [] for how in environs}
    for number in range(ROUNDS):
        # In turn, and the other way round each second time: whatever warms up or slows down does so for all.
        for how in list(environs)[:: 1 if number % 2 else -1]:
            told = subprocess.run(
                [sys.executable, WORK, name], env=environs[how], stdout=subprocess.PIPE, check=True, timeout=120
            )
            rounds[how].append(json.loads(told.stdout))
    return {how: min(seconds) for how, seconds in rounds.items()}


def _start(what: str, code: str, aim: str, environs: Mapping[str, dict[str, str]]) -> Row:
    """Return the CPU time of starting an interpreter: the lower quartile of many runs."""
    rounds: dict[str, list[float]] = {"observed": [], "bare": []}
    for _ in range(STARTS):
        for how, costs in rounds.items():
            pid = os.posix_spawn(sys.executable, [sys.executable, "-c", code], environs[how])
            used = os.wait4(pid, 0)[2]
            costs.append(used.ru_utime + used.ru_stime)
    ours, bare = (statistics.quantiles(rounds[how], n=4)[0] * 1e3 for how in ("observed", "bare"))
    return Row(what=what, ours=f"{ours:.1f} ms (+{ours - bare:.2f})", peer=f"{bare:.1f} ms", ratio=ours / bare, aim=aim)
