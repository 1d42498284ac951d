"""Calls that are cancelled: what waits does not start, what runs is ended where that is asked."""

import itertools
from pathlib import Path

import pytest

from procession.pool import TaskCancelled
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.gated import Gated
from tests.pool.killing import WITHIN_S, assert_goes_on, started, workers
from tests.waiting import wait_until

pytestmark = pytest.mark.any_method

WORKERS = 2


def test_waiting_task_is_cancelled(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Also one that waits in the worker already; those of other calls are executed."""
    pool = open_pool(1)
    running = pool.apply_async(tasks.held, (log, 1000, str(gate)))
    started(log, 1000)
    waiting = [pool.apply_async(tasks.told, ((log, number),)) for number in range(10)]
    for number in (0, 4, 9):
        assert waiting[number].cancel()
        assert not waiting[number].cancel(), "it has ended"
        with pytest.raises(TaskCancelled, match="before this task was started"):
            waiting[number].get(WITHIN_S)
    gate.touch()
    running.get(WITHIN_S)
    for number in (1, 2, 3, 5, 6, 7, 8):
        waiting[number].get(WITHIN_S)
    assert not {0, 4, 9} & set(tasks.read(log).started)


def test_running_task_is_cancelled_only_where_it_may_be_killed(open_pool: OpenPool, log: str, gate: Path) -> None:
    pool = open_pool(WORKERS)
    running = pool.apply_async(tasks.held, (log, 0, str(gate)), retries=3)
    pid = started(log, 0)
    assert not running.cancel()
    assert workers(pool, "busy") == [pid]
    assert running.cancel(kill=True)
    with pytest.raises(TaskCancelled, match=f"was cancelled, and worker {pid} was killed"):
        running.get(WITHIN_S)
    assert_goes_on(pool, WORKERS, pid)
    assert tasks.read(log).started[0] == 1, "it is not retried"


def test_task_that_has_ended_cannot_be_cancelled(open_pool: OpenPool) -> None:
    pool = open_pool(1)
    ended = pool.apply_async(tasks.square, (3,)), pool.map_async(tasks.square, [1, 2])
    for result in ended:
        result.wait(WITHIN_S)
        assert not result.cancel(kill=True)
    assert ended[0].get(0) == 9
    assert ended[1].get(0) == [1, 4]


@pytest.mark.parametrize("kill", [False, True])
def test_rest_of_a_map_is_cancelled(open_pool: OpenPool, log: str, gate: Path, *, kill: bool) -> None:
    pool = open_pool(1)
    calls = [(log, number, str(gate)) for number in range(50)]
    result = pool.starmap_async(tasks.held, calls, 1)
    other = pool.apply_async(tasks.square, (3,))
    started(log, 0)
    assert result.cancel(kill=kill) is kill
    gate.touch()
    with pytest.raises(TaskCancelled):
        result.get(WITHIN_S)
    assert other.get(WITHIN_S) == 9
    assert set(tasks.read(log).started) == {0}
    assert tasks.read(log).ended[0] == (not kill)
    progress = result.progress()
    assert (progress.done, progress.lost) == (int(not kill), 50 - (not kill))


def test_endless_imap_is_cancelled(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    results = pool.imap(tasks.square, itertools.count())
    assert [next(results) for _ in range(3)] == [0, 1, 4]
    results.cancel()
    with pytest.raises(TaskCancelled):
        list(results)
    pool.close()
    assert pool.join(WITHIN_S)


def test_task_is_cancelled_while_it_is_pickled(open_pool: OpenPool) -> None:
    """Those behind it are executed once its pickling has returned."""
    pool = open_pool(1)
    gated = Gated()
    first = pool.apply_async(abs, (gated,))
    assert gated.pickles.wait(WITHIN_S)
    second = pool.apply_async(abs, (Gated.opened(),))
    assert first.cancel()
    with pytest.raises(TaskCancelled):
        first.get(WITHIN_S)
    gated.gate.set()
    assert second.get(WITHIN_S) == 7


def test_every_waiting_task_of_many_is_cancelled(open_pool: OpenPool, log: str, gate: Path) -> None:
    pool = open_pool(WORKERS)
    held = [pool.apply_async(tasks.held, (log, number, str(gate))) for number in range(WORKERS)]
    for number in range(WORKERS):
        started(log, number)
    waiting = [pool.apply_async(tasks.told, ((log, 100 + number),)) for number in range(300)]
    assert all(result.cancel() for result in waiting)
    gate.touch()
    for result in held:
        result.get(WITHIN_S)
    wait_until(lambda: pool.statistics().queued == 0, WITHIN_S)
    assert set(tasks.read(log).started) == set(range(WORKERS))
