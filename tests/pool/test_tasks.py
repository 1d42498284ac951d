"""Tasks that misbehave: cannot be pickled, print, fork, close descriptors, exhaust memory, or exit."""

import contextlib
import resource
import signal
import sys
import threading
from collections.abc import Callable
from multiprocessing.pool import MaybeEncodingError, RemoteTraceback
from pathlib import Path
from typing import Any

import pytest

from procession import WorkerLost
from procession.pool import PoolTerminated
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, assert_names, assert_once, started, workers
from tests.pool.repeating import KILLS

pytestmark = pytest.mark.any_method

WORKERS = 2


# --- Pickling


@pytest.mark.parametrize("chunksize", [1, 2])
def test_function_without_a_name(open_pool: OpenPool, chunksize: int) -> None:
    """Its failure can be described all the same."""
    pool = open_pool(WORKERS)
    with pytest.raises(ValueError, match="called"):
        pool.apply_async(tasks.Nameless()).get(WITHIN_S)
    with pytest.raises(ValueError, match="called"):
        pool.map_async(tasks.Nameless(), [1, 2], chunksize).get(WITHIN_S)
    assert_goes_on(pool, WORKERS)


def test_number_instead_of_a_function(open_pool: OpenPool) -> None:
    """It fails as any object that is not callable, and does not call the function with that number."""
    pool = open_pool(1)
    assert_goes_on(pool, 1)
    with pytest.raises(TypeError, match="not callable"):
        pool.apply_async(0, (3,)).get(WITHIN_S)  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [lambda: 1, tasks.FailsToPickle()], ids=["a lambda", "an object"])
def test_function_that_cannot_be_pickled(open_pool: OpenPool, function: Callable[[], Any]) -> None:
    """The caller gets the error; other tasks are not affected."""
    pool = open_pool(WORKERS)
    with pytest.raises(Exception, match=r"(?i)pickl"):
        pool.apply_async(function).get(WITHIN_S)
    with pytest.raises(Exception, match=r"(?i)pickl"):
        pool.map_async(function, range(10), chunksize=1).get(WITHIN_S)
    assert_goes_on(pool, WORKERS)


@pytest.mark.parametrize("chunksize", [1, 3])
def test_argument_that_cannot_be_pickled(open_pool: OpenPool, chunksize: int) -> None:
    """The other tasks of the call are done."""
    pool = open_pool(WORKERS)
    with pytest.raises(RuntimeError, match="not picklable"):
        pool.apply_async(tasks.take_any, (tasks.FailsToPickle(),)).get(WITHIN_S)
    with pytest.raises(RuntimeError, match="not picklable"):
        pool.apply_async(tasks.take_any, (), {"value": tasks.FailsToPickle()}).get(WITHIN_S)
    given = [tasks.FailsToPickle() if one == 4 else one for one in range(12)]
    result = pool.map_async(tasks.take_any, given, chunksize)
    with pytest.raises(RuntimeError, match="not picklable"):
        result.get(WITHIN_S)
    first = 4 // chunksize * chunksize
    missing = range(first, first + chunksize)
    assert result.partial() == [None if one in missing else "int" for one in range(12)]
    assert_goes_on(pool, WORKERS)


def test_argument_that_cannot_be_loaded(open_pool: OpenPool) -> None:
    """The task raises what unpickling the argument raised."""
    pool = open_pool(WORKERS)
    for error in (ValueError, ImportError, AttributeError):
        with pytest.raises(error, match="on purpose"):
            pool.apply_async(tasks.take_any, (tasks.FailsToUnpickle(error),)).get(WITHIN_S)
    assert_goes_on(pool, WORKERS)


def test_argument_that_ends_its_worker(open_pool: OpenPool, log: str) -> None:
    """Unpickling is part of the task: it is lost, and not tried in one worker after the other."""
    pool = open_pool(WORKERS)
    for _ in range(2):
        others = [pool.apply_async(tasks.square, (one,)) for one in range(50)]
        bad = pool.apply_async(tasks.take_any, (tasks.LeavesWhenUnpickled(),))
        others += [pool.apply_async(tasks.square, (one,)) for one in range(50)]
        with pytest.raises(WorkerLost) as raised:
            bad.get(WITHIN_S)
        assert raised.value.exitcode == 4
        assert [one.get(WITHIN_S) for one in others] == [tasks.square(one) for one in range(50)] * 2
        assert_goes_on(pool, WORKERS)
    assert pool.statistics().lost == 2


@pytest.mark.every_method
def test_function_that_the_worker_cannot_import(open_pool: OpenPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call raises what the import raises."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)  # all workers have started: they will not know it

    def new(number: int) -> int:
        return number

    new.__qualname__ = new.__name__ = "new"
    monkeypatch.setattr(tasks, "new", new, raising=False)
    new.__module__ = tasks.__name__
    for _ in range(3):
        with pytest.raises(AttributeError, match="new"):
            pool.apply_async(new, (1,)).get(WITHIN_S)
        with pytest.raises(AttributeError, match="new"):
            pool.map_async(new, range(20), chunksize=2).get(WITHIN_S)
    assert_goes_on(pool, WORKERS)


def test_result_that_cannot_be_pickled(open_pool: OpenPool) -> None:
    """As in the stdlib: MaybeEncodingError has the value and the reason."""
    pool = open_pool(WORKERS)
    for _ in range(KILLS):
        with pytest.raises(MaybeEncodingError, match="not picklable"):
            pool.apply_async(tasks.give_unpicklable).get(WITHIN_S)
        with pytest.raises(MaybeEncodingError):
            pool.map_async(tasks.give_lambda, range(10), chunksize=1).get(WITHIN_S)
    assert_goes_on(pool, WORKERS)


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt, MemoryError])
def test_result_that_cannot_be_loaded(open_pool: OpenPool, error: type[BaseException]) -> None:
    """What unpickling raises in the pool's thread reaches only the caller."""
    pool = open_pool(WORKERS)
    others = pool.map_async(tasks.square, range(100), chunksize=1)
    with pytest.raises(error):
        pool.apply_async(tasks.give_fails_to_unpickle, (error,)).get(WITHIN_S)
    assert others.get(WITHIN_S) == [tasks.square(one) for one in range(100)]
    assert_goes_on(pool, WORKERS)


def test_exception_that_cannot_be_loaded(open_pool: OpenPool) -> None:
    """Its class needs other arguments than its pickle has: the caller still gets an exception."""
    pool = open_pool(WORKERS)
    for _ in range(KILLS):
        with pytest.raises(Exception, match=r"TwoArguments|other"):
            pool.apply_async(tasks.raise_two).get(WITHIN_S)
        with pytest.raises(MaybeEncodingError, match="has a lock"):
            pool.apply_async(tasks.raise_lock).get(WITHIN_S)
    assert_goes_on(pool, WORKERS)


def test_traceback_of_the_worker_is_shown(open_pool: OpenPool) -> None:
    pool = open_pool(1)
    with pytest.raises(ValueError, match="why not") as raised:
        pool.apply_async(tasks.raise_value_error, ("why not",)).get(WITHIN_S)
    assert isinstance(raised.value.__cause__, RemoteTraceback)
    assert "raise_value_error" in str(raised.value.__cause__)


# --- Leaving


@pytest.mark.parametrize(("code", "exitcode"), [(3, 3), (0, 0), (None, 0), ("words", 1)])
def test_task_calls_exit(open_pool: OpenPool, code: object, exitcode: int) -> None:
    """It ends its worker, as in the stdlib; here the caller is told."""
    pool = open_pool(WORKERS)
    others = pool.map_async(tasks.square, range(100), chunksize=1)
    with pytest.raises(WorkerLost) as raised:
        pool.apply_async(tasks.leave, (code,)).get(WITHIN_S)
    assert raised.value.exitcode == exitcode
    assert others.get(WITHIN_S) == [tasks.square(one) for one in range(100)]
    assert_goes_on(pool, WORKERS, raised.value.pid)


@pytest.mark.every_method
def test_task_is_interrupted(open_pool: OpenPool) -> None:
    """KeyboardInterrupt ends its worker, too."""
    pool = open_pool(WORKERS)
    with pytest.raises(WorkerLost) as raised:
        pool.apply_async(tasks.interrupt).get(WITHIN_S)
    assert_goes_on(pool, WORKERS, raised.value.pid)


@pytest.mark.every_method
@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGHUP, signal.SIGUSR1, signal.SIGRTMIN + 2])
def test_task_dies_of_any_signal(open_pool: OpenPool, number: int) -> None:
    """The error has the signal's exit code."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    pool = open_pool(WORKERS)
    with pytest.raises(WorkerLost) as raised:
        pool.apply_async(tasks.kill_self, (number,)).get(WITHIN_S)
    assert_names(raised.value, raised.value.pid, -number)
    assert_goes_on(pool, WORKERS, raised.value.pid)


# --- Output, forks, files, memory


@pytest.mark.every_method
def test_task_prints(open_pool: OpenPool, tmp_path: Path) -> None:
    """Its output goes to its standard streams, and does not disturb the pool."""
    path = tmp_path / "output"
    pool = open_pool(WORKERS, tasks.redirect_output, (str(path),))
    lines = [f"line {one}\n" for one in range(50)]
    assert pool.map(tasks.speak, lines, chunksize=1) == lines
    assert_goes_on(pool, WORKERS)
    written = path.read_text()
    assert {written.count(line) for line in lines} == {3}


@pytest.mark.every_method
def test_task_forks(open_pool: OpenPool) -> None:
    """The end of child processes does not affect the worker."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    before = set(workers(pool))
    for _ in range(KILLS):
        assert pool.map(tasks.fork_and_leave, range(20), chunksize=1) == list(range(20))
        assert pool.apply(tasks.run_program) == "out\n"
    assert set(workers(pool)) == before
    assert_goes_on(pool, WORKERS)


@pytest.mark.every_method
def test_forked_child_returns_from_the_task(open_pool: OpenPool, log: str) -> None:
    """Worker and child both return from it: only the worker answers, and the child exits."""
    pool = open_pool(WORKERS)
    count = 60
    results = [
        pool.apply_async((tasks.logged, tasks.fork_and_return)[one % 3 == 0], (log, one)) for one in range(count)
    ]
    assert [result.get(WITHIN_S) for result in results] == list(range(count))
    assert_once(tasks.read(log), count, set())
    assert pool.map(tasks.fork_and_raise, range(10), chunksize=1) == list(range(10))
    assert pool.statistics().lost == 0
    assert_goes_on(pool, WORKERS)


@pytest.mark.every_method
def test_task_closes_all_descriptors(open_pool: OpenPool) -> None:
    """Its worker may be lost; pool and other tasks are not affected."""
    pool = open_pool(WORKERS)
    for turn in range(KILLS):
        others = [pool.apply_async(tasks.square, (one,)) for one in range(100)]
        closing = pool.apply_async(tasks.close_everything, (turn,))
        others += [pool.apply_async(tasks.square, (one,)) for one in range(100)]
        with contextlib.suppress(WorkerLost):
            assert closing.get(WITHIN_S) == turn
        assert [one.get(WITHIN_S) for one in others] == [tasks.square(one) for one in range(100)] * 2
        assert_goes_on(pool, WORKERS)


def test_task_exhausts_memory(open_pool: OpenPool) -> None:
    """It raises MemoryError, also where its result, its arguments or their pickle do not fit."""
    pool = open_pool(WORKERS, tasks.limit_memory, (64 * tasks.MIB,))
    for _ in range(2):
        with pytest.raises(MemoryError):
            pool.apply_async(tasks.allocate, (500 * tasks.MIB,)).get(WITHIN_S)
        assert pool.apply_async(tasks.allocate, (tasks.MIB,)).get(WITHIN_S) == tasks.MIB
        assert_answered(pool.apply_async(tasks.give, (40 * tasks.MIB,)))
        assert_answered(pool.apply_async(tasks.take, (bytes(100 * tasks.MIB),)))
        assert_goes_on(pool, WORKERS)


def assert_answered(result: Any) -> None:
    """By a value, by MemoryError in one form or the other, or by the loss of its worker: but it is answered."""
    with contextlib.suppress(MemoryError, MaybeEncodingError, WorkerLost):
        result.get(WITHIN_S)


def test_big_arguments_and_results(open_pool: OpenPool) -> None:
    """Many at once, of sizes around those of pipes, sockets and rings."""
    pool = open_pool(WORKERS)
    sizes = [(1 << power) + more for power in (11, 12, 16, 17, 18, 20, 22, 23) for more in (-40, -24, -1, 0, 1, 24)]
    assert pool.map(tasks.take, [b"x" * size for size in sizes], chunksize=1) == sizes
    assert [len(given) for given in pool.imap(tasks.give, sizes)] == sizes
    echoed = pool.map(tasks.echo, [bytes([one]) * sizes[one] for one in range(len(sizes))], chunksize=1)
    assert echoed == [bytes([one]) * sizes[one] for one in range(len(sizes))]


# --- Callbacks


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
def test_exception_in_a_callback(open_pool: OpenPool, error: type[BaseException]) -> None:
    """Its result and all later ones are ready all the same; the stdlib hangs."""
    pool = open_pool(WORKERS)

    def fail(_: object) -> None:
        raise error("in a callback")

    good = pool.apply_async(tasks.square, (3,), callback=fail)
    bad = pool.apply_async(tasks.raise_value_error, ("no",), error_callback=fail)
    lost = pool.apply_async(tasks.leave_hard, (3,), error_callback=fail)
    mapped = pool.map_async(tasks.square, range(10), callback=fail)
    assert good.get(WITHIN_S) == 9
    with pytest.raises(ValueError, match="no"):
        bad.get(WITHIN_S)
    with pytest.raises(WorkerLost):
        lost.get(WITHIN_S)
    assert mapped.get(WITHIN_S) == [tasks.square(one) for one in range(10)]
    assert_goes_on(pool, WORKERS)


def test_exception_in_a_callback_and_in_the_hook_that_shows_it(
    open_pool: OpenPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An excepthook that exits does not end the pool's thread."""
    monkeypatch.setattr(sys, "excepthook", lambda *_: sys.exit(1))
    pool = open_pool(WORKERS)
    assert pool.apply_async(tasks.square, (3,), callback=lambda _: 1 / 0).get(WITHIN_S) == 9
    assert_goes_on(pool, WORKERS)


def test_callback_resizes_the_pool_during_an_imap(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Tasks taken back from a worker come before the iterable, and are not lost with it."""
    pool = open_pool(WORKERS)
    pool.map_async(tasks.square, range(4000), chunksize=1).get(WITHIN_S)
    results = [pool.apply_async(tasks.held, (log, one, str(gate))) for one in range(8)]
    failed = pool.starmap_async(tasks.square, [3], error_callback=lambda _: pool.resize(1))
    with pytest.raises(TypeError):
        failed.get(WITHIN_S)
    gate.touch()
    assert [one.get(WITHIN_S) for one in results] == list(range(8))


def test_callbacks_use_the_pool(open_pool: OpenPool) -> None:
    """They may submit, read statistics and close: the pool never waits for itself."""
    pool = open_pool(WORKERS)
    values: list[int] = []
    closed = threading.Event()

    def go_on(value: int) -> None:
        values.append(value)
        assert pool.statistics().done >= len(values) - 1
        if len(values) < 50:
            pool.apply_async(tasks.add, (value, 1), callback=go_on)
        else:
            pool.close()
            closed.set()

    pool.apply_async(tasks.add, (0, 1), callback=go_on)
    assert closed.wait(WITHIN_S)
    assert pool.join(timeout=WITHIN_S)
    assert values == list(range(1, 51))


def test_callback_terminates_the_pool(open_pool: OpenPool, log: str) -> None:
    """Running tasks are lost, waiting ones raise PoolTerminated."""
    pool = open_pool(WORKERS)
    running = pool.apply_async(tasks.forever, (log, 0))
    started(log, 0)
    pool.apply_async(tasks.square, (3,), callback=lambda _: pool.terminate())
    with pytest.raises((WorkerLost, PoolTerminated)):
        running.get(WITHIN_S)
    assert pool.join(timeout=WITHIN_S)


def test_error_callbacks_get_worker_lost(open_pool: OpenPool) -> None:
    pool = open_pool(WORKERS)
    told: list[BaseException] = []
    one = pool.apply_async(tasks.leave_hard, (3,), error_callback=told.append)
    many = pool.map_async(tasks.leave_hard, [4], error_callback=told.append)
    one.wait(WITHIN_S)
    many.wait(WITHIN_S)
    assert sorted(error.exitcode for error in told if isinstance(error, WorkerLost)) == [3, 4]


# --- Termination


def test_tasks_that_ignore_sigterm(open_pool: OpenPool, log: str) -> None:
    """Terminate ends them all the same: running ones raise WorkerLost, waiting ones PoolTerminated."""
    pool = open_pool(WORKERS)
    running = [pool.apply_async(tasks.deaf, (log, one)) for one in range(WORKERS)]
    pids = [started(log, one) for one in range(WORKERS)]
    waiting = pool.map_async(tasks.logged_number, [(log, one) for one in range(10, 30)], chunksize=1)
    pool.terminate()
    assert pool.join(timeout=WITHIN_S)
    for result, pid in zip(running, pids, strict=True):
        with pytest.raises(WorkerLost) as raised:
            result.get(WITHIN_S)
        assert raised.value.pid == pid
    with pytest.raises(PoolTerminated):
        waiting.get(WITHIN_S)
    assert set(tasks.read(log).started) == set(range(WORKERS))
    with pytest.raises(ValueError, match="not running"):
        pool.apply(tasks.square, (1,))


def test_terminate_settles_every_result(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Also of tasks with retries left: after the end of the pool nothing is retried."""
    pool = open_pool(WORKERS, retries=5)
    running = [pool.apply_async(tasks.held, (log, one, str(gate))) for one in range(WORKERS)]
    for one in range(WORKERS):
        started(log, one)
    results = [*(pool.apply_async(tasks.logged, (log, one)) for one in range(WORKERS, 500))]
    iterator = pool.imap_unordered(tasks.square, range(1000))
    pool.terminate()
    for result in running:
        with pytest.raises(WorkerLost):
            result.get(WITHIN_S)
    for result in results:
        with pytest.raises(PoolTerminated):
            result.get(WITHIN_S)
    with pytest.raises(PoolTerminated):
        iterator.next(WITHIN_S)
    with pytest.raises(StopIteration):
        iterator.next(WITHIN_S)
