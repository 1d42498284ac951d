"""The records of pools, without a process: how they follow their hosts, and what a host may send."""

from __future__ import annotations

import pytest

from app.core.fleet import events as e
from app.core.processes import starts
from app.records.pool import Job, JobMethod, JobState, PoolSpec, PoolState, WorkerState
from app.records.process import Sentinel, State
from app.records.verbs import Verb
from tests.core.pools.pool_driver import TASK, PoolDriver, plan_of, worker

RUNNING_JOB = Job(id=1, method=JobMethod.MAP, function="square", state=JobState.RUNNING, total=9, done=4)
DONE_JOB = Job(id=2, method=JobMethod.APPLY, function="square", state=JobState.DONE, total=1, done=1)


@pytest.fixture
def driver() -> PoolDriver:
    return PoolDriver()


def test_a_pool_and_its_host_have_one_id(driver: PoolDriver) -> None:
    """It is answered as opening; its process is marked, and like any other."""
    pool_id = driver.launched(name="crunch", processes=2, retries=1)
    pool, process = driver.pool(pool_id), driver.record(pool_id)
    assert (pool.id, pool.name, pool.state, pool.processes, pool.retries) == (pool_id, "crunch", "opening", 2, 1)
    assert (process.pool, process.state, pool.pid) == (True, State.STARTING, process.pid)
    assert driver.answer()["pool"]["state"] == "opening"


def test_a_host_reports_only_what_changed(driver: PoolDriver) -> None:
    """Everything else stays as it was, and the pool is published."""
    pool_id = driver.opened()
    driver.tells(pool_id, queued=7, running=2)
    driver.fleet.dirty.clear()
    driver.tells(pool_id, queued=5, done=2)
    pool = driver.pool(pool_id)
    assert (pool.state, pool.queued, pool.running, pool.done) == (PoolState.OPEN, 5, 2, 2)
    assert driver.fleet.dirty == {pool_id}


def test_target_of_the_host_follows_a_resize(driver: PoolDriver) -> None:
    """It names the wanted number of workers."""
    pool_id = driver.opened(start_method="fork")
    driver.tells(pool_id, processes=1)
    assert driver.record(pool_id).target == "pool of 1 worker (fork)"


def test_a_worker_combines_its_hosts_report_and_the_sweep(driver: PoolDriver) -> None:
    """Its parent, CPU and memory are those of the inventory."""
    pool_id = driver.opened()
    driver.tells(pool_id, workers=(worker(task=TASK, busy_s=1.0, sentinel=Sentinel(fd=8, ready=False)),))
    assert (driver.worker(pool_id).ppid, driver.worker(pool_id).rss_bytes) == (None, None)
    driver.time += 2
    driver.sweeps(pool_id, os_state="R", cpu=99.0)
    one = driver.worker(pool_id)
    assert (one.ppid, one.rss_bytes, one.threads, one.cpu_percent, one.os_state) == (9, 4096, 1, 99.0, "R")
    assert (one.state, one.task, one.busy_s, one.sentinel) == (WorkerState.BUSY, TASK, 3.0, Sentinel(fd=8, ready=False))


def test_sentinel_of_an_ended_worker_is_ready(driver: PoolDriver) -> None:
    """It keeps its exit code, and gets no figures of another process with its pid."""
    pool_id = driver.opened()
    gone = worker(state=WorkerState.ENDED, exitcode=-9, sentinel=Sentinel(fd=8, ready=False))
    driver.tells(pool_id, workers=(gone,))
    driver.sweeps(pool_id)
    one = driver.worker(pool_id)
    assert (one.exitcode, one.sentinel, one.cpu_percent) == (-9, Sentinel(fd=8, ready=True), None)


def test_a_worker_stopped_by_any_process_is_suspended(driver: PoolDriver) -> None:
    """Whoever it was: the kernel's letter says it."""
    pool_id = driver.opened()
    driver.tells(pool_id, workers=(worker(state=WorkerState.IDLE),))
    driver.sweeps(pool_id, os_state="T")
    assert driver.worker(pool_id).state is WorkerState.SUSPENDED
    driver.sweeps(pool_id)
    assert driver.worker(pool_id).state is WorkerState.IDLE


def test_worker_that_was_resumed_is_not_shown_as_stopped_by_an_old_sweep(driver: PoolDriver) -> None:
    """Its host reports it before the next sweep."""
    pool_id = driver.opened()
    driver.tells(pool_id, workers=(worker(state=WorkerState.SUSPENDED),))
    driver.sweeps(pool_id, os_state="T")
    driver.tells(pool_id, workers=(worker(state=WorkerState.BUSY),))
    assert driver.worker(pool_id).state is WorkerState.BUSY


def test_pool_whose_host_dies_is_terminated_with_its_cause(driver: PoolDriver) -> None:
    """Running tasks are lost, waiting ones never start, and unfinished jobs are lost."""
    pool_id = driver.opened()
    driver.tells(pool_id, running=2, queued=120, lost=1, workers=(worker(),), jobs=(RUNNING_JOB, DONE_JOB))
    driver.act(pool_id, Verb.KILL)
    driver.ends(pool_id, -9)
    pool = driver.pool(pool_id)
    assert (pool.state, pool.error) == (PoolState.TERMINATED, driver.record(pool_id).cause)
    assert (pool.workers, pool.running, pool.queued, pool.lost) == ((), 0, 0, 3)
    assert [job.state for job in pool.jobs] == [JobState.LOST, JobState.DONE]
    assert pool.jobs[0].error == f"the host of the pool exited: {pool.error}"
    (line,) = driver.lines("pool")
    assert line.endswith("2 running tasks are lost, 120 waiting tasks never start")


def test_a_closed_pool_ends_normally(driver: PoolDriver) -> None:
    """Its host returns when all is done: that is no termination."""
    pool_id = driver.opened()
    driver.tells(pool_id, state=PoolState.CLOSING)
    driver.ends(pool_id, 0)
    assert (driver.pool(pool_id).state, driver.pool(pool_id).error) == (PoolState.CLOSED, None)


@pytest.mark.parametrize("state", [PoolState.CLOSED, PoolState.TERMINATED])
def test_a_pool_that_is_over_keeps_its_state(driver: PoolDriver, state: PoolState) -> None:
    """However its host ends afterwards."""
    pool_id = driver.opened()
    driver.tells(pool_id, state=state)
    driver.ends(pool_id, 1)
    assert (driver.pool(pool_id).state, driver.pool(pool_id).error) == (state, None)
    assert not driver.lines("pool")


def test_a_report_after_the_end_of_the_host_changes_nothing(driver: PoolDriver) -> None:
    """It is about a pool that no longer exists."""
    pool_id = driver.opened()
    driver.ends(pool_id, 1)
    driver.tells(pool_id, state=PoolState.OPEN, running=3)
    assert (driver.pool(pool_id).state, driver.pool(pool_id).running) == (PoolState.TERMINATED, 0)


def test_host_that_could_not_be_started_leaves_a_terminated_pool(driver: PoolDriver) -> None:
    """With the reason."""
    plan = plan_of(PoolSpec(processes=1))
    driver.deciding.handle(e.Launched(1, 1, "operator", plan), driver.now())
    (pool_id,) = driver.fleet.members
    driver.deciding.tick(driver.now())
    driver.happens(e.NotSpawned(pool_id, "OSError: too many open files"))
    assert driver.pool(pool_id).state is PoolState.TERMINATED
    assert "too many open files" in (driver.pool(pool_id).error or "")


def test_a_restart_of_the_host_opens_a_new_pool(driver: PoolDriver) -> None:
    """Under the same id and with the same settings, but without its jobs."""
    pool_id = driver.opened(name="crunch", retries=3)
    driver.tells(pool_id, done=9, jobs=(DONE_JOB,))
    driver.act(pool_id, Verb.RESTART)
    driver.ends(pool_id, -15)
    pool = driver.pool(pool_id)
    assert (pool.state, pool.name, pool.retries, pool.done, pool.jobs) == (PoolState.OPENING, "crunch", 3, 0, ())
    assert pool.pid == driver.record(pool_id).pid


def test_pool_is_forgotten_with_its_process(driver: PoolDriver) -> None:
    """Closing the record of the host removes the pool too."""
    pool_id = driver.opened()
    driver.ends(pool_id, 0)
    driver.act(pool_id, Verb.CLOSE)
    driver.passes(5.0)
    assert pool_id in driver.fleet.removed
    assert not driver.fleet.pools.entries


def test_pool_of_a_dead_supervisor_is_terminated(driver: PoolDriver) -> None:
    """Its host was ended by the sweep."""
    former = starts.Former(id="p1", state=State.RUNNING, pid=77, created_at=1.0, runs=False)
    starts.restore(driver.fleet, plan_of(PoolSpec(processes=2)), former, driver.now())
    driver.passes(0.0)
    assert driver.pool("p1").state is PoolState.TERMINATED
    assert driver.pool("p1").error == "exit not seen: the supervisor died"


def test_lines_of_a_host_go_into_the_journal(driver: PoolDriver) -> None:
    """Long ones are cut."""
    pool_id = driver.opened()
    driver.notes_line(pool_id, "Job 1 is over.")
    driver.notes_line(pool_id, "x" * 5000)
    assert driver.lines("job") == ["Job 1 is over.", "x" * 500]


def test_host_cannot_flood_the_journal(driver: PoolDriver) -> None:
    """Dropped lines are counted, and the next line says how many."""
    pool_id = driver.opened()
    for number in range(1000):
        driver.notes_line(pool_id, f"line {number}")
    written = len(driver.lines("job"))
    assert written == 200
    driver.time += 1
    driver.notes_line(pool_id, "after a second")
    assert driver.lines("job")[-1] == "after a second (800 lines before this one were dropped)"


def test_an_invalid_message_is_journalled_and_ignored(driver: PoolDriver) -> None:
    """The pool continues."""
    pool_id = driver.opened()
    driver.happens(e.HostMessageInvalid(pool_id, "JSON is malformed"))
    assert driver.lines("pool") == ["its host sent an invalid message: JSON is malformed"]
    assert driver.pool(pool_id).state is PoolState.OPEN


def test_a_channel_that_had_to_be_closed_is_journalled(driver: PoolDriver) -> None:
    """The record of the pool stays as it was."""
    pool_id = driver.opened()
    driver.happens(e.ChannelClosed(pool_id, "a frame of -1 bytes"))
    pool = driver.pool(pool_id)
    assert (pool.state, pool.error) == (PoolState.OPEN, "its host cannot be reached: a frame of -1 bytes")
    assert driver.lines("pool") == ["its channel is closed: a frame of -1 bytes"]


def test_the_end_of_the_channel_alone_is_not_journalled(driver: PoolDriver) -> None:
    """A host that dies closes it too, and its end is journalled next."""
    pool_id = driver.opened()
    driver.happens(e.ChannelClosed(pool_id, None))
    assert (driver.pool(pool_id).error, driver.lines("pool")) == (None, [])
