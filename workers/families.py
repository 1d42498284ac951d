"""Children of children

Descendants, daemons and zombies.
"""

import multiprocessing
import os
import subprocess
import time
from collections.abc import Callable
from typing import Annotated

from procession import report

from ._declare import ALL_DAY, Range, workload


@workload(
    "descendants",
    look_at="Three descendants, one of them detached. Terminate or kill it: all of them are gone afterwards.",
    stuck_after_s=ALL_DAY,
)
def descendants(seconds: Annotated[float, Range(0, 86_400), "how long each of them lives"] = 120) -> None:
    """Starts a fork, a subprocess and a daemon that detaches itself, and waits for the first two."""
    forked = fork(lambda: time.sleep(seconds))
    program = subprocess.Popen(["sleep", str(seconds)])
    print(f"fork {forked}, subprocess {program.pid}")
    start_daemon(seconds)
    os.waitpid(forked, 0)
    program.wait()


def start_daemon(seconds: float) -> None:
    """A session of its own and a parent that is gone: how daemons have always been made."""

    def detach() -> None:
        os.setsid()
        daemon = fork(lambda: time.sleep(seconds))
        print(f"daemon {daemon}")

    os.waitpid(fork(detach), 0)


def fork(work: Callable[[], object]) -> int:
    """Do ``work`` in a forked child; return its pid."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


@workload(
    "daemon-with-child",
    look_at="Exit code 1: a daemonic process may not have children. Launched without daemon it may.",
    daemon=True,
)
def daemon_with_child() -> None:
    """A daemonic process that tries to start a child, which multiprocessing refuses."""
    child = multiprocessing.Process(target=time.sleep, args=(0.1,))
    child.start()
    print(f"child {child.pid}")
    child.join()


@workload(
    "zombie",
    look_at="Dead, but not yet joined: state exited, a zombie to the OS. Join clears it.",
    start_method="fork",
    auto_join=False,
)
def zombie() -> None:
    """Ends at once and stays a zombie until somebody joins it."""
    print("my exit code waits to be asked for")


@workload(
    "fork-burst",
    look_at="Many descendants at once, none left a second later; never more than 200.",
)
def fork_burst(count: Annotated[int, Range(1, 200), "how many to fork"] = 50) -> None:
    """Forks many children at once, each of which lives for a second, and waits for them all."""
    children: list[int] = []
    try:
        for number in range(1, count + 1):
            children.append(fork(lambda: time.sleep(1)))
            report(number, count)
    finally:
        for child in children:
            os.waitpid(child, 0)
