"""First steps

A function and a class: the two ways to define a process.
"""

import multiprocessing
import time
from typing import Annotated

from procession import report

from ._declare import ALL_DAY, Range, workload


@workload(
    "sleep",
    look_at="An idle process: running, no CPU, one thread. Suspend and resume it, terminate it, join it.",
    stuck_after_s=ALL_DAY,
)
def sleep(seconds: Annotated[float, Range(0, 86_400), "how long to sleep"] = 60) -> None:
    """Sleeps for a while, then exits with code 0."""
    time.sleep(seconds)


@workload(
    "subclass",
    title="Process subclass",
    look_at="The target is a Process subclass whose run() method reports its progress.",
)
class Countdown(multiprocessing.Process):
    """A Process subclass whose run() counts down and exits with code 0."""

    def __init__(self, seconds: Annotated[int, Range(0, 3600), "where the countdown starts"] = 10) -> None:
        super().__init__()
        self.seconds = seconds

    def run(self) -> None:
        for passed in range(self.seconds):
            report(passed, self.seconds)
            print(f"{self.name}: {self.seconds - passed}")
            time.sleep(1)
        report(self.seconds, self.seconds)
