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

import psutil

from app.linux import proc
from tests.waiting import POLL_S

MARK = "PYTEST_LEFTOVER_MARK"


_below_us: dict[int, bool] = {}


def set_mark() -> None:
    os.environ[MARK] = uuid.uuid4().hex


def pids() -> frozenset[int]:
    return frozenset(psutil.pids())


def alive(before: frozenset[int]) -> list[psutil.Process]:
    """Return the processes of this pytest that are not in `before`, zombies included."""
    now = pids()
    for gone in _below_us.keys() - now:
        del _below_us[gone]
    ours = [pid for pid in sorted(now - before - _stdlib_helpers()) if _is_ours(pid, before)]
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
    parent = _parent(pid)
    while parent > 1 and parent not in before:
        parent = _parent(parent)
    if parent == os.getpid():
        return True
    return not (parent > 1 and _hangs_below_us(parent)) and _has_mark(pid)


def _hangs_below_us(pid: int) -> bool:
    """Return whether an older process is a descendant of this pytest; looked up once for each."""
    if pid not in _below_us:
        parent = _parent(pid)
        _below_us[pid] = parent == os.getpid() or (parent > 1 and _hangs_below_us(parent))
    return _below_us[pid]


def _parent(pid: int) -> int:
    """Return the pid of the parent, 0 of one that is gone; psutil takes ten times as long."""
    stat = proc.read(f"{pid}/stat")
    return int(stat.rpartition(b")")[2].split()[1]) if stat else 0


def _has_mark(pid: int) -> bool:
    environment = proc.read(f"{pid}/environ") or b""
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
