"""Measure how long after a kill the exit is noticed, and the restart done: Procession, supervisord, bare loop."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.records.process import LaunchSpec, RestartPolicy
from tests.instance import Instance

from . import supervisord
from .ours import Ours
from .peers import Bare, bare
from .ports import free_port
from .rows import Row, ms, percentile
from .supervisord import Supervisord

CHILDREN = 100
ROUNDS = 25
#: Longer than a change may be held back after the one before (20 ms): an exit seldom follows a start so closely.
PAUSE_S = 0.1
AGAIN = RestartPolicy(policy="always", limit=1000, delay_s=0.1, max_delay_s=0.1, stable_s=0.0)

# (exit noticed, successor there), in ms after the kill
Took = tuple[float, float]


def main(folder: Path) -> list[Row]:
    """Return both latencies, each compared with both peers."""
    took: dict[str, list[Took]] = {}
    with ExitStack() as stack:
        sides = dict(_sides(folder, stack))
        for _ in range(ROUNDS):
            for name, kill_one in sides.items():
                time.sleep(PAUSE_S)
                took.setdefault(name, []).append(kill_one())
    return [
        *_compare(took, 0, "exit noticed"),
        *_compare(took, 1, "restarted after the kill, less the delay asked for"),
    ]


def _sides(folder: Path, stack: ExitStack) -> Iterator[tuple[str, Callable[[], Took]]]:
    instance = stack.enter_context(Instance(folder / "ending"))
    ours = Ours(instance)
    spec = LaunchSpec(workload="sleep", params={"seconds": 3600}, restart=AGAIN)
    ours.launch(spec, CHILDREN)
    ours.wait_running(CHILDREN)
    yield "ours", _Ours(ours).kill_one
    yield "bare loop", _Bare(stack.enter_context(bare(folder, "forkserver", "ending"))).kill_one
    if supervisord.installed():
        peer = stack.enter_context(supervisord.running(folder, free_port(), CHILDREN))
        yield "supervisord", _Supervisord(peer).kill_one


class _Ours:
    """Kill a process and return both latencies as seen by a client, without the delay of the restart policy."""

    def __init__(self, ours: Ours) -> None:
        self._stream = ours.watch()
        self._last = next(self._stream)
        self._pids = [(each.id, each.pid or 0) for each in ours.snapshot().processes]

    def kill_one(self) -> Took:
        victim, pid = self._pids.pop(0)
        killed = _kill(pid)
        exited, _ = self._next(victim, lambda patch: patch.get("alive") is False)
        at, patch = self._next(victim, lambda patch: bool(patch.get("backoff")))
        due = at + int((patch["backoff"]["until"] - time.time()) * 1e9)
        again, patch = self._next(victim, lambda patch: patch.get("pid") not in (None, pid))
        self._pids.append((victim, patch["pid"]))
        return (exited - killed) / 1e6, (exited - killed + again - due) / 1e6

    def _next(self, victim: str, fits: Callable[[dict[str, Any]], bool]) -> tuple[int, dict[str, Any]]:
        # One patch may bring several of the things that are waited for.
        while not (self._last[1].get("id") == victim and fits(self._last[1])):
            self._last = next(self._stream)
        return self._last


class _Bare:
    """Kill a process and return both latencies as the loop reports them."""

    def __init__(self, peer: Bare) -> None:
        self._peer = peer
        peer.tell(f"keep {CHILDREN}")
        self._pids = [self._pid_told() for _ in range(CHILDREN)]

    def kill_one(self) -> Took:
        pid = self._pids.pop(0)
        killed = _kill(pid)
        exited = self._peer.stamps.wait("exit", str(pid))
        words, again = self._peer.stamps.next()
        while words[0] != "restarted":
            words, again = self._peer.stamps.next()
        self._pids.append(int(words[1]))
        return (exited - killed) / 1e6, (again - killed) / 1e6

    def _pid_told(self) -> int:
        while True:
            words, _ = self._peer.stamps.next()
            if words[0] == "pid":
                return int(words[1])


class _Supervisord:
    """Kill a process and return both latencies as an event listener sees them."""

    def __init__(self, peer: Supervisord) -> None:
        self._peer = peer
        peer.start_all()
        self._pids = peer.pids()

    def kill_one(self) -> Took:
        pid = self._pids.pop(0)
        killed = _kill(pid)
        exited = self._peer.stamps.wait("PROCESS_STATE_EXITED")
        again = self._peer.stamps.wait("PROCESS_STATE_RUNNING")
        return (exited - killed) / 1e6, (again - killed) / 1e6


def _kill(pid: int) -> int:
    killed = time.monotonic_ns()
    os.kill(pid, signal.SIGKILL)
    return killed


def _compare(took: dict[str, list[Took]], which: int, what: str) -> Iterator[Row]:
    p50 = {name: percentile([each[which] for each in values], 50) for name, values in took.items()}
    for name in ("bare loop", "supervisord"):
        if name not in p50:
            yield Row(
                what=f"{what}, p50 of {ROUNDS}, {CHILDREN} children", ours=ms(p50["ours"]), peer=f"no {name} here"
            )
            continue
        yield Row(
            what=f"{what}, p50 of {ROUNDS}, {CHILDREN} children",
            ours=ms(p50["ours"]),
            peer=f"{name} {ms(p50[name])}",
            ratio=p50["ours"] / p50[name],
            aim="≤ 3×" if name == "bare loop" else "–",
        )
