"""Programs with a pool, whose process the tests kill: ``python -m tests.pool.parents SCENARIO METHOD LOG GATE``.

Each tells one line when it is ready: the pids that are to live on, or for those that end by themselves the workers'.
"""

import contextlib
import gc
import multiprocessing
import os
import resource
import signal
import sys
import threading
from typing import NoReturn

from procession import Pool
from tests.open_files import open_files
from tests.pool import tasks
from tests.pool.killing import started, workers
from tests.waiting import wait_until

WORKERS = 2
NOBODY = 65534


def tell(*pids: int) -> None:
    print(*pids, flush=True)  # noqa: T201


def sleep() -> NoReturn:
    while True:
        threading.Event().wait(600)


def open_pool(method: str) -> Pool:
    pool = Pool(WORKERS, context=multiprocessing.get_context(method))
    wait_until(lambda: len(workers(pool)) == WORKERS, 60)
    return pool


def prints(method: str, log: str, gate: str) -> None:
    """Workers write to a file, as what is redirected; the last lines are in their buffers when the pool ends."""
    with Pool(WORKERS, context=multiprocessing.get_context(method)) as pool:
        pool.map(tasks.print_line, range(100), 1)
    tell()


def ignores_children(method: str, log: str, gate: str) -> None:
    """The kernel reaps the workers, so that nobody gets their exit codes."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    replaces_workers(method)
    tell()


def waits_for_any_child(method: str, log: str, gate: str) -> None:
    """A thread of the program takes the exit codes of the workers."""

    def wait() -> NoReturn:
        while True:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(-1, 0)

    threading.Thread(target=wait, daemon=True).start()
    replaces_workers(method)
    tell()


def replaces_workers(method: str) -> None:
    with Pool(WORKERS, context=multiprocessing.get_context(method), maxtasksperchild=1) as pool:
        assert pool.map(tasks.square, range(20), 1) == [number * number for number in range(20)]
        ended = [one.pid for one in pool.statistics().ended]
    assert not {one.pid for one in multiprocessing.active_children()} & set(ended)
    assert ended


def changes_user(method: str, log: str, gate: str) -> None:
    """The workers of before cannot be signalled; those that replace them belong to the new user."""
    pool = Pool(WORKERS, context=multiprocessing.get_context(method), maxtasksperchild=3)
    pool.map(tasks.square, range(4), 1)
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    assert pool.map_async(tasks.square, range(40), 1).get(30) == [number * number for number in range(40)]
    pool.terminate()
    assert pool.join(30)
    tell()


def lacks_descriptors(method: str, log: str, gate: str) -> None:
    """Pools that cannot get all of their workers, for all limits that leave room for some."""
    replaces_workers(method)  # starts the forkserver and the resource tracker
    before = open_files()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    errors = []
    for limit in range(len(before) + 8, len(before) + 60, 4):
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        try:
            with Pool(8, context=multiprocessing.get_context(method)) as pool:
                pool.map(tasks.square, range(9), 1)
        except OSError as error:
            errors.append(str(error))
        pool = None  # type: ignore[assignment]
        gc.collect()
        assert not multiprocessing.active_children()
        assert open_files() == before, limit
    assert all("Too many open files" in error for error in errors), errors
    tell(len(errors))


def lacks_room_for_files(method: str, log: str, gate: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        Pool(WORKERS, context=multiprocessing.get_context(method))
    except OSError as error:
        text = str(error)
    assert "shared memory (see ulimit -f)" in text, text
    assert not multiprocessing.active_children()
    tell()


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
