"""Seven ways to kill a worker: its task is lost by name or retried, all others are done, the pool keeps working."""

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from procession import Pool, WorkerLost
from tests.examples import repeats
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import (
    WITHIN_S,
    assert_goes_on,
    assert_names,
    assert_once,
    booted,
    kill,
    moments,
    passed,
    started,
    stop,
    within,
    workers,
)
from tests.pool.repeating import KILLS
from tests.waiting import wait_until

WORKERS = 2
#: More than are prefetched, so some wait in the worker that dies and some in the pool.
OTHERS = 200
SEED = int(os.environ.get("PROCESSION_POOL_SEED", str(time.time_ns() % 100_000)))
WRITING = {"1", "20", "44", "46"}  # write, writev, sendto and sendmsg on x86-64


def syscall_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/syscall").read_text().split()[0]
    return ""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_busy_worker_is_killed(open_pool: OpenPool, tmp_path: Path, gate: Path, number: signal.Signals) -> None:
    """Its task is lost and named; tasks that waited in the worker run elsewhere, once."""
    pool = open_pool(WORKERS)
    for turn in range(KILLS):
        log = str(tmp_path / f"log{turn}")
        victim = pool.apply_async(tasks.held, (log, 0, str(gate)))
        others = [pool.apply_async(tasks.logged, (log, one)) for one in range(1, OTHERS)]
        pid = started(log, 0)
        kill(pid, number)
        with pytest.raises(WorkerLost) as raised:
            victim.get(WITHIN_S)
        assert_names(raised.value, pid, -number)
        assert [one.get(WITHIN_S) for one in others] == list(range(1, OTHERS))
        assert_once(tasks.read(log), OTHERS, {0})
        assert_goes_on(pool, WORKERS, pid)
    assert pool.statistics().lost == KILLS


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_busy_worker_is_killed_and_its_task_retried(
    open_pool: OpenPool, tmp_path: Path, gate: Path, number: signal.Signals
) -> None:
    """The caller gets the value; only this task ran twice."""
    pool = open_pool(WORKERS, retries=1)
    for turn in range(KILLS):
        log = str(tmp_path / f"log{turn}")
        victim = pool.apply_async(tasks.held_once, (log, 0, str(gate)))
        others = [pool.apply_async(tasks.logged, (log, one)) for one in range(1, OTHERS)]
        pid = started(log, 0)
        kill(pid, number)
        assert victim.get(WITHIN_S) == 0
        assert [one.get(WITHIN_S) for one in others] == list(range(1, OTHERS))
        told = tasks.read(log)
        assert {one for one, count in told.started.items() if count != 1} == {0}
        assert told.started[0] == 2
        assert_goes_on(pool, WORKERS, pid)
    facts = pool.statistics()
    assert (facts.lost, facts.retried) == (0, KILLS)


@pytest.mark.parametrize("killed", [1, WORKERS])
def test_idle_worker_is_killed(open_pool: OpenPool, killed: int) -> None:
    """No task is lost before or after, even if all of them are killed at once."""
    pool = open_pool(WORKERS)
    for _ in range(KILLS * 2):
        assert_goes_on(pool, WORKERS)
        wait_until(lambda: len(workers(pool, "idle")) == WORKERS, WITHIN_S)
        for pid in workers(pool)[:killed]:
            kill(pid)
        assert [pool.apply_async(tasks.square, (one,)).get(WITHIN_S) for one in range(10)] == [
            tasks.square(one) for one in range(10)
        ]
    assert_goes_on(pool, WORKERS)
    assert pool.statistics().lost == 0


def test_task_calls_os_exit(open_pool: OpenPool, tmp_path: Path) -> None:
    """Only that task is lost."""
    pool = open_pool(WORKERS)
    for turn in range(KILLS):
        log = str(tmp_path / f"log{turn}")
        bad = 17 * (turn + 1) % OTHERS
        results = [pool.apply_async(tasks.leave_hard_at, (log, bad, one)) for one in range(OTHERS)]
        with pytest.raises(WorkerLost) as raised:
            results[bad].get(WITHIN_S)
        assert_names(raised.value, tasks.read(log).pid_of(bad), 3)
        assert [one.get(WITHIN_S) for number, one in enumerate(results) if number != bad] == [
            number for number in range(OTHERS) if number != bad
        ]
        assert_once(tasks.read(log), OTHERS, {bad})
        assert_goes_on(pool, WORKERS, raised.value.pid)


def test_task_that_always_kills_its_worker_is_lost(open_pool: OpenPool, log: str) -> None:
    """It is retried up to its limit and then lost, so that it cannot kill workers for ever."""
    pool = open_pool(WORKERS)
    result = pool.apply_async(tasks.leave_hard_at, (log, 0, 0), retries=3)
    with pytest.raises(WorkerLost) as raised:
        result.get(WITHIN_S)
    assert raised.value.exitcode == 3
    assert tasks.read(log).started[0] == 4
    assert result.progress().retried == 3
    assert_goes_on(pool, WORKERS)


@pytest.mark.any_method
def test_many_kills_over_thousands_of_tasks(open_pool: OpenPool, log: str) -> None:
    """Each kill costs at most one task, which is named with the worker that died."""
    chance = random.Random(SEED)
    kills, processes = repeats(50, few=20), 3
    count = 100 * kills
    pool = open_pool(processes)
    results = [pool.apply_async(tasks.uneven, (log, one)) for one in range(count)]
    killed = []
    for moment in moments(kills, count - 500, chance):
        wait_until(passed(pool, moment), WITHIN_S, "the work has stopped")
        within(0.002, chance)
        pid = chance.choice(booted(pool))
        if kill(pid):
            killed.append(pid)
    lost = outcome_of(results)
    assert_once(tasks.read(log), count, set(lost))
    assert sorted({error.pid for error in lost.values()}) == sorted(error.pid for error in lost.values()), SEED
    assert {error.pid for error in lost.values()} <= set(killed)
    assert {error.exitcode for error in lost.values()} <= {-signal.SIGKILL}
    facts = pool.statistics()
    assert (facts.done, facts.lost, facts.queued, facts.running) == (count - len(lost), len(lost), 0, 0)
    assert_goes_on(pool, processes)


def outcome_of(results: list) -> dict[int, WorkerLost]:  # type: ignore[type-arg]
    """Asserts that each result is its own number or is lost; which ones are."""
    lost = {}
    for number, result in enumerate(results):
        try:
            assert result.get(WITHIN_S) == number
        except WorkerLost as error:
            lost[number] = error
    return lost


def test_killed_while_a_big_result_is_written(open_pool: OpenPool, tmp_path: Path) -> None:
    """The result is complete or lost; half a result disturbs neither the reader nor other workers."""
    chance = random.Random(SEED)
    pool = open_pool(WORKERS)
    hits = 0
    for turn in range(KILLS * 2):
        log = str(tmp_path / f"log{turn}")
        victim = pool.apply_async(tasks.give_big, (log, 0))
        others = [pool.apply_async(tasks.logged, (log, one)) for one in range(1, 50)]
        pid = started(log, 0)
        while syscall_of(pid) not in WRITING and not victim.ready():
            pass
        within(0.01, chance)
        kill(pid)
        try:
            assert victim.get(WITHIN_S) == b"y" * (50 * tasks.MIB)
        except WorkerLost as error:
            hits += 1
            assert_names(error, pid, -signal.SIGKILL)
        assert [one.get(WITHIN_S) for one in others] == list(range(1, 50))
        assert_goes_on(pool, WORKERS, pid)
    assert pool.statistics().lost == hits


def stop_then(end: Callable[[int], object], pool: Pool, log: str, gate: Path) -> tuple[int, WorkerLost | None]:
    """Stop the worker that holds task 0; the others do the rest; then `end` it. Its pid, and what was lost."""
    victim = pool.apply_async(tasks.held, (log, 0, str(gate)))
    others = [pool.apply_async(tasks.logged, (log, one)) for one in range(1, OTHERS)]
    pid = started(log, 0)
    stop(pid)
    assert [one.get(WITHIN_S) for one in others] == list(range(1, OTHERS))
    assert not victim.ready()
    end(pid)
    try:
        assert victim.get(WITHIN_S) == 0
    except WorkerLost as error:
        return pid, error
    return pid, None


def test_stopped_worker_is_killed(open_pool: OpenPool, tmp_path: Path, gate: Path) -> None:
    """Other workers do its prefetched tasks before; only the one it executed is lost."""
    pool = open_pool(WORKERS)
    for turn in range(KILLS):
        log = str(tmp_path / f"log{turn}")
        pid, lost = stop_then(kill, pool, log, gate)
        assert_names(lost, pid, -signal.SIGKILL)
        assert_once(tasks.read(log), OTHERS, {0})
        assert_goes_on(pool, WORKERS, pid)


def test_stopped_worker_is_resumed(open_pool: OpenPool, tmp_path: Path) -> None:
    """It does not run again what the others took from it."""
    pool = open_pool(WORKERS)
    for turn in range(KILLS):
        log, gate = str(tmp_path / f"log{turn}"), tmp_path / f"gate{turn}"

        def resume(pid: int, gate: Path = gate) -> None:
            gate.touch()
            kill(pid, signal.SIGCONT)

        _, lost = stop_then(resume, pool, log, gate)
        assert lost is None
        assert_once(tasks.read(log), OTHERS, set())
        assert_goes_on(pool, WORKERS)
    assert pool.statistics().lost == 0


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGCONT])
def test_stopped_anywhere_in_a_stream_of_tasks(open_pool: OpenPool, tmp_path: Path, end: signal.Signals) -> None:
    """In a task, between two, or while it answers: at most that one task waits for the worker."""
    chance = random.Random(SEED)
    pool = open_pool(WORKERS)
    for turn in range(KILLS * 3):
        log = str(tmp_path / f"log{turn}")
        results = [pool.apply_async(tasks.uneven, (log, one)) for one in range(OTHERS)]
        within(0.02, chance)
        pid = chance.choice(booted(pool))
        stop(pid)
        wait_until(lambda: sum(not one.ready() for one in results) <= 1, WITHIN_S, f"others wait, seed {SEED}")  # noqa: B023
        kill(pid, end)
        lost = outcome_of(results)
        if end == signal.SIGKILL:
            wait_until(lambda: pid not in workers(pool), WITHIN_S)  # noqa: B023
        assert {(error.pid, error.exitcode) for error in lost.values()} <= {(pid, -signal.SIGKILL)}
        assert len(lost) <= (end == signal.SIGKILL)
        assert_once(tasks.read(log), OTHERS, set(lost))
    assert_goes_on(pool, WORKERS)


@pytest.mark.parametrize("chunksize", [1, 7])
def test_map_loses_the_chunk_in_flight(open_pool: OpenPool, log: str, chunksize: int) -> None:
    """The map raises; its partial results and missing items can be read."""
    pool = open_pool(WORKERS)
    numbers, bad = range(210), 100
    result = pool.starmap_async(tasks.leave_hard_at, [(log, bad, one) for one in numbers], chunksize)
    with pytest.raises(WorkerLost) as raised:
        result.get(WITHIN_S)
    assert_names(raised.value, tasks.read(log).pid_of(bad), 3)
    wait_until(lambda: result.progress().over, WITHIN_S)
    (failure,) = result.failures()
    assert str(failure.error) == str(raised.value)
    missing = range(failure.task.first, failure.task.first + failure.task.size)
    assert len(missing) == chunksize
    assert bad in missing
    assert result.partial() == [None if one in missing else one for one in numbers]
    assert_once(tasks.read(log), len(numbers), set(missing))
    assert_goes_on(pool, WORKERS)


@pytest.mark.parametrize("chunksize", [1, 5])
@pytest.mark.parametrize("name", ["imap", "imap_unordered"])
def test_iterator_raises_at_a_lost_item_and_continues(open_pool: OpenPool, log: str, name: str, chunksize: int) -> None:
    """As with an exception of the function: that item raises, the next ones follow."""
    pool = open_pool(WORKERS)
    count, bad = 100, 42
    iterator = getattr(pool, name)(tasks.logged_or_left, [(log, bad, one) for one in range(count)], chunksize)
    got, errors = [], []
    while True:
        try:
            got.append(iterator.next(WITHIN_S))
        except StopIteration:
            break
        except WorkerLost as error:
            errors.append(error)
    (lost,) = errors
    assert_names(lost, tasks.read(log).pid_of(bad), 3)
    first = bad // chunksize * chunksize
    expected = [one for one in range(count) if not first <= one < first + chunksize]
    assert (got if name == "imap" else sorted(got)) == expected
    assert_once(tasks.read(log), count, set(range(first, first + chunksize)))
    assert_goes_on(pool, WORKERS)
