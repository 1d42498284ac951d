"""Programs with a pool, whose process the tests kill: ``python -m tests.pool.parents SCENARIO METHOD LOG GATE``.

Each tells one line when it is ready: the pids that are to live on, or for those that end by themselves the workers'.
"""

import multiprocessing
import os
import sys
import threading
from typing import NoReturn

from procession import Pool
from tests.pool import tasks
from tests.pool.killing import started, workers
from tests.waiting import wait_until

WORKERS = 2


def tell(*pids: int) -> None:
    print(*pids, flush=True)  # noqa: T201


def sleep() -> NoReturn:
    while True:
        threading.Event().wait(600)


def open_pool(method: str) -> Pool:
    pool = Pool(WORKERS, context=multiprocessing.get_context(method))
    wait_until(lambda: len(workers(pool)) == WORKERS, 60)
    return pool


def idle(method: str, log: str, gate: str) -> None:
    pool = open_pool(method)
    pool.map(tasks.square, range(100))
    tell()
    sleep()


def busy(method: str, log: str, gate: str) -> None:
    """One in Python code for ever, one that takes no notice of signals; many tasks wait in both."""
    pool = open_pool(method)
    results = [pool.apply_async(tasks.forever, (log, 0)), pool.apply_async(tasks.deaf, (log, 1))]
    results += [pool.apply_async(tasks.square, (one,)) for one in range(500)]
    started(log, 0)
    started(log, 1)
    tell()
    sleep()


def busy_beside_a_fork(method: str, log: str, gate: str) -> None:
    """A forked child has inherited every descriptor of the pool, and lives on."""
    pool = open_pool(method)
    results = [pool.apply_async(tasks.forever, (log, 0)), pool.apply_async(tasks.deaf, (log, 1))]
    started(log, 0)
    started(log, 1)
    if (pid := os.fork()) == 0:
        sleep()
    tell(pid)
    results[0].wait()


def writing(method: str, log: str, gate: str) -> None:
    """Large results and large arguments are on their way."""
    pool = open_pool(method)
    results = [pool.apply_async(tasks.give, (20 * tasks.MIB,)) for _ in range(3)]
    results += [pool.apply_async(tasks.take, (bytes(20 * tasks.MIB),)) for _ in range(3)]
    results[0].wait()
    tell()
    sleep()


def booting(method: str, log: str, gate: str) -> None:
    """In the initializer, which takes its time."""
    os.mkdir(gate)  # noqa: PTH102
    pool = Pool(WORKERS, tasks.initializer_that_waits, (gate, 100), context=multiprocessing.get_context(method))
    wait_until(lambda: len(os.listdir(gate)) == WORKERS, 60)  # noqa: PTH208
    tell()
    sleep()
    pool.close()


def leaves_without_closing(method: str, log: str, gate: str) -> None:
    pool = open_pool(method)
    pool.apply_async(tasks.deaf, (log, 0))
    started(log, 0)
    tell(*workers(pool))
    globals()["kept"] = pool


def raises(method: str, log: str, gate: str) -> None:
    leaves_without_closing(method, log, gate)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    raise ValueError("on purpose")


def interrupted(method: str, log: str, gate: str) -> None:
    leaves_without_closing(method, log, gate)
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    sleep()


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
