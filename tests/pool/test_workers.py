"""Single workers are suspended, resumed, terminated or killed; the pool grows and shrinks, and has statistics."""

import os
import signal
from collections import Counter
from pathlib import Path

import pytest

from procession import Pool, WorkerLost
from procession.pool.facts import Statistics
from procession.pool.tasks.apply import AsyncResult
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import (
    WITHIN_S,
    assert_goes_on,
    assert_names,
    assert_once,
    is_alive,
    is_stopped,
    kill,
    started,
    workers,
)
from tests.pool.repeating import KILLS
from tests.waiting import wait_until

pytestmark = pytest.mark.any_method

WORKERS = 2


@pytest.mark.parametrize(("verb", "number"), [("kill_worker", signal.SIGKILL), ("terminate_worker", signal.SIGTERM)])
@pytest.mark.parametrize("retries", [0, 1])
def test_busy_worker_is_ended(
    open_pool: OpenPool, tmp_path: Path, gate: Path, verb: str, number: signal.Signals, retries: int
) -> None:
    """The answer says what it cost, and the exception which call ended the worker."""
    pool = open_pool(WORKERS, retries=retries)
    for turn in range(KILLS):
        log = str(tmp_path / f"log{turn}")
        victim = pool.apply_async(tasks.held_once, (log, 0, str(gate)))
        others = [pool.apply_async(tasks.logged, (log, one)) for one in range(1, 50)]
        pid = started(log, 0)
        end = getattr(pool, verb)(pid)
        assert (end.pid, end.ended, end.exitcode) == (pid, True, -number)
        assert verb in end.cause
        assert end.outcome == ("retried" if retries else "lost")
        assert end.task is not None
        assert (end.task.call, end.task.function) == (victim.call, "tests.pool.tasks.held_once")
        if retries:
            assert victim.get(WITHIN_S) == 0
        else:
            with pytest.raises(WorkerLost) as raised:
                victim.get(WITHIN_S)
            assert_names(raised.value, pid, -number)
            assert raised.value.cause == end.cause
        assert [one.get(WITHIN_S) for one in others] == list(range(1, 50))
        assert_goes_on(pool, WORKERS, pid)


@pytest.mark.every_method
def test_idle_worker_is_ended(open_pool: OpenPool) -> None:
    """No task is lost."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    pid = wait_until(lambda: workers(pool, "idle"), WITHIN_S)[0]
    end = pool.terminate_worker(pid)
    assert (end.ended, end.task, end.outcome, end.returned) == (True, None, None, 0)
    assert_goes_on(pool, WORKERS, pid)
    assert pool.statistics().lost == 0


def test_suspended_worker_is_terminated(open_pool: OpenPool, log: str, gate: Path) -> None:
    """SIGTERM reaches a stopped process only when it continues."""
    pool = open_pool(WORKERS)
    victim = pool.apply_async(tasks.held, (log, 0, str(gate)))
    pid = started(log, 0)
    pool.suspend_worker(pid)
    wait_until(lambda: is_stopped(pid))
    assert pool.terminate_worker(pid).exitcode == -signal.SIGTERM
    with pytest.raises(WorkerLost):
        victim.get(WITHIN_S)
    assert_goes_on(pool, WORKERS, pid)


def test_worker_that_ignores_sigterm(open_pool: OpenPool, log: str) -> None:
    """The answer says that it has not ended; SIGKILL ends it."""
    pool = open_pool(WORKERS)
    victim = pool.apply_async(tasks.deaf, (log, 0))
    pid = started(log, 0)
    end = pool.terminate_worker(pid, timeout=0.05)
    assert (end.pid, end.ended, end.exitcode, end.outcome) == (pid, False, None, None)
    assert end.task is not None
    assert not victim.ready()
    assert is_alive(pid)
    assert pool.kill_worker(pid).exitcode == -signal.SIGKILL
    with pytest.raises(WorkerLost):
        victim.get(WITHIN_S)


def test_worker_is_suspended_and_resumed(open_pool: OpenPool, tmp_path: Path) -> None:
    """Meanwhile the others do the tasks that wait in it; then it finishes its own."""
    pool = open_pool(WORKERS)
    for turn in range(KILLS):
        log, gate = str(tmp_path / f"log{turn}"), tmp_path / f"gate{turn}"
        held = pool.apply_async(tasks.held, (log, 0, str(gate)))
        others = [pool.apply_async(tasks.logged, (log, one)) for one in range(1, 200)]
        pid = started(log, 0)
        pool.suspend_worker(pid)
        wait_until(lambda: pid in workers(pool, "suspended"), WITHIN_S)  # noqa: B023
        gate.touch()
        assert [one.get(WITHIN_S) for one in others] == list(range(1, 200))
        assert not held.ready()
        pool.resume_worker(pid)
        assert held.get(WITHIN_S) == 0
        wait_until(lambda: not workers(pool, "suspended"), WITHIN_S)
        assert_once(tasks.read(log), 200, set())
        assert_goes_on(pool, WORKERS)


def test_idle_worker_is_suspended(open_pool: OpenPool) -> None:
    """It gets no tasks, and the pool can close once it continues."""
    pool = open_pool(WORKERS)
    for _ in range(KILLS):
        assert_goes_on(pool, WORKERS)
        pid = workers(pool)[0]
        pool.suspend_worker(pid)
        wait_until(lambda: is_stopped(pid))  # noqa: B023
        assert [pool.apply_async(tasks.square, (one,)).get(WITHIN_S) for one in range(20)] == [
            tasks.square(one) for one in range(20)
        ]
        assert pool.map_async(tasks.square, range(500), chunksize=1).get(WITHIN_S)[-1] == 499 * 499
        pool.resume_worker(pid)
    assert_goes_on(pool, WORKERS)


@pytest.mark.parametrize("verb", ["suspend_worker", "resume_worker", "terminate_worker", "kill_worker"])
def test_verbs_refuse_other_processes(open_pool: OpenPool, verb: str) -> None:
    """Only workers of this pool are signalled: not its parent, another pool's workers or ended ones."""
    pool, other = open_pool(1), open_pool(1)
    assert_goes_on(pool, 1)
    assert_goes_on(other, 1)
    (gone,), (foreign,) = workers(pool), workers(other)
    kill(gone)
    assert_goes_on(pool, 1, gone)
    for pid in (os.getpid(), foreign, gone, 0, -1, 2**22 + 1):
        with pytest.raises(ValueError, match=str(pid)):
            getattr(pool, verb)(pid)
    assert workers(other) == [foreign]


def test_pool_grows_and_shrinks(open_pool: OpenPool, log: str) -> None:
    """Under load no task is lost or run twice."""
    pool = open_pool(1)
    results = [pool.apply_async(tasks.uneven, (log, one)) for one in range(1500)]
    for wanted in (4, 1, 3, 2):
        pool.resize(wanted)
        assert pool.statistics().processes == wanted
        wait_until(lambda: len(pool.statistics().workers) == wanted, WITHIN_S)  # noqa: B023
    assert [one.get(WITHIN_S) for one in results] == list(range(1500))
    assert_once(tasks.read(log), 1500, set())
    assert_goes_on(pool, 2)
    for wrong in (0, -1):
        with pytest.raises(ValueError, match="at least 1"):
            pool.resize(wrong)
    pool.close()
    with pytest.raises(ValueError, match="not running"):
        pool.resize(2)


def test_surplus_workers_finish_their_task(open_pool: OpenPool, log: str, gate: Path) -> None:
    """No worker is killed for being surplus."""
    pool = open_pool(3)
    results = [pool.apply_async(tasks.held, (log, one, str(gate))) for one in range(3)]
    for one in range(3):
        started(log, one)
    pool.resize(1)
    gate.touch()
    assert [one.get(WITHIN_S) for one in results] == [0, 1, 2]
    wait_until(lambda: len(pool.statistics().workers) == 1, WITHIN_S)
    assert pool.statistics().lost == 0
    assert_goes_on(pool, 1)


def retire_one(pool: Pool) -> None:
    """Of two workers, both of which have one task to do."""
    pool.resize(1)
    wait_until(lambda: len(workers(pool, "retiring")) == 1, WITHIN_S)


def test_retiring_worker_does_not_count_as_a_worker(open_pool: OpenPool, log: str, gate: Path) -> None:
    """While it finishes its task, the remaining worker is replaced as soon as it dies."""
    pool = open_pool(2)
    results = [pool.apply_async(tasks.held, (log, one, str(gate))) for one in range(2)]
    for one in range(2):
        started(log, one)
    retire_one(pool)
    pool.kill_worker(workers(pool, "busy")[0])
    assert pool.apply_async(tasks.square, (3,)).get(WITHIN_S) == 9
    gate.touch()
    assert sorted(isinstance(outcome(one), WorkerLost) for one in results) == [False, True]


def outcome(result: AsyncResult) -> object:
    try:
        return result.get(WITHIN_S)
    except WorkerLost as error:
        return error


def test_surplus_worker_gets_its_big_argument(open_pool: OpenPool) -> None:
    """Data on its way to a retiring worker arrives before the socket is shut down."""
    pool = open_pool(2)
    assert_goes_on(pool, 2)
    big = bytes(64 << 20)
    results = [pool.apply_async(tasks.take, (big,)) for _ in range(2)]
    pool.resize(1)
    assert [one.get(WITHIN_S) for one in results] == [len(big)] * 2
    assert pool.statistics().lost == 0


def test_stopped_idle_worker_does_not_keep_the_pool_open(open_pool: OpenPool) -> None:
    """It has no task, so that close does not wait for it."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    pid = workers(pool)[0]
    pool.suspend_worker(pid)
    wait_until(lambda: is_stopped(pid))
    pool.close()
    assert pool.join(WITHIN_S)


@pytest.mark.every_method
def test_stopped_worker_that_got_only_a_function_keeps_no_task(open_pool: OpenPool) -> None:
    """It was stopped after it got the function, whose arguments could not be pickled."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    pool.apply_async(tasks.take_any, (lambda: None,)).wait(WITHIN_S)
    pid = workers(pool)[0]
    pool.suspend_worker(pid)
    wait_until(lambda: is_stopped(pid))
    assert pool.apply_async(tasks.take_any, (3,)).get(WITHIN_S) == "int"


@pytest.mark.every_method
@pytest.mark.parametrize("most", [1, 4])
def test_workers_retire_after_so_many_tasks(open_pool: OpenPool, method: str, tmp_path: Path, most: int) -> None:
    """After exactly that many, sent singly or at once; the last worker does the rest."""
    pool = open_pool(WORKERS, maxtasksperchild=most)
    log, count = str(tmp_path / "log"), 10 * min(most, 3)
    results = [pool.apply_async(tasks.logged, (log, one)) for one in range(count)]
    assert [one.get(WITHIN_S) for one in results] == list(range(count))
    done = Counter(pids[0] for pids in tasks.read(log).pids.values())
    assert max(done.values()) == most
    assert sum(number < most for number in done.values()) <= WORKERS
    assert_once(tasks.read(log), count, set())
    assert_goes_on(pool, WORKERS, count=4)


def test_one_worker_retires_after_so_many_chunks(open_pool: OpenPool) -> None:
    """A chunk is one task."""
    pool = open_pool(1, maxtasksperchild=3)
    pids = pool.map_async(tasks.own_pid, range(36), chunksize=2).get(WITHIN_S)
    assert list(Counter(pids).values()) == [6] * 6
    assert_goes_on(pool, 1, count=4)


def test_tasks_taken_back_do_not_count(open_pool: OpenPool, log: str, gate: Path) -> None:
    """A stopped worker whose tasks others did may still do its full number."""
    pool = open_pool(WORKERS, maxtasksperchild=50)
    held = pool.apply_async(tasks.held, (log, 0, str(gate)))
    others = [pool.apply_async(tasks.logged, (log, one)) for one in range(1, 120)]
    pid = started(log, 0)
    pool.suspend_worker(pid)
    assert [one.get(WITHIN_S) for one in others] == list(range(1, 120))
    gate.touch()
    pool.resume_worker(pid)
    assert held.get(WITHIN_S) == 0
    more = [pool.apply_async(tasks.logged, (log, one)) for one in range(120, 400)]
    assert [one.get(WITHIN_S) for one in more] == list(range(120, 400))
    assert_once(tasks.read(log), 400, set())
    assert max(Counter(pids[0] for pids in tasks.read(log).pids.values()).values()) <= 50


def assert_balanced(facts: Statistics, submitted: int) -> None:
    """Each task is in one place."""
    assert facts.queued + facts.running + facts.done + facts.failed + facts.lost == submitted, facts
    assert min(facts.queued, facts.running, facts.done, facts.failed, facts.lost) >= 0
    assert facts.running == sum(worker.task is not None for worker in facts.workers)
    for worker in facts.workers:
        assert (worker.busy_s is None) == (worker.task is None)
        assert worker.prefetched >= 0
        assert 0 <= worker.waited_s <= worker.uptime_s + 0.1


def test_statistics_add_up_under_load(open_pool: OpenPool, log: str) -> None:
    """At any moment, with failures, losses and retries."""
    pool = open_pool(WORKERS)
    submitted, results = 0, []
    for one in range(2000):
        if one % 500 == 250:
            results.append(pool.apply_async(tasks.leave_hard, (3,)))
        elif one % 10 == 5:
            results.append(pool.apply_async(tasks.raise_value_error, ("counted",)))
        else:
            results.append(pool.apply_async(tasks.uneven, (log, one)))
        submitted += 1
        if one % 20 == 0:
            assert_balanced(pool.statistics(), submitted)
    while not all(result.ready() for result in results):
        assert_balanced(pool.statistics(), submitted)
    facts = pool.statistics()
    assert_balanced(facts, submitted)
    assert (facts.done, facts.failed, facts.lost) == (1796, 200, 4)
    assert (facts.queued, facts.running, facts.state) == (0, 0, "open")


def test_statistics_have_the_task_of_each_worker(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Which call, which function with which arguments, and for how long."""
    pool = open_pool(WORKERS)
    result = pool.apply_async(tasks.held, (log, 0, str(gate)))
    waiting = [pool.apply_async(tasks.held, (log, one, str(gate))) for one in range(1, 10)]
    pid = started(log, 0)
    (worker,) = (one for one in pool.statistics().workers if one.pid == pid)
    assert worker.state == "busy"
    assert worker.daemon
    assert worker.exitcode is None
    assert worker.task is not None
    assert (worker.task.call, worker.task.index, worker.task.size, worker.task.attempt) == (result.call, 0, 1, 1)
    assert worker.task.function == "tests.pool.tasks.held"
    assert str(gate)[-10:] in worker.task.arguments
    first = worker.busy_s or 0.0
    wait_until(lambda: busy_s(pool, pid) > first)
    gate.touch()
    for one in (result, *waiting):
        one.get(WITHIN_S)
    wait_until(lambda: all(one.task is None for one in pool.statistics().workers))
    assert sum(one.tasks_done for one in pool.statistics().workers) == 10


def busy_s(pool: Pool, pid: int) -> float:
    return next(one.busy_s or 0.0 for one in pool.statistics().workers if one.pid == pid)


def test_states_of_a_pool(open_pool: OpenPool, log: str, gate: Path) -> None:
    pool, other = open_pool(1), open_pool(1)
    assert pool.statistics().state == "open"
    pool.apply_async(tasks.held, (log, 0, str(gate)))
    started(log, 0)
    pool.close()
    assert pool.statistics().state == "closing"
    gate.touch()
    assert pool.join(timeout=WITHIN_S)
    assert (pool.statistics().state, pool.statistics().workers) == ("closed", ())
    other.terminate()
    assert other.join(timeout=WITHIN_S)
    assert (other.statistics().state, other.statistics().workers) == ("terminated", ())


def test_progress_of_a_map(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Done and failed tasks, with their arguments, while the rest runs."""
    pool = open_pool(WORKERS)
    result = pool.starmap_async(tasks.raise_at, [(7, one) for one in range(20)], chunksize=1)
    result.wait(WITHIN_S)
    progress = result.progress()
    assert (progress.total, progress.done, progress.failed, progress.lost, progress.over) == (20, 19, 1, 0, True)
    (failure,) = result.failures()
    assert (failure.task.first, failure.task.size, failure.task.call) == (7, 1, result.call)
    assert isinstance(failure.error, ValueError)
    assert result.partial() == [None if one == 7 else one for one in range(20)]
    iterator = pool.imap(tasks.square, (one for one in range(5)))
    assert list(iterator) == [0, 1, 4, 9, 16]
    assert iterator.progress().over
    assert iterator.call == result.call + 1
