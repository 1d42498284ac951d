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
    look_at="Three descendants, one of them detached. Terminate or kill the process: all of them end with it.",
    stuck_after_s=ALL_DAY,
)
def descendants(seconds: Annotated[float, Range(0, 86_400), "how long each of them lives"] = 120) -> None:
    """Starts a fork, a subprocess and a detached daemon, and waits for the first two."""
    forked = fork(lambda: time.sleep(seconds))
    program = subprocess.Popen(["sleep", str(seconds)])
    print(f"fork {forked}, subprocess {program.pid}")
    start_daemon(seconds)
    os.waitpid(forked, 0)
    program.wait()


def start_daemon(seconds: float) -> None:
    """Start a daemon the classic way: in its own session, with a parent that has exited."""

    def detach() -> None:
        os.setsid()
        daemon = fork(lambda: time.sleep(seconds))
        print(f"daemon {daemon}")

    os.waitpid(fork(detach), 0)


def fork(work: Callable[[], object]) -> int:
    """Call ``work`` in a forked child; return the child's pid."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
        finally:
            os._exit(0)
    return pid


@workload(
    "daemon-with-child",
    look_at="Exit code 1: a daemonic process may not have children. Launch it without daemon, and it succeeds.",
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
    look_at="State exited: it has ended but was not joined, a zombie to the OS. Join removes it.",
    start_method="fork",
    auto_join=False,
)
def zombie() -> None:
    """Exits at once and stays a zombie until it is joined."""
    print("exiting; the exit code stays until somebody joins this process")


@workload(
    "fork-burst",
    look_at="Many descendants at once, at most 200; all are gone a second later.",
)
def fork_burst(count: Annotated[int, Range(1, 200), "how many to fork"] = 50) -> None:
    """Forks many children at once, each living for a second, and waits for all of them."""
    children: list[int] = []
    try:
        for number in range(1, count + 1):
            children.append(fork(lambda: time.sleep(1)))
            report(number, count)
    finally:
        for child in children:
            os.waitpid(child, 0)
