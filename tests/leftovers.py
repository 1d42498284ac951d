"""Finds the processes that a test started and left alive, also those that moved away from their parent.

A process is the test's own if its line of parents leads to this pytest through processes that are new as
well; what hangs below an older one (the server or browser of a session) is that one's to clean up. Whatever
was re-parented to init is known by an environment variable that every program started from here inherits.
"""

import os
import time
import uuid
from collections.abc import Iterator
from multiprocessing import forkserver, resource_tracker
from pathlib import Path

import psutil

from tests.waiting import POLL_S

MARK = "PYTEST_LEFTOVER_MARK"


def set_mark() -> None:
    os.environ[MARK] = uuid.uuid4().hex


def pids() -> frozenset[int]:
    return frozenset(psutil.pids())


def alive(before: frozenset[int]) -> list[psutil.Process]:
    """Return the processes of this pytest that are not in `before`, zombies included."""
    ours = [pid for pid in sorted(pids() - before - _stdlib_helpers()) if _is_ours(pid, before)]
    return list(_existing(ours))


def alive_after(deadline_s: float, before: frozenset[int]) -> list[psutil.Process]:
    """What is still alive when all had `deadline_s` to go."""
    deadline = time.monotonic() + deadline_s
    while (left := alive(before)) and time.monotonic() < deadline:
        time.sleep(POLL_S)
    return left


def describe(process: psutil.Process) -> str:
    try:
        status, parent = process.status(), process.ppid()
        command = process.name() if status == psutil.STATUS_ZOMBIE else " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return f"{process.pid} (gone by now)"
    return f"{process.pid} ({status}, parent {parent}): {command}"


def end(processes: list[psutil.Process]) -> None:
    """Kills exactly these and reaps what is our own child."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=5)


def _is_ours(pid: int, before: frozenset[int]) -> bool:
    for ancestor in _ancestors(pid):
        if ancestor == os.getpid():
            return True
        if ancestor != 1 and ancestor in before and os.getpid() in _ancestors(ancestor):
            return False
    return _has_mark(pid)


def _ancestors(pid: int) -> Iterator[int]:
    """Yield the parent, its parent and so on; psutil, which tells reused pids apart, takes ten times as long."""
    while pid > 1:
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:  # gone
            return
        pid = int(stat.rpartition(b")")[2].split()[1])
        yield pid


def _has_mark(pid: int) -> bool:
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # gone, or another user's
        return False
    return f"{MARK}={os.environ[MARK]}".encode() in environment.split(b"\0")


def _existing(numbers: list[int]) -> Iterator[psutil.Process]:
    for number in numbers:
        try:
            yield psutil.Process(number)
        except psutil.NoSuchProcess:
            continue


def _stdlib_helpers() -> set[int]:
    # multiprocessing keeps these two for as long as the interpreter lives.
    helpers = (forkserver._forkserver._forkserver_pid, resource_tracker._resource_tracker._pid)
    return {number for number in helpers if number is not None}
