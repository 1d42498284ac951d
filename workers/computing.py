"""CPU and memory

Workloads to watch in the charts.
"""

import os
import time
from pathlib import Path
from typing import Annotated

from procession import report

from ._declare import ALL_DAY, Range, workload

MIB = 1024 * 1024


@workload(
    "burn-cpu",
    title="Burn CPU",
    look_at="100 % of one core in the CPU chart; the stack shows a busy Python loop.",
)
def burn_cpu(seconds: Annotated[float, Range(0, 86_400), "how long to compute"] = 30) -> None:
    """Keeps one core busy in a Python loop."""
    started = time.monotonic()
    while (passed := time.monotonic() - started) < seconds:
        report(passed, seconds)
        sum(number * number for number in range(1000))
    report(seconds, seconds)


@workload(
    "allocate-memory",
    look_at="Memory (RSS) grows to the chosen size, stays there, and is freed at the end.",
    stuck_after_s=ALL_DAY,
)
def allocate_memory(
    mib: Annotated[int, Range(1, 4096), "how much to allocate, in MiB; at most half of the free memory"] = 256,
    seconds: Annotated[float, Range(0, 86_400), "how long to hold it"] = 30,
) -> None:
    """Allocates memory, writes to every page of it, holds it for a while, then frees it."""
    free = free_mib()
    if mib > free / 2:
        raise MemoryError(f"{mib} MiB is more than half of the {free} MiB that are free")
    held = []
    for number in range(mib):
        held.append(bytearray(os.urandom(1)) * MIB)
        report(number + 1, mib)
    time.sleep(seconds)


def free_mib() -> int:
    """Return the available memory according to the kernel, in MiB."""
    _, _, after = Path("/proc/meminfo").read_text().partition("MemAvailable:")
    return int(after.split()[0]) // 1024


@workload(
    "count-primes",
    look_at="A progress bar with numbers: every step is reported, at almost no cost.",
)
def count_primes(
    limit: Annotated[int, Range(2, 10_000_000), "count the primes below this"] = 300_000,
) -> None:
    """Counts the primes below a limit and reports its progress."""
    primes = 0
    for number in range(2, limit):
        primes += is_prime(number)
        report(number, limit)
    report(limit, limit, f"{primes} primes")
    print(f"{primes} primes below {limit}")


def is_prime(number: int) -> bool:
    """Return whether no number from 2 to the square root divides ``number``."""
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True
