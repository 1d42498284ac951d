"""One measure of one pool in a process of its own; what it gives are raw figures, in seconds and bytes.

A measure repeats its batch until its time is over and gives the median of the batches: a pool with fast tasks gets as
much time as one with slow tasks, and one disturbed batch does not count.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

from benchmarks.rows import percentile
from benchmarks.usage import cpu_clock_s, descendants, pss_bytes

from . import tasks
from .catalogue import PEERS, Peer
from .peers import Opened

TASKS = 10_000
ITEMS = 200_000
LARGE = 64
TRIPS = 2_000
BUDGET_S = 0.5

Figures = dict[str, float]


class Measured:
    """An open and warm pool, with the pids of its workers."""

    def __init__(self, peer: Peer, method: str, workers: int) -> None:
        self.peer = peer
        self.pool: Opened = peer.load()(method, workers)
        self.pids = _pids(self.pool, workers)
        self.pool.map(tasks.identity, range(64), 1)

    def count(self, usual: int) -> int:
        """Return the number of tasks for a measure."""
        return max(16, int(usual * self.peer.share))

    def memory(self) -> float:
        """Return the memory of one worker."""
        return statistics.median(pss_bytes(pid) for pid in self.pids)


def noop(at: Measured) -> Figures:
    """Submit many tasks, then get their results; measure also the CPU time of a task in all processes of the pool."""
    count = at.count(TASKS)
    at.pool.many(tasks.noop, (), count // 10)
    processes = [os.getpid(), *descendants(os.getpid())]
    used: list[float] = []

    def batch() -> None:
        before = cpu_clock_s(processes)
        at.pool.many(tasks.noop, (), count)
        used.append((cpu_clock_s(processes) - before) / count)

    took = _median(batch, count)
    return {"noop": took, "cpu": statistics.median(used), "memory-noop": at.memory()}


def map_1(at: Measured) -> Figures:
    """Map with one item in each task."""
    count = at.count(TASKS)
    return {"map-1": _median(lambda: at.pool.map(tasks.identity, range(count), 1), count)}


def map_default(at: Measured) -> Figures:
    """Map with the pool's default chunks; if these are single items, use a twentieth of the items."""
    count = ITEMS if at.peer.chunks else at.count(TASKS)
    return {"map-default": _median(lambda: at.pool.map(tasks.identity, range(count), None), count)}


def results(at: Measured) -> Figures:
    """Return results of 1 MiB."""
    took = _median(lambda: at.pool.many(tasks.give, (0,), LARGE), LARGE)
    return {"results": took, "memory-results": at.memory()}


def arguments(at: Measured) -> Figures:
    """Send arguments of 1 MiB."""
    took = _median(lambda: at.pool.many(tasks.take, (tasks.MEBIBYTE,), LARGE), LARGE)
    return {"arguments": took, "memory-arguments": at.memory()}


def roundtrip(at: Measured) -> Figures:
    """Make one call after the other."""
    trips = []
    for _ in range(at.count(TRIPS)):
        asked = time.perf_counter()
        at.pool.apply(tasks.noop)
        trips.append(time.perf_counter() - asked)
    return {"p50": percentile(trips, 50), "p99": percentile(trips, 99)}


WARM: dict[str, Callable[[Measured], Figures]] = {
    "noop": noop,
    "map-1": map_1,
    "map-default": map_default,
    "results": results,
    "arguments": arguments,
    "roundtrip": roundtrip,
}

MEASURES = (*WARM, "startup")


def measure(name: str, peer_name: str, method: str, workers: int, tell: Callable[[Figures], None]) -> None:
    """Report the figures of one measure, then end the pool."""
    peer = PEERS[peer_name]
    if name == "startup":
        pool = _startup(peer, method, workers, tell)
    else:
        measured = Measured(peer, method, workers)
        tell(WARM[name](measured))
        pool = measured.pool
    pool.close()


def _startup(peer: Peer, method: str, workers: int, tell: Callable[[Figures], None]) -> Opened:
    """Measure the time from the call of the pool's class, or from its import, to the first result."""
    began = time.perf_counter()
    load = peer.load()
    imported = time.perf_counter()
    pool = load(method, workers)
    pool.apply(tasks.noop)
    now = time.perf_counter()
    tell({"startup": now - imported, "startup-import": now - began})
    return pool


def _median(batch: Callable[[], object], count: int) -> float:
    """Return the seconds of one task in a batch of ``count``."""
    took: list[float] = []
    deadline = time.perf_counter() + BUDGET_S
    while not took or time.perf_counter() < deadline:
        began = time.perf_counter()
        batch()
        took.append((time.perf_counter() - began) / count)
    return statistics.median(took)


def _pids(pool: Opened, workers: int) -> list[int]:
    """Return the pids of all workers, from tasks that also warm them up."""
    pids: set[int] = set()
    deadline = time.monotonic() + 10
    while len(pids) < workers:
        if time.monotonic() > deadline:
            raise TimeoutError(f"only {len(pids)} of {workers} workers did something")
        pids.update(pool.many(tasks.whoami, (0,), 2 * workers))
    return sorted(pids)
