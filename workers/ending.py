"""Ways to end

By an exit code, by an exception, by a signal, and again and again.
"""

import os
import resource
import sys
import time
from signal import Signals
from typing import Annotated

from ._declare import Choices, Range, workload


@workload(
    "exit-with",
    title="Exit with a code",
    look_at="The exit code and its cause in words; anything but 0 is a failure.",
)
def exit_with(code: Annotated[int, Range(0, 255), "the exit code"] = 3) -> None:
    """Ends at once with the exit code that you choose."""
    sys.exit(code)


@workload(
    "raise",
    title="Raise an exception",
    look_at="Exit code 1, the exception's last line as the cause, and the traceback in the log.",
)
def raise_error() -> None:
    """Ends by an exception that nobody catches."""
    print(f"The total is {total(['19', '23', 'thirty'])}")


def total(figures: list[str]) -> int:
    """Raises ValueError at the first figure that is none."""
    return sum(int(figure) for figure in figures)


@workload(
    "end-by-signal",
    look_at="Exit code −N after signal N, told as a signal that we did not send.",
)
def end_by_signal(
    signal: Annotated[
        str,
        Choices("SIGTERM", "SIGKILL", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGSEGV", "SIGBUS", "SIGUSR1", "SIGUSR2"),
        "the signal that it sends to itself",
    ] = "SIGKILL",
) -> None:
    """Sends a signal to itself and dies of it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core files lying about
    os.kill(os.getpid(), Signals[signal])


@workload(
    "crash-loop",
    look_at="Restarts with a growing delay, and the state fatal with its reason when they are used up.",
    restart={"policy": "on-failure", "limit": 4, "delay_s": 0.5, "max_delay_s": 5.0},
)
def crash_loop() -> None:
    """Fails soon after every start, so that its restart policy has something to do."""
    time.sleep(0.3)
    raise RuntimeError("this worker never gets far")
