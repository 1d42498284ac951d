"""Functions for the workers of a pool

Plain ones, as in any textbook, and some that cause the failures a pool has to survive.  A job calls them, once or for
each item.
"""

import os
import signal
import time
from typing import Annotated

from ._declare import Range, pool_function

DAY = 86_400
MIB = 1024 * 1024
# Long enough to see a task in the table.
A_MOMENT_S = 0.2

Number = Annotated[int, Range(-1_000_000_000, 1_000_000_000), "any whole number; an item of the iterable"]
Seconds = Annotated[float, Range(0, DAY), "how long it takes"]


@pool_function(
    "square",
    look_at="Tasks per second: the function does almost nothing, so this is the overhead of the pool itself.",
    example={"method": "map", "iterable": {"range": [0, 100_000, 1]}, "chunksize": 1},
)
def square(number: Number) -> int:
    """Squares a number."""
    return number * number


@pool_function(
    "slow-square",
    look_at="The progress bar, its rate and the time left. Suspend a worker: its waiting tasks move to others.",
    example={"method": "map", "iterable": {"range": [0, 200, 1]}, "chunksize": 1},
)
def slow_square(number: Number, seconds: Seconds = A_MOMENT_S) -> int:
    """Squares a number after a short sleep."""
    time.sleep(seconds)
    return number * number


@pool_function(
    "prime-count",
    look_at="All workers busy at 100 % of a core each; results come in the order in which they finish.",
    example={"method": "imap_unordered", "iterable": {"range": [100_000, 1_000, -1_000]}, "chunksize": 1},
)
def prime_count(limit: Annotated[int, Range(0, 10_000_000), "count the primes below this"]) -> int:
    """Counts the primes below a limit by trial division."""
    return sum(map(is_prime, range(2, limit)))


def is_prime(number: int) -> bool:
    """Return whether no number from 2 to the square root divides ``number``."""
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True


@pool_function(
    "sleep",
    look_at="A worker that is busy without CPU, its task and for how long. Kill it: the task is lost.",
    example={"method": "apply_async", "args": [60]},
)
def sleep(seconds: Seconds) -> float:
    """Sleeps for a while and returns for how long."""
    time.sleep(seconds)
    return seconds


@pool_function(
    "raise-at",
    title="Raise at n",
    look_at="One failed task with its arguments and traceback; all others are done.",
    example={"method": "imap", "iterable": {"range": [0, 20, 1]}, "chunksize": 1},
)
def raise_at(
    number: Number, bad: Annotated[int, Range(-1_000_000_000, 1_000_000_000), "the number that raises"] = 7
) -> int:
    """Returns its number, but raises ValueError for one of them."""
    if number == bad:
        raise ValueError(f"{number} is the number that raises")
    return number


@pool_function(
    "return-big",
    title="Return a large result",
    look_at="The result is cut, and marked so; the pool's memory grows by what the tasks return.",
    example={"method": "map", "iterable": [1, 2, 4, 8], "chunksize": 1},
)
def return_big(mib: Annotated[float, Range(0, 256), "how much to return, in MiB"] = 1) -> bytes:
    """Returns a large bytes object."""
    return bytes(round(mib * MIB))


@pool_function(
    "kill-own-worker",
    look_at="Exactly one task is lost, with its worker's pid and the signal; a new worker replaces it.",
    example={"method": "map", "iterable": {"range": [0, 20, 1]}, "chunksize": 1},
)
def kill_own_worker(
    number: Number = 7, victim: Annotated[int, Range(-1_000_000_000, 1_000_000_000), "the number that kills"] = 7
) -> int:
    """Returns its number, but kills its own process for one of them."""
    if number == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pool_function(
    "stall-at",
    title="Stall at n",
    look_at="One worker is stuck while the others finish the rest. Read its stack, then kill it: one task is lost.",
    example={"method": "map", "iterable": {"range": [0, 40, 1]}, "chunksize": 1},
)
def stall_at(
    number: Number,
    bad: Annotated[int, Range(-1_000_000_000, 1_000_000_000), "the number at which it stalls"] = 7,
    seconds: Annotated[float, Range(0, DAY), "how long it stalls"] = DAY,
) -> int:
    """Returns its number after a moment, but takes a day for one of them."""
    time.sleep(seconds if number == bad else A_MOMENT_S)
    return number


@pool_function(
    "ignore-sigterm",
    title="Ignore SIGTERM",
    look_at="Terminate the worker: it keeps running. Kill it: it ends, and its task is lost.",
    example={"method": "apply_async", "args": [300]},
)
def ignore_sigterm(seconds: Seconds) -> float:
    """Sleeps for a while, ignoring SIGTERM: only SIGKILL ends it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        time.sleep(seconds)
    finally:
        signal.signal(signal.SIGTERM, before)
    return seconds
