"""Locks that one thread acquires and another one releases, as a signal, are no deadlock while that one lives."""

from __future__ import annotations

import pytest

from app.records.waits import FindingKind
from tests.supervisor.program_runs import Programs
from tests.supervisor.test_stuck import told

#: The main process acquires the lock; a thread or another process opens it later, or takes part as everybody does.
LOCK = """
import multiprocessing, sys, threading, time

def opens(lock):
    time.sleep(3600)
    lock.release()

def shares(lock):
    time.sleep(3600)
    lock.acquire()
    lock.release()

def waits(lock):
    with lock:
        pass

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    lock = context.Lock()
    lock.acquire()
    other = opens if "opens" in sys.argv else shares
    of = threading.Thread if "thread" in sys.argv else context.Process
    of(target=other, args=(lock,), daemon=True).start()
    if "twice" in sys.argv:
        lock.acquire()
    waiting = context.Process(target=waits, args=(lock,), name="waiting")
    waiting.start()
    waiting.join()
"""
#: The main process acquires the lock for each task, and a callback of the pool releases it.
CALLBACK = """
import multiprocessing, time

if __name__ == "__main__":
    slot = multiprocessing.Lock()
    with multiprocessing.Pool(1) as pool:
        for _ in range(2):
            slot.acquire()
            pool.apply_async(time.sleep, (3600,), callback=lambda _: slot.release())
"""


@pytest.mark.parametrize(
    "arguments",
    [("fork", "process"), ("spawn", "process"), ("fork", "thread"), ("fork", "process", "twice")],
    ids=" ".join,
)
def test_lock_that_somebody_else_releases(programs: Programs, arguments: tuple[str, ...]) -> None:
    healthy = programs.run(LOCK, *arguments, "opens")
    program = programs.run(LOCK, *arguments)
    text = "which it holds itself" if "twice" in arguments else "at script.py:14 in waits(), waits for lock lock"
    told(programs, program, FindingKind.DEADLOCK, text)
    assert programs.findings(healthy) == []


def test_lock_that_a_callback_releases(programs: Programs) -> None:
    healthy = programs.run(CALLBACK)
    program = programs.run(LOCK, "fork", "process", "twice")
    told(programs, program, FindingKind.DEADLOCK, "which it holds itself")
    assert programs.findings(healthy) == []
