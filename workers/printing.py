"""Output

A process prints to its log, which never blocks it.
"""

import sys
import time
from typing import Annotated

from procession import report

from ._declare import Range, workload

BLOCK = ("x" * 1023 + "\n") * 64


@workload(
    "print-lines",
    look_at="The log: follow, pause and search it; it has the lines of standard error, too.",
)
def print_lines(
    rate: Annotated[float, Range(0.1, 1000), "lines per second"] = 5,
    seconds: Annotated[float, Range(0, 86_400), "how long to print"] = 60,
) -> None:
    """Prints numbered lines at a steady rate."""
    lines = int(rate * seconds)
    started = time.monotonic()
    for number in range(1, lines + 1):
        print(f"line {number} of {lines}", file=sys.stdout if number % 10 else sys.stderr)
        report(number, lines)
        wait_until(started + number / rate)


@workload(
    "flood",
    look_at="The log stays at its size limit, the process never waits, and the page stays fast.",
)
def flood(
    mb_per_s: Annotated[float, Range(0.1, 500), "megabytes per second"] = 10,
    seconds: Annotated[float, Range(0, 3600), "how long to print"] = 10,
) -> None:
    """Prints far more than anybody can read."""
    blocks = int(mb_per_s * 1_000_000 * seconds / len(BLOCK))
    started = time.monotonic()
    for number in range(1, blocks + 1):
        sys.stdout.write(BLOCK)
        report(number, blocks)
        wait_until(started + number * len(BLOCK) / 1_000_000 / mb_per_s)


def wait_until(moment: float) -> None:
    """Sleep until ``moment`` of the monotonic clock, unless it has passed."""
    time.sleep(max(0.0, moment - time.monotonic()))
