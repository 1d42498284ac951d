"""Processes and threads around the workers: grandchildren, the parent, other pools; each may end at any time."""

import contextlib
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import threading
import warnings
import weakref
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from procession import Pool, WorkerLost
from tests.open_files import open_files
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, assert_names, is_alive, kill, started, workers
from tests.pool.repeating import KILLS
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
WORKERS = 2


@contextlib.contextmanager
def parent(scenario: str, method: str, *arguments: str) -> "Iterator[tuple[subprocess.Popen[str], list[int]]]":
    """A program of `tests.pool.parents`, and the pids that it tells when it is ready."""
    command = [sys.executable, "-m", "tests.pool.parents", scenario, method, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield process, [int(word) for word in process.stdout.readline().split()]
        finally:
            process.kill()


def below(pid: int) -> set[int]:
    """All processes below this one."""
    return {child.pid for child in psutil.Process(pid).children(recursive=True)}


def ended(pids: set[int]) -> None:
    wait_until(lambda: not any(map(is_alive, pids)), WITHIN_S, f"one of {pids} lives on")


# --- Grandchildren


def test_worker_with_a_grandchild_is_killed(open_pool: OpenPool, tmp_path: Path, gate: Path) -> None:
    """The grandchild has every descriptor of the worker: end-of-file does not come, but the loss is noticed."""
    pool = open_pool(WORKERS)
    for turn in range(KILLS):
        log = str(tmp_path / f"log{turn}")
        victim = pool.apply_async(tasks.start_grandchild, (log, 0, str(gate)))
        grandchild, pid = started(log, 0), started(log, 1)
        try:
            kill(pid)
            with pytest.raises(WorkerLost) as raised:
                victim.get(WITHIN_S)
            assert is_alive(grandchild)
            assert_names(raised.value, pid, -signal.SIGKILL)
            assert_goes_on(pool, WORKERS, pid)
        finally:
            kill(grandchild)


def test_pool_ends_while_grandchildren_live_on(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Neither close nor join waits for them."""
    pool = open_pool(WORKERS)
    pool.apply_async(tasks.start_grandchild, (log, 0, str(gate)))
    grandchild, pid = started(log, 0), started(log, 1)
    try:
        kill(pid)
        pool.close()
        assert pool.join(timeout=WITHIN_S)
    finally:
        kill(grandchild)


# --- The parent


@pytest.mark.parametrize("scenario", ["idle", "busy", "busy_beside_a_fork", "writing", "booting"])
def test_parent_is_killed(method: str, scenario: str, log: str, gate: Path) -> None:
    """The workers end by themselves: idle, in an endless loop, during an answer, while they start."""
    with parent(scenario, method, log, str(gate)) as (process, spared):
        doomed = below(process.pid) - set(spared)
        assert doomed
        process.kill()
        process.wait()
        if spared:
            # What lives on has the forkserver's lifeline too, so only the workers are bound to end.
            doomed = {pid for pid in doomed if not is_helper(pid)}
        ended(doomed)
        assert all(map(is_alive, spared))
        for pid in spared:
            kill(pid)


def is_helper(pid: int) -> bool:
    """The stdlib's forkserver or resource tracker."""
    with contextlib.suppress(psutil.NoSuchProcess):
        words = " ".join(psutil.Process(pid).cmdline())
        return "resource_tracker" in words or ("forkserver" in words and psutil.Process(pid).ppid() != pid)
    return False


@pytest.mark.parametrize("scenario", ["leaves_without_closing", "raises", "interrupted"])
def test_parent_ends_without_closing_its_pool(method: str, scenario: str, log: str, gate: Path) -> None:
    """The parent exits at once, whatever the workers do, and they end with it."""
    with parent(scenario, method, log, str(gate)) as (process, doomed):
        if scenario == "interrupted":
            process.send_signal(signal.SIGINT)
        assert (
            process.wait(WITHIN_S)
            == {"leaves_without_closing": 0, "raises": 1, "interrupted": -signal.SIGINT}[scenario]
        )
        ended(set(doomed))


def test_pool_outlives_the_thread_that_made_it(method: str) -> None:
    """The kernel's parent-death signal would kill the workers with that thread."""
    made: list[Pool] = []

    def make() -> None:
        made.append(Pool(WORKERS, context=multiprocessing.get_context(method)))
        assert_goes_on(made[0], WORKERS)

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    (pool,) = made
    with pool:
        before = set(workers(pool))
        for _ in range(3):
            assert_goes_on(pool, WORKERS)
        assert set(workers(pool)) == before


def test_copies_of_the_pool_in_forked_children_do_not_end_it(open_pool: OpenPool) -> None:
    """A child that inherited the pool and exits normally does not affect the pool."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    before = set(workers(pool))
    child = multiprocessing.get_context("fork").Process(target=gc.collect)
    child.start()
    child.join(WITHIN_S)
    assert child.exitcode == 0
    assert_goes_on(pool, WORKERS)
    assert set(workers(pool)) == before


def test_forked_child_of_the_parent_does_not_hold_up_the_pool(open_pool: OpenPool, log: str, gate: Path) -> None:
    """It inherits the pool's descriptors; still, deaths of workers are noticed and join returns."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    child = multiprocessing.get_context("fork").Process(target=tasks.held, args=(log, 7, str(gate)))
    child.start()
    started(log, 7)
    try:
        victim = pool.apply_async(tasks.held, (log, 0, str(gate)))
        pid = started(log, 0)
        kill(pid)
        with pytest.raises(WorkerLost):
            victim.get(WITHIN_S)
        assert_goes_on(pool, WORKERS, pid)
        pool.close()
        assert pool.join(timeout=WITHIN_S)
    finally:
        gate.touch()
        child.join()


# --- The pool's own end


def test_unclosed_pool_warns_and_leaves_nothing(method: str) -> None:
    """As in the stdlib: a ResourceWarning, and the workers end."""
    pool: Pool | None = Pool(WORKERS, context=multiprocessing.get_context(method))
    assert pool is not None
    assert pool.map(tasks.square, range(10)) == [tasks.square(one) for one in range(10)]
    wait_until(lambda: len(workers(pool)) == WORKERS)
    pids = set(workers(pool))
    gone = weakref.ref(pool)
    told: list[tuple[type[Warning], str]] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pool = None

        def collected() -> bool:
            gc.collect()
            while caught:  # a warning holds its source
                warning = caught.pop()
                told.append((warning.category, str(warning.message)))
            return gone() is None

        wait_until(collected, WITHIN_S, "something holds the pool")
    ((category, text),) = told
    assert category is ResourceWarning
    assert "unclosed running multiprocessing pool" in text
    ended(pids)


def test_results_keep_their_pool_alive(method: str) -> None:
    """As in the stdlib: a waiting caller gets its result even if nothing refers to the pool any more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        result = Pool(1, context=multiprocessing.get_context(method)).map_async(tasks.square, range(1000), chunksize=1)
        gc.collect()
        assert result.get(WITHIN_S) == [tasks.square(one) for one in range(1000)]
        del result
        gc.collect()


def test_pools_leave_no_descriptor_and_no_thread(method: str) -> None:
    """However they end, also after workers were killed."""

    def one(*, close: bool) -> None:
        with Pool(WORKERS, context=multiprocessing.get_context(method)) as pool:
            assert_goes_on(pool, WORKERS)
            kill(workers(pool)[0])
            pool.map(tasks.give, [100_000] * 10, chunksize=1)
            if close:
                pool.close()
                assert pool.join(timeout=WITHIN_S)
        assert pool.join(timeout=WITHIN_S)

    one(close=True)
    files, threads = open_files(), set(threading.enumerate())
    for turn in range(KILLS * 2):
        one(close=turn % 2 == 0)
    wait_until(lambda: not open_files() - files, WITHIN_S, "descriptors stay")
    wait_until(lambda: set(threading.enumerate()) <= threads, WITHIN_S, "threads stay")


@pytest.mark.parametrize("sent", ["nothing", "work"])
def test_many_pools_at_once(open_pool: OpenPool, sent: str) -> None:
    """They share nothing: killing all workers of one does not affect the others."""
    pools = [open_pool(1) for _ in range(8)]
    if sent == "work":
        results = [pool.map_async(tasks.square, range(200), chunksize=1) for pool in pools]
        kill(wait_until(lambda: workers(pools[0]), WITHIN_S)[0])
        for pool, result in zip(pools[1:], results[1:], strict=True):
            assert result.get(WITHIN_S) == [tasks.square(one) for one in range(200)]
            assert pool.statistics().lost == 0
        with contextlib.suppress(WorkerLost):
            results[0].get(WITHIN_S)
    for pool in pools:
        pool.terminate()
    assert all(pool.join(timeout=WITHIN_S) for pool in pools)


def test_pool_inside_a_process(method: str, tmp_path: Path) -> None:
    """A process that is not a daemon can have a pool of its own."""
    path = tmp_path / "answer"
    process = multiprocessing.get_context(method).Process(  # type: ignore[attr-defined]
        target=tasks.nested_into, args=(str(path), method, list(range(20)))
    )
    process.start()
    process.join(WITHIN_S)
    assert process.exitcode == 0
    assert pickle.loads(path.read_bytes()) == [tasks.square(one) for one in range(20)]


def test_workers_are_daemons_as_the_stdlibs_are(open_pool: OpenPool) -> None:
    """So a task cannot open a pool."""
    pool = open_pool(1)
    with pytest.raises(AssertionError, match="daemonic processes"):
        pool.apply_async(tasks.nested_map, ("fork", [1])).get(WITHIN_S)
    assert_goes_on(pool, 1)


def test_threads_submit_together(open_pool: OpenPool) -> None:
    """Every caller gets its own results."""
    pool = open_pool(WORKERS)
    threads, each = 8, 500
    answers: dict[int, list[int]] = {}

    def submit(number: int) -> None:
        results = [pool.apply_async(tasks.add, (number * each, one)) for one in range(each)]
        answers[number] = [result.get(WITHIN_S) for result in results]

    running = [threading.Thread(target=submit, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert answers == {number: [number * each + one for one in range(each)] for number in range(threads)}
    facts = pool.statistics()
    assert (facts.done, facts.queued, facts.running) == (threads * each, 0, 0)


@pytest.mark.any_method
def test_threads_submit_terminate_and_kill_together(method: str) -> None:
    """In whatever order, each call returns or raises."""
    for _ in range(KILLS):
        with Pool(WORKERS, context=multiprocessing.get_context(method)) as pool:
            results = []

            def submit(pool: Pool = pool, results: list = results) -> None:  # type: ignore[type-arg]
                with contextlib.suppress(ValueError):  # "Pool not running"
                    results.extend(pool.apply_async(tasks.square, (one,)) for one in range(100_000))

            running = [threading.Thread(target=submit) for _ in range(3)]
            for thread in running:
                thread.start()
            wait_until(lambda: len(results) > 500, WITHIN_S)  # noqa: B023
            for pid in workers(pool):
                kill(pid)
            pool.terminate()
            for thread in running:
                thread.join()
            assert pool.join(timeout=WITHIN_S)
            for result in results:
                result.wait(WITHIN_S)
                assert result.ready()


def test_pool_that_nobody_has_ends_without_the_garbage_collector(method: str) -> None:
    """It is in no cycle of references, so its workers end at once."""
    gc.disable()
    try:
        pool = Pool(WORKERS, context=multiprocessing.get_context(method))
        assert pool.map(tasks.square, range(5)) == [0, 1, 4, 9, 16]
        assert list(pool.imap(tasks.square, iter(range(5)))) == [0, 1, 4, 9, 16]
        pids = set(workers(pool))
        with pytest.warns(ResourceWarning, match="unclosed running"):
            del pool
        ended(pids)
    finally:
        gc.enable()


# --- The program's own ways


@pytest.mark.every_method
def test_output_of_idle_workers_is_kept(method: str, tmp_path: Path) -> None:
    """They end by themselves where the pool is left, and flush what they have printed."""
    written = tmp_path / "out"
    command = [sys.executable, "-m", "tests.pool.parents", "prints", method, "", ""]
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    with written.open("w") as out:
        subprocess.run(command, cwd=ROOT, stdout=out, env=environment, check=True, timeout=WITHIN_S)
    lines = [line for line in written.read_text().splitlines() if line]
    assert sorted(lines) == sorted(f"line {number}" for number in range(100))


@pytest.mark.parametrize("scenario", ["ignores_children", "waits_for_any_child"])
def test_exit_codes_that_nobody_can_know(method: str, scenario: str) -> None:
    """Workers are replaced without a pause, and are no children that live for ever."""
    with parent(scenario, method, "", "") as (process, _):
        assert process.wait(WITHIN_S) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root may change its user")
def test_program_that_changes_its_user() -> None:
    """With a fork: other workers could not read the program any more, with the stdlib either."""
    with parent("changes_user", "fork", "", "") as (process, _):
        assert process.wait(WITHIN_S) == 0


def test_program_with_few_descriptors(method: str) -> None:
    """A pool is made and works, or its constructor raises and leaves nothing behind."""
    with parent("lacks_descriptors", method, "", "") as (process, told):
        assert told[0] > 0
        assert process.wait(WITHIN_S) == 0


def test_program_that_may_write_small_files_only(method: str) -> None:
    with parent("lacks_room_for_files", method, "", "") as (process, _):
        assert process.wait(WITHIN_S) == 0
