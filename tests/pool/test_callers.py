"""What the program around the pool does meanwhile: callbacks that hold locks, handlers that raise, forked children."""

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
from tests.pool import tasks
from tests.pool.conftest import OpenPool
from tests.pool.killing import WITHIN_S, assert_goes_on, started

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
def test_caller_holds_the_lock_that_a_callback_waits_for(open_pool: OpenPool, call: Callable[[Pool], object]) -> None:
    """Whoever only has something to say to the pool does not wait for its callbacks."""
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


def test_error_callback_in_the_thread_of_the_caller(open_pool: OpenPool, log: str, gate: Path) -> None:
    """An argument cannot be pickled: it is told in the midst of the call, and waiting there is refused, too."""
    pool = open_pool(WORKERS)
    held = pool.apply_async(tasks.held, (log, 0, str(gate)))
    pid = started(log, 0)
    told: list[Any] = []

    def use_the_pool(_: BaseException) -> None:
        with pytest.raises(RuntimeError, match="would never come"):
            held.get()
        told.append(pool.kill_worker(pid, WITHIN_S))
        pool.terminate()

    pool.apply_async(tasks.square, (lambda: None,), error_callback=use_the_pool).wait(WITHIN_S)
    assert [end.ended for end in told] == [False]
    with pytest.raises(WorkerLost, match="kill_worker"):
        held.get(WITHIN_S)
    assert pool.join(WITHIN_S)


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
def test_signal_handler_raises_anywhere_in_a_call(open_pool: OpenPool) -> None:
    """As a limit of time by an alarm does: nobody gets the answer of another, and nobody waits for ever."""
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


def test_forked_child_is_refused_by_the_pool_of_its_parent(open_pool: OpenPool) -> None:
    """By each method, and at once."""
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
