"""Which workers are stuck, since when and why; journalled once."""

from __future__ import annotations

import pytest

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.records.pool import PoolTask, WorkerState
from app.records.verbs import Verb
from tests.core.pools.pool_driver import TASK, WORKER, PoolDriver, worker

KEY = (WORKER, 7)


@pytest.fixture
def driver() -> PoolDriver:
    return PoolDriver()


@pytest.fixture
def busy(driver: PoolDriver) -> str:
    """A pool whose worker has just begun with its task."""
    pool_id = driver.opened(stuck_after_s=10.0)
    driver.tells(pool_id, workers=(worker(task=TASK, busy_s=0.0),))
    driver.sweeps(pool_id)
    return pool_id


def is_probed(driver: PoolDriver, pool_id: str) -> bool:
    return a.Probe(pool_id, KEY, worker=True) in driver.take(a.Probe)


def get_stuck(driver: PoolDriver, pool_id: str, *, cpu: float = 0.0) -> None:
    """Let the limit pass; find out what the worker is blocked on, and its line of Python."""
    driver.time += 12
    driver.sweeps(pool_id, cpu=cpu)
    assert is_probed(driver, pool_id)
    driver.happens(e.BlockedOn(pool_id, True, "waits for a lock", WORKER))
    assert driver.take(a.FindFrame) == [a.FindFrame(pool_id, KEY, worker=True)]
    driver.happens(e.FrameFound(pool_id, "waits for a lock at stall_at (pooled.py:40)", WORKER))


def test_a_worker_that_finishes_no_task_for_the_limit_is_stuck(driver: PoolDriver, busy: str) -> None:
    """With the task, what it is blocked on, and its line; since it got the task."""
    get_stuck(driver, busy)
    stuck = driver.worker(busy).stuck
    assert stuck
    assert stuck.detail == "waits for a lock at stall_at (pooled.py:40)"
    assert stuck.reason == f"task 17 of job 1 (square) has not finished; {stuck.detail}"
    assert stuck.since == pytest.approx(driver.now().wall - 12)
    reason = f"worker {WORKER} stuck for 12 s: {stuck.reason}"
    assert driver.lines("stuck") == [reason]


def test_busy_worker_is_stuck_too(driver: PoolDriver, busy: str) -> None:
    """An endless loop uses a whole core, and the reason says so."""
    get_stuck(driver, busy, cpu=98.0)
    stuck = driver.worker(busy).stuck
    assert stuck
    assert "98 % of a core" in stuck.reason


def test_worker_is_not_stuck_before_the_limit(driver: PoolDriver, busy: str) -> None:
    """Nor is one that got another task meanwhile."""
    driver.time += 8
    driver.sweeps(busy)
    assert not is_probed(driver, busy)
    driver.tells(busy, workers=(worker(task=PoolTask(**{**_fields(TASK), "index": 18}), busy_s=0.0),))
    driver.time += 8
    driver.sweeps(busy)
    assert not is_probed(driver, busy)


def _fields(task: PoolTask) -> dict[str, object]:
    return {name: getattr(task, name) for name in task.__struct_fields__}


def test_a_retry_of_a_task_has_its_own_time(driver: PoolDriver, busy: str) -> None:
    """It is another attempt."""
    driver.time += 8
    driver.tells(busy, workers=(worker(task=PoolTask(**{**_fields(TASK), "attempt": 2}), busy_s=0.0),))
    driver.time += 8
    driver.sweeps(busy)
    assert not is_probed(driver, busy)


def test_idle_worker_is_never_stuck(driver: PoolDriver) -> None:
    """It has nothing to do."""
    pool_id = driver.opened(stuck_after_s=10.0)
    driver.tells(pool_id, workers=(worker(state=WorkerState.IDLE),))
    driver.time += 3600
    driver.sweeps(pool_id)
    assert not is_probed(driver, pool_id)


def test_idle_worker_that_was_stopped_for_the_limit_is_stuck(driver: PoolDriver) -> None:
    """Whichever process stopped it."""
    pool_id = driver.opened(stuck_after_s=10.0)
    driver.tells(pool_id, workers=(worker(state=WorkerState.IDLE),))
    driver.sweeps(pool_id, os_state="T")
    driver.time += 12
    driver.sweeps(pool_id, os_state="T")
    assert is_probed(driver, pool_id)
    driver.happens(e.BlockedOn(pool_id, False, "stopped by a signal", WORKER))
    stuck = driver.worker(pool_id).stuck
    assert stuck
    assert stuck.reason == "no task; stopped by a signal"


def test_pool_without_a_limit_has_no_stuck_workers(driver: PoolDriver) -> None:
    """stuck_after_s None switches it off."""
    pool_id = driver.opened(stuck_after_s=None)
    driver.tells(pool_id, workers=(worker(task=TASK, busy_s=0.0),))
    driver.time += 3600
    driver.sweeps(pool_id)
    assert not is_probed(driver, pool_id)


def test_a_worker_that_makes_progress_is_no_longer_stuck(driver: PoolDriver, busy: str) -> None:
    """And the journal says so."""
    get_stuck(driver, busy)
    driver.tells(busy, workers=(worker(task=None, state=WorkerState.IDLE),))
    driver.sweeps(busy)
    assert driver.worker(busy).stuck is None
    assert driver.lines("unstuck") == [f"worker {WORKER} makes progress again"]


def test_the_limit_of_a_resumed_worker_starts_over(driver: PoolDriver, busy: str) -> None:
    """It could make no progress while it was stopped; ``busy_s`` counts on."""
    driver.sweeps(busy, os_state="T")
    driver.time += 30
    driver.sweeps(busy)
    assert not is_probed(driver, busy)
    assert driver.worker(busy).busy_s == 30.0


def test_workers_of_a_stopped_host_are_not_judged(driver: PoolDriver, busy: str) -> None:
    """The host cannot report the tasks that end."""
    driver.act(busy, Verb.SUSPEND)
    driver.happens(e.Looked(busy, "T"))
    driver.time += 60
    driver.sweeps(busy)
    assert not is_probed(driver, busy)


def test_probe_of_a_worker_that_is_gone_is_dropped(driver: PoolDriver, busy: str) -> None:
    """It was killed during the probe."""
    driver.time += 12
    driver.sweeps(busy)
    driver.tells(busy, workers=())
    driver.happens(e.BlockedOn(busy, True, "waits for a lock", WORKER))
    driver.happens(e.FrameFound(busy, "somewhere", WORKER))
    assert driver.lines("stuck") == []


def test_the_lines_of_many_stuck_workers_are_asked_for_a_few_at_a_time(driver: PoolDriver) -> None:
    """Workers that make progress in the meantime are left out; in the end all others are found."""
    pool_id = driver.opened(stuck_after_s=10.0)
    pids = range(6001, 6021)
    driver.tells(pool_id, workers=tuple(worker(pid, task=TASK, busy_s=0.0) for pid in pids))
    driver.time += 12
    driver.sweeps(pool_id, pids=pids)
    for pid in pids:
        driver.happens(e.BlockedOn(pool_id, True, "waits", pid))
    left = set(pids) - {6020}
    driver.tells(pool_id, workers=tuple(worker(pid, task=TASK, busy_s=0.0) for pid in left))
    while asked := driver.take(a.FindFrame):
        assert len(asked) <= 4
        for one in asked:
            left.remove(one.key[0])
            driver.happens(e.FrameFound(pool_id, "somewhere", one.key[0]))
    assert not left
    assert len(driver.lines("stuck")) == 19
