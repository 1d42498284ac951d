"""The program around the pool: callbacks that hold locks, signal handlers that raise, forked children."""

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from procession import Pool, WorkerLost
from procession.pool import PoolTerminated
from procession.pool.worker_process.ring import Fence
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, started
from tests.waiting import wait_until

pytestmark = pytest.mark.any_method

WORKERS = 2


def one_by_one(count: int) -> Iterator[int]:
    yield from range(count)


@pytest.mark.parametrize(
    "call",
    [
        lambda pool: pool.apply_async(tasks.square, (3,)),
        lambda pool: pool.map_async(tasks.square, range(9)),
        lambda pool: pool.imap(tasks.square, one_by_one(9)),
        lambda pool: pool.close(),
    ],
    ids=["apply", "map", "imap", "close"],
)
def test_caller_holds_a_lock_that_a_callback_waits_for(open_pool: OpenPool, call: Callable[[Pool], object]) -> None:
    """Callers that only announce something to the pool do not wait for its callbacks."""
    pool = open_pool(WORKERS)
    lock, waits, over = threading.Lock(), threading.Event(), threading.Event()

    def wait(_: object) -> None:
        waits.set()
        with lock:
            over.set()

    with lock:
        pool.apply_async(tasks.square, (3,), callback=wait)
        assert waits.wait(WITHIN_S)
        caller = threading.Thread(target=call, args=(pool,), daemon=True)
        caller.start()
        caller.join(WITHIN_S)
        assert not caller.is_alive()
    assert over.wait(WITHIN_S)


def test_slow_callback_does_not_hold_up_the_pool(open_pool: OpenPool, log: str, gate: Path) -> None:
    """Tasks are sent, results arrive and all other methods work meanwhile."""
    pool = open_pool(WORKERS)
    waits, go_on, told = threading.Event(), threading.Event(), list[int]()

    def wait(value: int) -> None:
        waits.set()
        assert go_on.wait(WITHIN_S)
        told.append(value)

    slow = pool.apply_async(tasks.square, (3,), callback=wait)
    assert waits.wait(WITHIN_S)
    behind = pool.map_async(tasks.square, range(3), callback=told.extend)
    assert_goes_on(pool, WORKERS)
    held = pool.apply_async(tasks.held, (log, 0, str(gate)))
    assert pool.kill_worker(started(log, 0), WITHIN_S).outcome == "lost"
    with pytest.raises(WorkerLost):
        held.get(WITHIN_S)
    pool.resize(WORKERS + 1)
    assert pool.statistics().processes == WORKERS + 1
    assert not slow.ready()
    assert not behind.ready()
    go_on.set()
    assert (slow.get(WITHIN_S), behind.get(WITHIN_S)) == (9, [0, 1, 4])
    assert told == [9, 0, 1, 4]


def test_end_of_a_pool_waits_for_its_callbacks(open_pool: OpenPool) -> None:
    """As in the stdlib; join returns False when its timeout ended before."""
    pool = open_pool(WORKERS)
    waits, go_on, told = threading.Event(), threading.Event(), list[int]()

    def wait(value: int) -> None:
        waits.set()
        assert go_on.wait(WITHIN_S)
        told.append(value)

    pool.apply_async(tasks.square, (3,), callback=wait)
    assert waits.wait(WITHIN_S)
    pool.close()
    wait_until(lambda: pool.statistics().state == "closed", WITHIN_S)
    assert not pool.join(0)
    go_on.set()
    assert pool.join(WITHIN_S)
    assert told == [9]


def test_callback_waits_for_results(open_pool: OpenPool) -> None:
    """Of the same pool, if they have no callback themselves; waiting for a result with a callback is refused."""
    pool = open_pool(WORKERS)
    told: list[Any] = []

    def use_the_pool(value: int) -> None:
        told.extend((value, pool.apply(tasks.square, (4,)), pool.map(tasks.square, range(3))))
        behind = pool.apply_async(tasks.square, (5,), callback=told.append)
        with pytest.raises(RuntimeError, match="would never be ready"):
            behind.get(WITHIN_S)
        pool.close()
        told.append(pool.join())

    pool.apply_async(tasks.square, (3,), callback=use_the_pool)
    wait_until(lambda: len(told) == 5, WITHIN_S)
    assert told == [9, 16, [0, 1, 4], False, 25]
    assert pool.join(WITHIN_S)


def test_error_callback_for_what_cannot_be_pickled(open_pool: OpenPool, log: str, gate: Path) -> None:
    """The error occurs during the call; even then the callback may use the pool."""
    pool = open_pool(WORKERS)
    held = pool.apply_async(tasks.held, (log, 0, str(gate)))
    pid = started(log, 0)
    told: list[Any] = []

    def use_the_pool(_: BaseException) -> None:
        told.append(pool.kill_worker(pid, WITHIN_S))
        pool.terminate()

    pool.apply_async(tasks.square, (lambda: None,), error_callback=use_the_pool).wait(WITHIN_S)
    assert [end.outcome for end in told] == ["lost"]
    with pytest.raises(WorkerLost, match="kill_worker"):
        held.get(WITHIN_S)
    assert pool.join(WITHIN_S)


class Gets:
    """Unpickled by the pool itself, it waits for a result of the same pool."""

    pool: Pool

    def __setstate__(self, _: object) -> None:
        Gets.pool.apply_async(tasks.square, (3,)).get(WITHIN_S)

    def __reduce__(self) -> Any:
        return Gets, (), {"some": "state"}


def test_result_whose_unpickling_waits_for_its_own_pool_is_refused(open_pool: OpenPool) -> None:
    """The pool cannot deliver anything before it has been unpickled."""
    Gets.pool = pool = open_pool(WORKERS)
    with pytest.raises(RuntimeError, match="would never be ready"):
        pool.apply_async(Gets).get(WITHIN_S)
    assert_goes_on(pool, WORKERS)


class Raised(Exception):
    """By a handler of a signal."""


@contextlib.contextmanager
def alarms() -> Iterator[Callable[[float], object]]:
    """What has `Raised` raised in this thread so many seconds later."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        raise Raised

    before = signal.signal(signal.SIGALRM, handle)
    try:
        yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it is raised in weakrefs, too
def test_signal_handler_that_raises_anywhere_in_a_call(open_pool: OpenPool) -> None:
    """As for a timeout by SIGALRM: no caller gets another's answer, and none waits for ever."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    given: list[tuple[int, Any]] = []
    with alarms() as after:
        for turn in range(400):
            with contextlib.suppress(Raised):
                after((20 + turn) * 1e-6)
                for _ in range(100):
                    given.append((len(given), pool.apply_async(abs, (len(given),))))
                    assert pool.apply(abs, (turn,)) == turn
    for number, result in given:
        result.wait(WITHIN_S)
        assert result.ready()
        if result.successful():
            assert result.get() == number
    assert_goes_on(pool, WORKERS)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_signal_handler_that_raises_within_a_fence() -> None:
    """The fence stays usable; the pool's thread uses it in each turn."""
    fence = Fence()
    with alarms() as after:
        for turn in range(200):
            with contextlib.suppress(Raised):
                after((20 + turn % 20) * 1e-6)
                for _ in range(10_000):  # an end, because what it raises in a finalizer goes no further
                    fence()
            assert fence.acquire(timeout=WITHIN_S)
            fence.release()


def test_pool_refuses_calls_in_a_forked_child(open_pool: OpenPool) -> None:
    """Each method raises at once."""
    pool = open_pool(WORKERS)
    assert_goes_on(pool, WORKERS)
    child = os.fork()
    if not child:
        refused = 0
        for call in (
            lambda: pool.apply_async(tasks.square, (3,)).get(WITHIN_S),
            lambda: pool.map_async(tasks.square, range(9)).get(WITHIN_S),
            lambda: pool.imap(tasks.square, range(9)).next(WITHIN_S),
            lambda: pool.imap(tasks.square, one_by_one(9)).next(WITHIN_S),
        ):
            try:
                call()
            except PoolTerminated:
                refused += 1
            except BaseException:  # noqa: BLE001 - counted by not being counted
                pass
        os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 4
    assert_goes_on(pool, WORKERS)
