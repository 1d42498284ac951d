"""Real programs that run and get nowhere: a pool whose workers die at once, a loop whose producers are dead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.supervisor.supervised import Supervised
from tests.supervisor.test_growing_programs import found


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    with Supervised(tmp_path_factory.mktemp("home")) as one:
        yield one


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
    pattern = r"^consume .* polls queue jobs \(script.py:20\), .* have ended: produce \(pid \d+, exit 1.*\)\.$"
    found(supervisor, tmp_path, code, "dead-producers", pattern)
