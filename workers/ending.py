"""Ways to end

By an exit code, an exception or a signal, once or repeatedly.
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
    look_at="The exit code and its cause; any code but 0 is a failure.",
)
def exit_with(code: Annotated[int, Range(0, 255), "the exit code"] = 3) -> None:
    """Exits at once with the code that you choose."""
    sys.exit(code)


@workload(
    "raise",
    title="Raise an exception",
    look_at="Exit code 1, the last line of the traceback as the cause, the whole traceback in the log.",
)
def raise_error() -> None:
    """Ends with an unhandled exception."""
    print(f"The total is {total(['19', '23', 'thirty'])}")


def total(figures: list[str]) -> int:
    """Return the sum; raises ValueError at the first figure that is not a number."""
    return sum(int(figure) for figure in figures)


@workload(
    "end-by-signal",
    look_at="Exit code −N after signal N, with a cause that says the signal came from outside Procession.",
)
def end_by_signal(
    signal: Annotated[
        str,
        Choices("SIGTERM", "SIGKILL", "SIGHUP", "SIGQUIT", "SIGABRT", "SIGSEGV", "SIGBUS", "SIGUSR1", "SIGUSR2"),
        "the signal that it sends to itself",
    ] = "SIGKILL",
) -> None:
    """Sends itself a signal that kills it."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no core files
    os.kill(os.getpid(), Signals[signal])


@workload(
    "crash-loop",
    look_at="Restarts with growing delays; after the last one the state is fatal, with the reason.",
    restart={"policy": "on-failure", "limit": 4, "delay_s": 0.5, "max_delay_s": 5.0},
)
def crash_loop() -> None:
    """Fails soon after every start, so that its restart policy applies."""
    time.sleep(0.3)
    raise RuntimeError("this worker always crashes")
