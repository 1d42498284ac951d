"""Findings about real programs name the lines that the source shows, and what a crash left behind."""

from __future__ import annotations

from pathlib import Path

from app.records.waits import Certainty
from tests.supervisor.supervised import Supervised
from tests.supervisor.test_growing_programs import found


def test_a_join_before_the_call_that_ends_the_wait(supervisor: Supervised, tmp_path: Path) -> None:
    code = """
import multiprocessing

def work(stop):
    stop.wait()

def finish(worker):
    worker.join()

if __name__ == "__main__":
    stop = multiprocessing.Event()
    worker = multiprocessing.Process(target=work, args=(stop,))
    worker.start()
    finish(worker)
    stop.set()
"""
    line = code.splitlines().index("    finish(worker)") + 1
    pattern = rf"stop\.set\(\) at script.py:{line + 1} must come before script.py:{line}, where script.py .* waits\.$"
    one = found(supervisor, tmp_path, code, "deadlock", pattern, where="cure")
    assert one.certainty is Certainty.CERTAIN


def test_a_callback_that_waits_for_its_own_pool(supervisor: Supervised, tmp_path: Path) -> None:
    code = """
import multiprocessing

def main():
    pool = multiprocessing.get_context("fork").Pool(2)

    def again(result):
        pool.apply(abs, (-2,))

    pool.apply_async(abs, (-1,), callback=again).wait()

if __name__ == "__main__":
    main()
"""
    pattern = r"executes a callback, which waits in Pool.apply\(\) of .* at script.py:8 in .*again\(\)"
    found(supervisor, tmp_path, code, "deadlock", pattern)


def test_semaphores_that_were_removed_after_a_crash(supervisor: Supervised, tmp_path: Path) -> None:
    code = """
import multiprocessing, os, signal, time

if __name__ == "__main__":
    locks = [multiprocessing.get_context("spawn").Lock() for _ in range(3)]
    time.sleep(1)
    os.kill(os.getpid(), signal.SIGSEGV)
"""
    pattern = r"^script.py \(pid \d+\) died before it could clean up 3 locks created at script.py:5: SIGSEGV"
    found(supervisor, tmp_path, code, "leak", pattern)
