"""Functions for the workers of a pool

Plain ones, as in any textbook, and those that show what a pool has to survive.  They are called by jobs of a
pool, each item of a map at a time.
"""

import os
import signal
import time
from typing import Annotated

from ._declare import Range, pool_function

DAY = 86_400
MIB = 1024 * 1024
# About as long as a person needs to see a task in the table.
A_MOMENT_S = 0.2

Number = Annotated[int, Range(-1_000_000_000, 1_000_000_000), "any whole number; an item of the iterable"]
Seconds = Annotated[float, Range(0, DAY), "how long it takes"]


@pool_function(
    "square",
    look_at="Tasks per second: next to nothing is computed, so this is what the pool itself takes.",
    example={"method": "map", "iterable": {"range": [0, 100_000, 1]}, "chunksize": 1},
)
def square(number: Number) -> int:
    """Squares a number."""
    return number * number


@pool_function(
    "slow-square",
    look_at="The progress bar, its rate and the time left; suspend a worker, and its tasks move to others.",
    example={"method": "map", "iterable": {"range": [0, 200, 1]}, "chunksize": 1},
)
def slow_square(number: Number, seconds: Seconds = A_MOMENT_S) -> int:
    """Squares a number after a moment's rest."""
    time.sleep(seconds)
    return number * number


@pool_function(
    "prime-count",
    look_at="All workers busy, 100 % of a core each; results come in the order in which they are ready.",
    example={"method": "imap_unordered", "iterable": {"range": [100_000, 1_000, -1_000]}, "chunksize": 1},
)
def prime_count(limit: Annotated[int, Range(0, 10_000_000), "count the primes below this"]) -> int:
    """Counts the primes below a limit by trial division."""
    return sum(map(is_prime, range(2, limit)))


def is_prime(number: int) -> bool:
    """Whether nothing from 2 to its square root divides it."""
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True


@pool_function(
    "sleep",
    look_at="A busy worker without CPU: one task, and for how long. Kill it, and see the task lost.",
    example={"method": "apply_async", "args": [60]},
)
def sleep(seconds: Seconds) -> float:
    """Sleeps for a while and returns how long."""
    time.sleep(seconds)
    return seconds


@pool_function(
    "raise-at",
    title="Raise at n",
    look_at="One failed task with its arguments and its traceback; all others are done.",
    example={"method": "imap", "iterable": {"range": [0, 20, 1]}, "chunksize": 1},
)
def raise_at(
    number: Number, bad: Annotated[int, Range(-1_000_000_000, 1_000_000_000), "the number that it cannot bear"] = 7
) -> int:
    """Returns its number, but raises ValueError for one of them."""
    if number == bad:
        raise ValueError(f"{number} is the number that I cannot bear")
    return number


@pool_function(
    "return-big",
    title="Return something big",
    look_at="The result is cut, and says so; the pool's memory grows by what the tasks return.",
    example={"method": "map", "iterable": [1, 2, 4, 8], "chunksize": 1},
)
def return_big(mib: Annotated[float, Range(0, 256), "how much to return, in MiB"] = 1) -> bytes:
    """Returns many bytes."""
    return bytes(round(mib * MIB))


@pool_function(
    "kill-own-worker",
    look_at="Exactly one task is lost, named with its worker and the signal; a new worker takes over.",
    example={"method": "map", "iterable": {"range": [0, 20, 1]}, "chunksize": 1},
)
def kill_own_worker(
    number: Number = 7, victim: Annotated[int, Range(-1_000_000_000, 1_000_000_000), "the number that kills"] = 7
) -> int:
    """Returns its number, but for one of them kills the process that runs it."""
    if number == victim:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


@pool_function(
    "stall-at",
    title="Stall at n",
    look_at="One worker is stuck while the others finish the rest. Read its stack, kill it: one task is lost.",
    example={"method": "map", "iterable": {"range": [0, 40, 1]}, "chunksize": 1},
)
def stall_at(
    number: Number,
    bad: Annotated[int, Range(-1_000_000_000, 1_000_000_000), "the number at which it stalls"] = 7,
    seconds: Annotated[float, Range(0, DAY), "how long it stalls"] = DAY,
) -> int:
    """Returns its number after a moment, but for one of them only after a day."""
    time.sleep(seconds if number == bad else A_MOMENT_S)
    return number


@pool_function(
    "ignore-sigterm",
    title="Ignore SIGTERM",
    look_at="Terminate the worker: nothing happens. Kill it: it ends, and its task is lost.",
    example={"method": "apply_async", "args": [300]},
)
def ignore_sigterm(seconds: Seconds) -> float:
    """Sleeps for a while and lets nobody but SIGKILL disturb it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        time.sleep(seconds)
    finally:
        signal.signal(signal.SIGTERM, before)
    return seconds
