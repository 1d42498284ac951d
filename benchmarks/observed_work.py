"""Run one kind of work many times in a program of its own, and print the seconds of one run as JSON."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

CONTEXT = multiprocessing.get_context("fork")
REPEATS = 5


def cpu() -> float:
    """Return the CPU time of this process and of the children that it has reaped."""
    return sum(os.times()[:4])


def least(work: Callable[[], None], number: int, clock: Callable[[], float]) -> float:
    """Return the seconds of one ``work`` in the best of several runs of ``number``."""
    best = float("inf")
    for _ in range(REPEATS):
        began = clock()
        for _ in range(number):
            work()
        best = min(best, (clock() - began) / number)
    return best


def cpu_and_helpers() -> float:
    """Also of the children that still run, as the forkserver does, and of theirs.  To 10 ms, as all in /proc."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in (own, children)) + _of_helpers()


def _of_helpers() -> float:
    ticks = 0
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        # After the name, which may have spaces: user and system time, its own and of its children.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def lock() -> float:
    """Acquire and release an uncontended lock."""
    guard = CONTEXT.Lock()

    def once() -> None:
        guard.acquire()
        guard.release()

    return least(once, 50_000, time.perf_counter)


def simple_queue() -> float:
    """Put into a SimpleQueue and get from it."""
    jobs = CONTEXT.SimpleQueue()

    def once() -> None:
        jobs.put(1)
        jobs.get()

    return least(once, 5000, time.process_time)


def queue() -> float:
    """Put into a Queue, through its feeder thread, and get from it."""
    jobs = CONTEXT.Queue()

    def hundred() -> None:
        for number in range(100):
            jobs.put(number)
        for _ in range(100):
            jobs.get()

    return least(hundred, 40, time.process_time) / 100


def nothing(_: int) -> None:
    """Do nothing."""


def start_and_join(method: Literal["fork", "forkserver", "spawn"], number: int) -> float:
    """Start and join processes that do nothing, one after the other, after a first one."""
    context = multiprocessing.get_context(method)

    def once() -> None:
        process = context.Process(target=nothing, args=(0,))
        process.start()
        process.join()

    once()
    began = cpu_and_helpers()
    for _ in range(number):
        once()
    return (cpu_and_helpers() - began) / number


def start_fork() -> float:
    """Start and join processes with fork."""
    return start_and_join("fork", 200)


def start_forkserver() -> float:
    """Start and join processes with forkserver."""
    return start_and_join("forkserver", 100)


def start_spawn() -> float:
    """Start and join processes with spawn: each starts a new interpreter."""
    return start_and_join("spawn", 15)


def tasks() -> float:
    """Run many empty tasks in a pool, including the start and the end of the workers."""
    began = cpu()
    with CONTEXT.Pool(2) as pool:
        pool.map(nothing, range(20_000), chunksize=1)
        pool.close()
        pool.join()
    return (cpu() - began) / 20_000


def _work(jobs: multiprocessing.Queue[int | None], results: multiprocessing.Queue[int], guard: object) -> None:
    while (job := jobs.get()) is not None:
        with guard:  # type: ignore[attr-defined]
            results.put(sum(range(job)))


def program() -> float:
    """Run a typical program: two workers at a queue of jobs of about a millisecond, a lock, then a pool."""
    began = cpu()
    jobs: multiprocessing.Queue[int | None] = CONTEXT.Queue()
    results: multiprocessing.Queue[int] = CONTEXT.Queue()
    guard = CONTEXT.Lock()
    workers = [CONTEXT.Process(target=_work, args=(jobs, results, guard)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for _ in range(400):
        jobs.put(40_000)
    for _ in workers:
        jobs.put(None)
    for _ in range(400):
        results.get()
    for worker in workers:
        worker.join()
    with CONTEXT.Pool(2) as pool:
        pool.map(sum, [range(40_000)] * 400)
        pool.close()
        pool.join()
    return cpu() - began


if __name__ == "__main__":
    print(json.dumps(globals()[sys.argv[1]]()))
