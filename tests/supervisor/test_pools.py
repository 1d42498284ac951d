"""Pools end to end: client, supervisor, host and workers."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.protocol import control as m
from app.protocol.pool_host import Close, JoinPool, ReadJob, Resize, Terminate
from app.records.errors import InvalidField, NoSuchProcess, NotPossible, SupervisorAway
from app.records.pool import PoolSpec
from tests.supervisor.pooling import Pooling
from tests.supervisor.supervised import Supervised
from tests.waiting import gone, wait_until

METHODS = ("fork", "forkserver", "spawn")
MANY = {"range": [0, 20, 1]}


@pytest.mark.parametrize("method", METHODS)
def test_pool_runs_jobs_and_is_closed_and_joined(supervisor: Supervised, method: str) -> None:
    """Its host is a process like any other, and its workers are descendants of the host."""
    pooling = Pooling(supervisor, name="crunch", start_method=method, retries=1)
    number = pooling.submit("map", "square", iterable={"range": [0, 1000, 1]})
    pooling.wait_for_job(number, "done")
    assert pooling.ask(ReadJob(job=number))["result"][:4] == [0, 1, 4, 9]
    one = pooling.wait_for_worker(lambda one: one.os_state and one.state == "idle", "a worker is idle and sampled")
    pool, host = pooling.now(), supervisor.record(pooling.id)
    assert (pool.name, pool.pid, pool.processes, pool.start_method, pool.retries) == ("crunch", host.pid, 2, method, 1)
    assert (host.pool, host.workload, host.target) == (True, None, f"pool of 2 workers ({method})")
    assert (one.daemon, one.exitcode, one.task) == (True, None, None)
    assert one.sentinel
    assert (all((one.ppid, one.rss_bytes, one.threads)), one.sentinel.ready) == (True, False)
    below = {descendant.pid for descendant in supervisor.snapshot().snapshot.descendants if descendant.root == pool.id}
    assert {worker.pid for worker in pool.workers} <= below
    pooling.ask(Close())
    assert pooling.ask(JoinPool(timeout_s=10.0)) == {"joined": True}
    assert supervisor.wait_state(pooling.id, "joined").exitcode == 0
    pool = pooling.now()
    assert (pool.state, pool.error, pool.workers) == ("closed", None, ())
    # The host's forkserver and resource tracker end a moment after the host.
    wait_until(lambda: all(gone(pid) for pid in below), 10, "all processes of the pool have ended")


def test_killing_a_stuck_worker_loses_only_its_task(supervisor: Supervised) -> None:
    """The worker is found stuck, its stack is read, it is killed, and the pool runs the next job."""
    pooling = Pooling(supervisor, start_method="fork", stuck_after_s=1.0)
    number = pooling.submit("map", "stall-at", iterable=MANY, chunksize=1)
    one = pooling.wait_for_worker(lambda one: one.stuck, "a worker is stuck")
    assert one.stuck
    assert one.task
    assert one.stuck.reason.startswith(f"task {one.task.index} of job {number} (")
    assert "stall_at" in supervisor.ask(m.Stack, process=pooling.id, pid=one.pid)["text"]
    wait_until(lambda: pooling.lines("stuck"), 10, "the journal has a stuck event")
    assert pooling.lines("stuck")[0].startswith(f"worker {one.pid} stuck for ")
    cost = pooling.act(one.pid, "kill")
    assert (cost["ended"], cost["exitcode"], cost["outcome"]) == (True, -9, "lost")
    job = pooling.wait_for_job(number, "lost")
    assert (job.total, job.done, job.lost, job.failed) == (20, 19, 1, 0)
    assert pooling.lines("asked")[-1] == f"kill of worker {one.pid} requested"
    assert len(pooling.lines("worker-lost")) == 1
    following = pooling.submit("map", "square", iterable=MANY)
    assert pooling.wait_for_job(following, "done").done > 0
    pooling.ask(Terminate())
    supervisor.wait_state(pooling.id, "joined")
    assert pooling.now().state == "terminated"


def test_stopped_worker_is_shown_as_suspended(supervisor: Supervised) -> None:
    """It may be stopped by Procession or by a signal from outside."""
    pooling = Pooling(supervisor, start_method="fork")
    pid = pooling.now().workers[0].pid

    def is_(state: str) -> None:
        pooling.wait_for_worker(lambda one: one.pid == pid and one.state == state, f"the worker is {state}")

    pooling.act(pid, "suspend")
    is_("suspended")
    pooling.act(pid, "resume")
    is_("idle")
    os.kill(pid, signal.SIGSTOP)
    is_("suspended")
    os.kill(pid, signal.SIGCONT)
    is_("idle")
    with pytest.raises(NoSuchProcess):
        pooling.act(1, "kill")
    supervisor.act(pooling.id, "kill")
    supervisor.wait_state(pooling.id, "joined")


def test_killing_the_host_terminates_its_pool(supervisor: Supervised) -> None:
    """The consequences say beforehand what is lost; afterwards no worker is left, and every job has ended."""
    pooling = Pooling(supervisor, start_method="fork")
    number = pooling.submit("map_async", "sleep", iterable=[60] * 20, chunksize=1)
    pooling.wait_for(lambda pool: pool.running == 2, "two tasks are running")
    pids = [one.pid for one in pooling.now().workers]
    told = supervisor.ask(m.Consequences, process=pooling.id, verb="kill")["text"]
    assert told.endswith(" Its 2 workers will end; 2 running tasks are lost, 18 waiting tasks never start.")
    supervisor.act(pooling.id, "kill")
    supervisor.wait_state(pooling.id, "joined")
    pool = pooling.now()
    assert (pool.state, pool.error) == ("terminated", supervisor.record(pooling.id).cause)
    assert (pool.workers, pool.running, pool.queued, pool.lost) == ((), 0, 0, 2)
    assert all(gone(pid) for pid in pids)
    assert pooling.job(number).state == "lost"
    with pytest.raises(NotPossible, match="resize is not possible while the pool is terminated: "):
        pooling.ask(Resize(processes=3))
    assert pooling.ask(JoinPool()) == {"joined": True}


def test_restarting_the_host_reopens_its_pool(supervisor: Supervised) -> None:
    """It has the same id and options, and no jobs."""
    pooling = Pooling(supervisor, start_method="fork", processes=3)
    pooling.wait_for_job(pooling.submit("apply", "square", args=(3,)), "done")
    pid = pooling.now().pid
    supervisor.act(pooling.id, "restart")
    pool = pooling.wait_for(lambda pool: pool.state == "open" and pool.pid != pid, "the pool is reopened")
    assert (pool.processes, pool.jobs, pool.done) == (3, (), 0)
    supervisor.act(pooling.id, "terminate")
    supervisor.wait_state(pooling.id, "joined")


def test_suspended_host_does_not_answer_and_blocks_no_one_else(supervisor: Supervised) -> None:
    """The request fails in time; other requests are answered meanwhile."""
    pooling = Pooling(supervisor, start_method="fork", stuck_after_s=1.0)
    supervisor.act(pooling.id, "suspend")
    supervisor.wait_state(pooling.id, "suspended")
    with pytest.raises(SupervisorAway, match=f"pool {pooling.id} does not answer while its host is suspended"):
        pooling.ask(JoinPool(timeout_s=0.0))
    supervisor.act(pooling.id, "resume")
    supervisor.wait_state(pooling.id, "running")
    pooling.wait_for_job(pooling.submit("apply", "square", args=(3,)), "done")
    supervisor.act(pooling.id, "kill")
    supervisor.wait_state(pooling.id, "joined")


def test_pool_charts_have_queued_tasks_and_throughput(supervisor: Supervised) -> None:
    """They share the time axis of the host's CPU and memory."""
    pooling = Pooling(supervisor, start_method="fork")
    pooling.submit("map", "slow-square", iterable={"range": [0, 30, 1]}, chunksize=1)

    def drawn() -> bool:
        series = supervisor.ask(m.History, process=pooling.id)["series"][pooling.id]
        return any(series["queued"]) and any(series["tasks_per_s"])

    wait_until(drawn, 20, "the charts have values")
    reply = supervisor.ask(m.History, process=pooling.id)
    series = reply["series"][pooling.id]
    assert set(series) == {"cpu_percent", "rss_bytes", "queued", "tasks_per_s"}
    assert {len(one) for one in series.values()} == {len(reply["at"])}
    supervisor.act(pooling.id, "kill")
    supervisor.wait_state(pooling.id, "joined")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"processes": 0}, "processes"),
        ({"processes": 257}, "processes"),
        ({"retries": -1}, "retries"),
        ({"retries": 101}, "retries"),
        ({"maxtasksperchild": 0}, "maxtasksperchild"),
        ({"stuck_after_s": 0.0}, "stuck_after_s"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
    ],
)
def test_invalid_field_of_a_pool_is_named(supervisor: Supervised, spec: dict[str, object], field: str) -> None:
    """Nothing is started."""
    before = {one.id for one in supervisor.snapshot().snapshot.pools}
    with pytest.raises(InvalidField) as refusal:
        supervisor.ask(m.OpenPool, spec=PoolSpec(**spec))  # type: ignore[arg-type]
    assert refusal.value.field == field
    assert {one.id for one in supervisor.snapshot().snapshot.pools} == before


def test_unknown_pool_is_not_found(supervisor: Supervised) -> None:
    """A process that is not a pool's host has no pool either."""
    process_id = supervisor.running("sleep", params={"seconds": 300})
    for wrong in ("p9999", process_id):
        with pytest.raises(NoSuchProcess, match=f"pool not found: {wrong}"):
            supervisor.ask(m.AskPool, pool=wrong, ask=Close())
    supervisor.act(process_id, "kill")
    supervisor.wait_state(process_id, "joined")


def test_pool_functions_are_listed_with_an_example_each(supervisor: Supervised) -> None:
    functions = {one["name"]: one for one in supervisor.ask(m.PoolFunctions)["functions"]}
    assert {"square", "stall-at", "kill-own-worker"} <= functions.keys()
    assert all(one["example"]["method"] for one in functions.values())


def test_pools_are_terminated_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    """No worker survives; restarting the host's record opens the pool again."""
    with Supervised(tmp_path / "home") as supervisor:
        pooling = Pooling(supervisor, start_method="forkserver")
        pooling.submit("map_async", "sleep", iterable=[60] * 4, chunksize=1)
        pooling.wait_for(lambda pool: pool.running == 2, "two tasks are running")
        before = pooling.now()
        supervisor.process.kill()
        supervisor.process.wait()
        pids = [one.pid for one in before.workers]
        wait_until(lambda: all(gone(pid) for pid in pids), 20, "all workers have ended")
        supervisor.start()
        pool = pooling.now()
        assert (pool.state, pool.error) == ("terminated", "exit not seen: the supervisor died")
        assert supervisor.record(pooling.id).state == "lost"
        supervisor.act(pooling.id, "restart")
        pooling.wait_for(lambda pool: pool.state == "open", "the pool is open again")


def test_stopping_the_supervisor_ends_busy_pools(tmp_path: Path) -> None:
    """No process is left, whatever the workers do; a fixture checks that."""
    with Supervised(tmp_path / "home", grace_s="1") as supervisor:
        for method in METHODS:
            pooling = Pooling(supervisor, start_method=method)
            pooling.submit("apply_async", "ignore-sigterm", args=(300,))
            pooling.submit("map_async", "sleep", iterable=[60] * 4, chunksize=1)
            pooling.wait_for(lambda pool: pool.running == 2, "two tasks are running")
        assert supervisor.stop() == 0
