"""Answers to SIGTERM

What a process can do when it is asked to stop.
"""

import signal
import sys
import time
from typing import Annotated

from procession import report

from ._declare import ALL_DAY, Range, workload


@workload(
    "ignore-sigterm",
    title="Ignore SIGTERM",
    look_at="Terminate it: the grace period counts down, then SIGKILL ends it and the exit code is −9.",
    stuck_after_s=ALL_DAY,
)
def ignore_sigterm(seconds: Annotated[float, Range(0, 86_400), "how long to run"] = 300) -> None:
    """Ignores SIGTERM, so that only SIGKILL ends it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(seconds)


@workload(
    "slow-shutdown",
    look_at="Terminate it: it cleans up and exits with code 0, or is killed where the grace period is shorter.",
    stuck_after_s=ALL_DAY,
)
def slow_shutdown(seconds: Annotated[float, Range(0, 3600), "how long the clean-up takes"] = 3) -> None:
    """Runs until it is asked to stop, then takes its time to clean up and exits with code 0."""
    signal.signal(signal.SIGTERM, stop)
    try:
        time.sleep(ALL_DAY)
    finally:
        clean_up(seconds)


def stop(*_: object) -> None:
    """End the work; ignore further SIGTERMs, which would interrupt the clean-up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def clean_up(seconds: float) -> None:
    """Report ten steps that take ``seconds`` together."""
    for step in range(1, 11):
        time.sleep(seconds / 10)
        report(step, 10, "cleaning up")
    print("cleaned up")
