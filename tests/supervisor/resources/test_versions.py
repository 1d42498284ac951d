"""Resources are read from every installed CPython from 3.8 on, wherever it stores its objects."""

from pathlib import Path

import pytest

from tests import interpreters
from tests.supervisor.resources.observed_programs import watched

CODE = """
def hold(lock, queue):
    lock.acquire()
    for _ in range(300): queue.put(bytes(1000))
    time.sleep(600)

def nap(seconds):
    time.sleep(seconds)

if __name__ == "__main__":
    mp = multiprocessing.get_context(sys.argv[1])
    lock, queue, value, barrier = mp.RLock(), mp.Queue(), mp.Value("d", 1.5), mp.Barrier(2)
    process = mp.Process(target=hold, args=(lock, queue))
    process.start()
    pool = mp.Pool(2)
    results = [pool.apply_async(nap, (600,)) for _ in range(5)]
    manager = mp.Manager()
    things = manager.dict()
    while lock.acquire(False): lock.release()
    lock.acquire()
"""


@pytest.mark.parametrize(("version", "method"), interpreters.matrix("fork", "spawn"))
def test_figures_are_read_from_every_version(version: str, method: str, tmp_path: Path) -> None:
    """They are a lock's holder, a queue's backlog, a value, a barrier, a pool's tasks and a manager's objects."""
    with watched(tmp_path, CODE, method, python=interpreters.need(version)) as program:
        lock = program.see(lambda it: (one := it.one("rlock")) and one.holder and it.edges("acquire") and one, 30)
        assert program.edges("acquire")[0].holders == (lock.holder,)
        program.see(lambda it: it.one("queue").size == 300 and (it.one("queue").buffered or {}).get(str(lock.holder)))
        program.see(lambda it: it.one("value").values == (1.5,) and it.one("barrier").arrived == 0)
        program.see(lambda it: len(it.one("pool").running) == 2 and it.one("pool").queued == 3)
        program.see(lambda it: it.one("manager").objects == 1)
