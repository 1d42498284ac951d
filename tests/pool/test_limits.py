"""Time limits end the overdue task with its worker, and nothing else."""

import multiprocessing
import pickle
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from procession import Pool, WorkerLost
from procession.pool import TaskTimeout
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, started
from tests.waiting import wait_until

pytestmark = pytest.mark.any_method

WORKERS = 2
LIMIT_S = 0.2


def test_task_that_runs_too_long_is_ended_with_its_worker(open_pool: OpenPool, log: str, gate: Path) -> None:
    """The error names the task, the worker, the limit, and the line where the task stood."""
    pool = open_pool(WORKERS)
    result = pool.apply_async(tasks.held, (log, 7, str(gate)), timeout_s=LIMIT_S)
    pid = started(log, 7)
    with pytest.raises(TaskTimeout) as raised:
        result.get(WITHIN_S)
    for error in (raised.value, pickle.loads(pickle.dumps(raised.value))):
        assert isinstance(error, WorkerLost)
        assert (error.pid, error.exitcode, error.timeout_s) == (pid, -signal.SIGKILL, LIMIT_S)
        assert "tests.pool.tasks.held" in error.task
        assert "took longer than 0.2 s" in error.cause
        assert any("tasks.py:" in line and line.endswith(" in held") for line in error.stack), error.stack
        assert f"worker {pid} was killed; it stood at" in str(error)
    assert_goes_on(pool, WORKERS, pid)
    assert (pool.statistics().lost, pool.statistics().retried) == (1, 0)


def test_nobody_else_is_harmed(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Tasks that waited in the same worker are executed once, those of others go on."""
    pool = open_pool(WORKERS)
    overdue = pool.apply_async(tasks.held, (log, 1000, str(gate)), timeout_s=LIMIT_S)
    started(log, 1000)
    behind = [pool.apply_async(tasks.told, ((log, number),)) for number in range(200)]
    with pytest.raises(TaskTimeout):
        overdue.get(WITHIN_S)
    for result in behind:
        result.get(WITHIN_S)
    assert all(tasks.read(log).started[number] == 1 for number in range(200))


def test_task_within_its_limit_is_left_alone(open_pool: OpenPool) -> None:
    """Each has the whole time, whatever ran in its worker before."""
    pool = open_pool(1)
    pid = pool.apply(tasks.own_pid)
    results = pool.options(timeout_s=0.5).map(tasks.nap, [0.2] * 4, 1)
    assert results == [0.2] * 4
    assert pool.apply(tasks.own_pid) == pid


@pytest.mark.parametrize("busy", [tasks.spin, tasks.spin_in_c, tasks.ignore_signals], ids=["python", "C", "deaf"])
def test_whatever_the_task_does(open_pool: OpenPool, busy: Any) -> None:
    pool = open_pool(1)
    with pytest.raises(TaskTimeout):
        pool.options(timeout_s=LIMIT_S).apply(busy)


def test_limit_of_the_pool_holds_for_every_call(method: str) -> None:
    with Pool(WORKERS, context=multiprocessing.get_context(method), timeout_s=LIMIT_S) as pool:
        for call in (
            lambda: pool.apply(tasks.spin),
            lambda: pool.apply_async(tasks.spin).get(WITHIN_S),
            lambda: pool.map(tasks.nap, [0, 60], 1),
            lambda: pool.starmap(tasks.nap, [(0,), (60,)], 1),
            lambda: list(pool.imap(tasks.nap, iter([0, 60]))),
        ):
            with pytest.raises(TaskTimeout):
                call()
        assert pool.options(timeout_s=WITHIN_S).apply(tasks.nap, (2 * LIMIT_S,)) == 2 * LIMIT_S


def test_task_is_tried_again_where_that_was_asked(open_pool: OpenPool, log: str) -> None:
    pool = open_pool(1)
    with pytest.raises(TaskTimeout):
        pool.options(timeout_s=LIMIT_S, retries=2).apply(tasks.told_and_spin, (log,))
    assert tasks.read(log).started[0] == 3
    assert pool.statistics().retried == 2


def test_map_with_one_overdue_task_keeps_the_other_results(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    result = pool.map_async(tasks.nap, [0, 60, 0, 0], 1, timeout_s=LIMIT_S)
    with pytest.raises(TaskTimeout):
        result.get(WITHIN_S)
    assert result.partial() == [0, None, 0, 0]
    assert [failure.task.index for failure in result.failures()] == [1]


def test_suspended_worker_is_overdue_as_well(open_pool: OpenPool, log: str, gate: Path) -> None:
    """It has no stack then."""
    pool = open_pool(1)
    result = pool.apply_async(tasks.held, (log, 0, str(gate)), timeout_s=1)
    pool.suspend_worker(started(log, 0))
    with pytest.raises(TaskTimeout) as raised:
        result.get(WITHIN_S)
    assert raised.value.stack == ()


def test_many_limits_at_once(open_pool: OpenPool) -> None:
    """Exactly the overdue ones fail."""
    pool = open_pool(4)
    seconds = [60 if number % 10 == 3 else 0.001 for number in range(60)]
    results = [pool.apply_async(tasks.nap, (one,), timeout_s=0.3) for one in seconds]
    failed = []
    for number, result in enumerate(results):
        result.wait(WITHIN_S)
        if not result.successful():
            failed.append(number)
    assert failed == list(range(3, 60, 10))


def test_stack_files_are_closed(open_pool: OpenPool) -> None:
    pool = open_pool(1)
    with pytest.raises(TaskTimeout):
        pool.options(timeout_s=LIMIT_S).apply(tasks.spin)
    wait_until(lambda: not any("procession-stack" in str(one) for one in tasks.open_links()), WITHIN_S)


@pytest.mark.parametrize("timeout_s", [0, -1, "1", True, float("nan")])
def test_wrong_limit_is_refused(open_pool: OpenPool, timeout_s: Any) -> None:
    pool = open_pool(1)
    for call in (
        lambda: Pool(1, timeout_s=timeout_s),
        lambda: pool.options(timeout_s=timeout_s),
        lambda: pool.apply_async(abs, (1,), timeout_s=timeout_s),
        lambda: pool.imap(abs, [1], timeout_s=timeout_s),
    ):
        with pytest.raises(ValueError, match="timeout_s must be a number of seconds greater than 0"):
            call()


def test_task_has_its_whole_time(open_pool: OpenPool) -> None:
    pool = open_pool(1)
    pool.apply(tasks.own_pid)
    start = time.monotonic()
    with pytest.raises(TaskTimeout):
        pool.options(timeout_s=LIMIT_S).apply(tasks.spin)
    assert time.monotonic() - start >= LIMIT_S
