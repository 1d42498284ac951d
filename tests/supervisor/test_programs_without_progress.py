"""Real programs that run and get nowhere: a pool whose workers die at once, a loop whose producers are dead."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.supervisor.supervised import Supervised, in_terminal
from tests.supervisor.test_growing_programs import FOUND_WITHIN_S, found
from tests.waiting import wait_until


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_pool_whose_initializer_raises(supervisor: Supervised, tmp_path: Path, method: str) -> None:
    code = f"""
import multiprocessing

def load_model():
    raise RuntimeError("no GPU")

if __name__ == "__main__":
    with multiprocessing.get_context("{method}").Pool(3, initializer=load_model) as pool:
        pool.map(abs, range(10))
"""
    pattern = r"^Pool pool \(script.py:8\) of script.py .* makes no progress: .* Its initializer is load_model\(\)\.$"
    one = found(supervisor, tmp_path, code, "crash-loop", pattern)
    assert "raises an exception" in one.why


def test_a_loop_that_polls_the_queue_of_a_dead_producer(supervisor: Supervised, tmp_path: Path) -> None:
    code = """
import multiprocessing, queue

def produce(jobs):
    jobs.put(1)
    jobs.close()
    jobs.join_thread()
    raise ValueError("bad row")

def consume(jobs):
    while True:
        try:
            if jobs.get(timeout=0.3) is None:
                break
        except queue.Empty:
            pass

if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    jobs = context.Queue()
    crew = [context.Process(target=each, args=(jobs,), name=each.__name__) for each in (produce, consume)]
    for one in crew:
        one.start()
    for one in crew:
        one.join()
"""
    pattern = r"^consume .* polls queue jobs \(script.py:20\), .* have ended: produce \(pid \d+, exit code 1.*\)\.$"
    found(supervisor, tmp_path, code, "dead-producers", pattern)


def test_what_is_known_of_a_program_that_does_not_move(supervisor: Supervised, tmp_path: Path) -> None:
    """Its main process waits for a process that is not observed; a child waits for the main one."""
    (tmp_path / "script.py").write_text(
        """
import multiprocessing, subprocess

if __name__ == "__main__":
    jobs = multiprocessing.get_context("fork").Queue()
    child = multiprocessing.get_context("fork").Process(target=jobs.get, name="service")
    child.start()
    subprocess.run(["sleep", "600"])
    jobs.put(1)
"""
    )
    with in_terminal(supervisor, tmp_path, sys.executable, "script.py") as (program, process):
        note = wait_until(
            lambda: next((one for one in supervisor.snapshot().snapshot.waits.notes if one.program == program), None),
            FOUND_WITHIN_S,
            "a note",
        )
        assert f"script.py (pid {process.pid})" in note.text
        assert re.search(r"; service \(pid \d+\).* waits to get from queue jobs \(script.py:5\)", note.text)
        assert re.search(r"1 of 3 processes is not observed: sleep \(pid \d+\)\.", note.text)


def test_a_shared_memory_block_that_is_unlinked_while_it_is_used(supervisor: Supervised, tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(
        """
import time
from multiprocessing import shared_memory

block = shared_memory.SharedMemory(create=True, size=100)
block.unlink()
while True:
    time.sleep(1)
"""
    )
    with in_terminal(supervisor, tmp_path, sys.executable, "script.py") as (program, process):
        notes = wait_until(
            lambda: [
                one
                for one in supervisor.snapshot().snapshot.waits.notes
                if one.program == program and "block" in one.text
            ],
            FOUND_WITHIN_S,
            "a note",
        )
        assert f"is used by script.py (pid {process.pid}), but its name is gone" in notes[0].text
