"""Getting stuck

Three ways to make no progress; compare the stacks.
"""

import itertools
import threading
import time
from typing import Annotated

from procession import report

from ._declare import Range, workload

STUCK_AFTER_S = 5.0


@workload(
    "hang",
    look_at="Stuck after 5 s: no CPU, and its stack ends in Lock.acquire.",
    stuck_after_s=STUCK_AFTER_S,
)
def hang(seconds: Annotated[float, Range(0, 86_400), "how long to wait before giving up"] = 300) -> None:
    """Waits for a lock that is never released, without using any CPU."""
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=seconds)


@workload(
    "hang-in-c",
    title="Hang in C",
    look_at="Busy, yet stuck after 5 s: during one long call it cannot report progress. SIGTERM still ends it.",
    stuck_after_s=STUCK_AFTER_S,
)
def hang_in_c(seconds: Annotated[float, Range(0, 3600), "about how long the call takes"] = 60) -> None:
    """Makes one call into C that holds the GIL and does not return for a long time."""
    steps = 10_000_000
    steps = int(steps * seconds / min(adding_takes(steps) for _ in range(3)))
    report(0, 1)
    add(steps)
    report(1, 1)


def add(steps: int) -> int:
    """Add nothing, ``steps`` times in one call; no signal handler and no other thread runs meanwhile."""
    return sum(itertools.repeat(0, steps))


def adding_takes(steps: int) -> float:
    """Return how many seconds `add` takes here."""
    started = time.perf_counter()
    add(steps)
    return time.perf_counter() - started


@workload(
    "thread-deadlock",
    look_at="Stuck after 5 s: the stacks of two threads show that each waits for the other's lock.",
    stuck_after_s=STUCK_AFTER_S,
)
def thread_deadlock() -> None:
    """Two threads acquire two locks in opposite order and wait for each other for ever."""
    left, right = threading.Lock(), threading.Lock()
    both_hold_one = threading.Barrier(2)
    threads = [
        threading.Thread(target=take_both, args=(left, right, both_hold_one), name="left first"),
        threading.Thread(target=take_both, args=(right, left, both_hold_one), name="right first"),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def take_both(first: threading.Lock, second: threading.Lock, both_hold_one: threading.Barrier) -> None:
    """Acquire both locks, in the given order."""
    with first:
        both_hold_one.wait()
        with second:
            print("never printed")
