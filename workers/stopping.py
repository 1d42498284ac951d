"""Answers to SIGTERM

What a process does when it is asked to stop.
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
    look_at="Terminate it: the grace is counted down, then SIGKILL follows and the exit code is −9.",
    stuck_after_s=ALL_DAY,
)
def ignore_sigterm(seconds: Annotated[float, Range(0, 86_400), "how long to go on"] = 300) -> None:
    """Ignores SIGTERM, so that only SIGKILL stops it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(seconds)


@workload(
    "slow-shutdown",
    look_at="Terminate it: it cleans up and ends with 0, or is killed where the grace is shorter.",
    stuck_after_s=ALL_DAY,
)
def slow_shutdown(seconds: Annotated[float, Range(0, 3600), "how long the clean-up takes"] = 3) -> None:
    """Works until it is asked to stop, then takes its time to clean up and ends with exit code 0."""
    signal.signal(signal.SIGTERM, stop)
    try:
        time.sleep(ALL_DAY)
    finally:
        clean_up(seconds)


def stop(*_: object) -> None:
    """Ends the work, once: a second SIGTERM does not hurry the clean-up."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(0)


def clean_up(seconds: float) -> None:
    """Ten steps that take ``seconds`` together."""
    for step in range(1, 11):
        time.sleep(seconds / 10)
        report(step, 10, "cleaning up")
    print("cleaned up")
