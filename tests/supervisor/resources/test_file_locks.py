"""Locks on files in real programs: who waits, who has the lock, and who took it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.core.scene.wait_graph import find_deadlocks
from app.records.waits import Edge
from tests.supervisor.resources.observed_programs import Watched, watched

#: Open a file and lock it, in each of the three ways.
LOCKING = """
import fcntl, struct

def lock(way):
    file = open("the.lock", "a")
    if way == "flock": fcntl.flock(file, fcntl.LOCK_EX)
    elif way == "fcntl": fcntl.lockf(file, fcntl.LOCK_EX)
    else: fcntl.fcntl(file, fcntl.F_OFD_SETLKW, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
    return file
"""


def edge_of(program: Watched) -> Edge:
    """Return the wait for a file lock, once there is one."""
    return program.see(lambda it: it.edges("flock") and it.edges("flock")[0])


def doomed(program: Watched) -> set[int]:
    """Return the processes that can never continue."""
    return {pid for one in find_deadlocks(program.resources.waits(), lambda _: True) for pid in one.pids}


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("way", ["flock", "fcntl", "ofd"])
def test_a_lock_that_another_process_has(way: str, tmp_path: Path) -> None:
    """It has taken it itself, and will release it."""
    code = (
        LOCKING
        + """
def hold(way):
    file = lock(way)
    tell("held", os.getpid())
    while True: time.sleep(600)

if __name__ == "__main__":
    holder = multiprocessing.get_context("fork").Process(target=hold, args=(sys.argv[1],))
    holder.start()
    wait()
    file = lock(sys.argv[1])
    tell("locked")
    wait()
"""
    )
    with watched(tmp_path, code, way) as program:
        holder = int(program.told()[1])
        program.go_on()
        edge = edge_of(program)
        assert (edge.pid, edge.holders, edge.taken_by, edge.main) == (program.pid, (holder,), None, True)
        assert edge.file == str(tmp_path / "the.lock")
        assert not doomed(program)
        os.kill(holder, signal.SIGKILL)
        assert program.told() == ["locked"]
        program.see(lambda it: not it.edges("flock"))


@pytest.mark.parametrize("ending", ["exits", "closes"])
def test_a_lock_that_was_inherited(ending: str, tmp_path: Path) -> None:
    """The process that took it has exited, or has closed the file; its child has it by fork."""
    code = (
        LOCKING
        + """
def take(closes):
    file = lock("flock")
    if not (pid := os.fork()):
        while True: time.sleep(600)
    tell("helper", pid)
    if closes:
        file.close()
        time.sleep(600)
    os._exit(0)

if __name__ == "__main__":
    taker = multiprocessing.get_context("fork").Process(target=take, args=(sys.argv[1] == "closes",))
    taker.start()
    wait()
    file = lock("flock")
"""
    )
    with watched(tmp_path, code, ending) as program:
        helper = int(program.told()[1])
        program.go_on()
        edge = program.see(lambda it: next((one for one in it.edges("flock") if one.holders == (helper,)), None))
        assert edge.taken_by is not None
        assert edge.taken_by != helper
        assert not doomed(program)


def test_a_lock_that_a_process_has_itself_by_another_descriptor(tmp_path: Path) -> None:
    """A thread that only writes a heartbeat is no way out."""
    code = (
        LOCKING
        + """
def beat():
    while True: time.sleep(0.1)

if __name__ == "__main__":
    threading.Thread(target=beat, daemon=True).start()
    first = lock("flock")
    second = lock("flock")
"""
    )
    with watched(tmp_path, code) as program:
        edge = edge_of(program)
        assert (edge.pid, edge.holders) == (program.pid, (program.pid,))
        program.see(lambda it: doomed(it) == {program.pid})


def test_a_deadlock_of_a_file_lock_and_a_lock(tmp_path: Path) -> None:
    code = (
        LOCKING
        + """
def work(guard):
    file = lock("flock")
    tell("worker", os.getpid())
    guard.acquire()

if __name__ == "__main__":
    mp = multiprocessing.get_context("fork")
    guard = mp.Lock()
    guard.acquire()
    mp.Process(target=work, args=(guard,)).start()
    wait()
    file = lock("flock")
"""
    )
    with watched(tmp_path, code) as program:
        worker = int(program.told()[1])
        program.go_on()
        program.see(lambda it: doomed(it) == {program.pid, worker})
