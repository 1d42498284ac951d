"""Workers that do not get ready: the pool recovers if some do, and gives up with an error if none does."""

import multiprocessing
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from procession import Pool
from procession.pool import PoolBroken, PoolTerminated
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, kill, workers
from tests.waiting import wait_until

WORKERS = 2
#: More in a row than of those that fail by themselves.
KILLED = 16
#: The start methods that send the initializer and its arguments; a fork has them.
PICKLING = ("forkserver", "spawn")


def told_pids(directory: Path, count: int) -> list[int]:
    """What `tasks.initializer_that_waits` has told in so many files."""

    def written() -> list[int]:
        words = [(directory / str(number)).read_text() for number in range(len(os.listdir(directory)))]  # noqa: PTH208
        return [int(word) for word in words if word.endswith("\n")]

    return wait_until(lambda: (pids := written()) and len(pids) >= count and pids, WITHIN_S, "no initializer runs")


def assert_broken(pool: Pool, *words: str) -> None:
    """It says how its workers ended, to every new call, and starts none any more."""
    with pytest.raises(PoolBroken) as raised:
        pool.apply_async(tasks.square, (1,)).get(WITHIN_S)
    for word in words:
        assert word in str(raised.value)
    for call in (
        lambda: pool.map(tasks.square, [1, 2]),
        lambda: pool.apply(tasks.square, (1,)),
        lambda: next(iter(pool.imap(tasks.square, [1]))),
        lambda: pool.starmap_async(tasks.add, [(1, 2)]).get(WITHIN_S),
    ):
        with pytest.raises(PoolBroken):
            call()
    assert pool.statistics().state == "broken"
    wait_until(lambda: not pool.statistics().workers, WITHIN_S)


@pytest.mark.parametrize(
    ("initializer", "arguments", "words"),
    [
        (tasks.no_initializer, (), ("RuntimeError", "no way to start")),
        (tasks.initializer_that_leaves, (7,), ("7",)),
        (tasks.leave, (9,), ("9",)),
        (tasks.kill_self, (signal.SIGSEGV,), ("SIGSEGV",)),
        (tasks.raise_two, (), ("TwoArguments",)),
        (tasks.raise_lock, (), ("HoldsALock",)),
    ],
    ids=["raises", "leaves hard", "leaves", "crashes", "cannot be loaded", "cannot be pickled"],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_initializer_that_always_fails_breaks_the_pool(
    open_pool: OpenPool,
    initializer: Any,
    arguments: tuple[Any, ...],
    words: tuple[str, ...],
) -> None:
    """What was asked before is answered as well: nothing hangs, and no worker is started for ever."""
    pool = open_pool(WORKERS, initializer, arguments)
    pending = []
    try:
        pending.append(pool.apply_async(tasks.square, (1,)))
        pending.append(pool.map_async(tasks.square, range(100), chunksize=1))
        iterator = pool.imap(tasks.square, iter(range(10)))
    except PoolBroken:
        iterator = None
    for result in pending:
        with pytest.raises(PoolBroken) as raised:
            result.get(WITHIN_S)
        for word in words:
            assert word in str(raised.value)
    if iterator is not None:
        with pytest.raises(PoolBroken):
            iterator.next(WITHIN_S)
    assert_broken(pool, *words)
    pool.close()
    assert pool.join(timeout=WITHIN_S)


def test_initializer_that_fails_sometimes_does_not_break_the_pool(open_pool: OpenPool, tmp_path: Path) -> None:
    """New workers replace those that did not get ready."""
    pool = open_pool(WORKERS, tasks.initializer_with_luck, (str(tmp_path), WORKERS + 1))
    assert_goes_on(pool, WORKERS)
    assert pool.statistics().lost == 0


def test_killed_in_the_initializer(open_pool: OpenPool, tmp_path: Path) -> None:
    """No task was started, so none is lost; and workers that somebody else kills do not break the pool."""
    pool = open_pool(WORKERS, tasks.initializer_that_waits, (str(tmp_path), KILLED))
    results = [pool.apply_async(tasks.square, (one,)) for one in range(100)]
    killed: set[int] = set()
    while len(killed) < KILLED:
        for pid in set(told_pids(tmp_path, len(killed) + 1)[:KILLED]) - killed:
            kill(pid)
            killed.add(pid)
    assert [result.get(WITHIN_S) for result in results] == [tasks.square(one) for one in range(100)]
    assert pool.statistics().lost == 0
    assert_goes_on(pool, WORKERS)


def test_killed_right_after_the_start(open_pool: OpenPool) -> None:
    """Before or while it boots, repeatedly, as long as some workers get ready."""
    pool = open_pool(WORKERS)
    seen: set[int] = set()
    for turn in range(4):
        results = [pool.apply_async(tasks.square, (one,)) for one in range(50)]
        for worker in pool.statistics().workers:
            if worker.pid not in seen:
                seen.add(worker.pid)
                kill(worker.pid, (signal.SIGKILL, signal.SIGTERM)[turn % 2])
        for number, result in enumerate(results):
            result.wait(WITHIN_S)
            assert result.ready(), number
        assert_goes_on(pool, WORKERS)


def test_replacement_that_fails_breaks_a_pool_that_worked(open_pool: OpenPool, tmp_path: Path) -> None:
    """The first workers booted; when they are gone, none gets ready, and the next calls raise PoolBroken."""
    pool = open_pool(WORKERS, tasks.initializer_for_the_first, (str(tmp_path), WORKERS))
    assert pool.map(tasks.square, range(20)) == [tasks.square(one) for one in range(20)]
    wait_until(lambda: len(workers(pool)) == WORKERS)
    for pid in workers(pool):
        kill(pid)
    with pytest.raises(PoolBroken, match="6"):
        wait_until(lambda: pool.apply(tasks.square, (1,)) is None, WITHIN_S)
    assert_broken(pool, "6")


def test_terminated_while_booting(open_pool: OpenPool, tmp_path: Path) -> None:
    """Tasks that never started raise PoolTerminated."""
    pool = open_pool(WORKERS, tasks.initializer_that_waits, (str(tmp_path), 100))
    result = pool.apply_async(tasks.square, (1,))
    pool.terminate()
    with pytest.raises(PoolTerminated):
        result.get(WITHIN_S)
    assert pool.join(timeout=WITHIN_S)


@pytest.mark.parametrize("method", PICKLING)
def test_argument_of_the_initializer_that_cannot_be_loaded(open_pool: OpenPool) -> None:
    """The worker ends before any code of the pool runs in it."""
    pool = open_pool(WORKERS, tasks.take_any, (tasks.FailsToUnpickle(ValueError),))
    with pytest.raises(PoolBroken, match="exited with code 1"):
        pool.apply_async(tasks.square, (1,)).get(WITHIN_S)
    assert_broken(pool, "exited with code 1")


@pytest.mark.parametrize("method", PICKLING)
def test_process_that_cannot_be_started(method: str) -> None:
    """The constructor raises the error, and leaves nothing behind."""
    with pytest.raises(RuntimeError, match="not picklable"):
        Pool(WORKERS, tasks.take_any, (tasks.FailsToPickle(),), context=multiprocessing.get_context(method))
