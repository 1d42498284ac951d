"""Processes that wait for work until something ends them on purpose are noted; without that, they are accused."""

from __future__ import annotations

import pytest

from app.records.waits import FindingKind
from tests.supervisor.program_runs import Programs
from tests.supervisor.test_stuck import told
from tests.waiting import wait_until

#: The main process joins a worker that waits for an item; what may end that is named by an argument.
PROGRAM = """
import multiprocessing, os, signal, sys, threading, time

def work(queue):
    if "alarm" in sys.argv:
        signal.alarm(3600)
    while True:
        queue.get()

def watchdog():
    time.sleep(3600)
    for one in multiprocessing.active_children():
        one.terminate()

def reaper(pid):
    time.sleep(3600)
    os.kill(pid, signal.SIGTERM)

def join(worker):
    try:
        worker.join()
    except KeyboardInterrupt:
        queue.put(None)

if __name__ == "__main__":
    queue = multiprocessing.Queue()
    worker = multiprocessing.Process(target=work, args=(queue,), name="worker")
    worker.start()
    if "handler" in sys.argv:
        signal.signal(signal.SIGTERM, lambda *_: worker.terminate())
    if "watchdog" in sys.argv:
        threading.Thread(target=watchdog, daemon=True).start()
    if "reaper" in sys.argv:
        multiprocessing.Process(target=reaper, args=(worker.pid,), name="reaper", daemon=True).start()
    if "item" in sys.argv:
        queue.put(1)
    join(worker) if "ctrl-c" in sys.argv else worker.join()
"""
#: Both processes have what the other one needs; a thread would end one of them later.
LOCKS = """
import multiprocessing, threading, time

def work(mine, other):
    with mine:
        met.wait()
        other.acquire()

def watchdog():
    time.sleep(3600)
    one.kill()

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    a, b, met = context.Lock(), context.Lock(), context.Barrier(2)
    one = context.Process(target=work, args=(a, b), name="one")
    one.start()
    threading.Thread(target=watchdog, daemon=True).start()
    work(b, a)
"""
TEXT = "worker (pid"


@pytest.mark.parametrize(
    ("what", "ender"),
    [
        ("handler", "A handler of a signal in"),
        ("watchdog", "Thread Thread-1"),
        ("reaper", "reaper (pid"),
        ("ctrl-c", "may be waiting for Ctrl-C: no item has been put yet"),
    ],
)
def test_wait_that_something_may_end(programs: Programs, what: str, ender: str) -> None:
    healthy = programs.run(PROGRAM, what)
    text = wait_until(lambda: _maybe(programs, healthy))
    assert TEXT in text
    assert ender in text
    assert programs.findings(healthy) == []


@pytest.mark.parametrize("arguments", [(), ("item", "ctrl-c")], ids=" ".join)
def test_the_same_wait_without_it(programs: Programs, arguments: tuple[str, ...]) -> None:
    """Ctrl-C is no excuse for a worker that has had its items and waits for the end marker."""
    program = programs.run(PROGRAM, *arguments)
    told(programs, program, FindingKind.DEADLOCK, TEXT, "waits to get from queue queue")


def test_wait_with_an_alarm(programs: Programs) -> None:
    """An alarm ends the process that waits: its wait has a timeout."""
    healthy = programs.run(PROGRAM, "alarm")
    told(programs, programs.run(PROGRAM), FindingKind.DEADLOCK, TEXT)
    assert programs.findings(healthy) == []
    assert not _maybe(programs, healthy)


def test_locks_are_never_held_until_somebody_is_killed(programs: Programs) -> None:
    told(programs, programs.run(LOCKS), FindingKind.DEADLOCK, "holds lock a", "holds lock b")


def _maybe(programs: Programs, program: str) -> str:
    """Return the text of the note that there may be a deadlock; empty without one."""
    return next((one.text for one in programs.notes(program) if "deadlock" in one.title), "")
