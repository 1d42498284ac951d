"""How tests kill and stop workers, and what must hold afterwards."""

import contextlib
import os
import pickle
import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from procession import Pool, WorkerLost
from tests.pool.tasks import Logged, read, square
from tests.waiting import wait_until

WITHIN_S = 30


def kill(pid: int, number: int = signal.SIGKILL) -> bool:
    """Whether there was such a process."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def is_alive(pid: int) -> bool:
    """A zombie is not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def stop(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: is_stopped(pid), WITHIN_S)


def workers(pool: Pool, *states: str) -> list[int]:
    """The workers in one of these states; without any, all that have booted and not ended."""
    wanted = states or ("idle", "busy", "suspended")
    return [worker.pid for worker in pool.statistics().workers if worker.state in wanted]


def started(log: str, number: int) -> int:
    """Wait until the task has started; the pid of its worker."""
    return wait_until(lambda: read(log).pid_of(number), WITHIN_S, f"task {number} has not started")


def assert_names(error: BaseException | None, pid: int, exitcode: int | None) -> None:
    """Who died, how and why, in attributes and in words; also on the other side of a pipe."""
    assert isinstance(error, WorkerLost)
    for one in (error, pickle.loads(pickle.dumps(error))):
        assert isinstance(one, WorkerLost)
        assert (one.pid, one.exitcode) == (pid, exitcode)
        assert one.cause
        assert one.task
        for words in (str(pid), one.cause, one.task, "may have run partly or wholly"):
            assert words in str(one)


def assert_goes_on(pool: Pool, processes: int, dead: int = 0, count: int = 60) -> None:
    """It takes more work, with as many workers as before, each of them alive and none the dead one."""
    squares = pool.map_async(square, range(count), chunksize=1).get(WITHIN_S)
    assert squares == [square(number) for number in range(count)]

    def complete() -> bool:
        pids = workers(pool)
        return len(pids) == processes and dead not in pids and all(map(is_alive, pids))

    wait_until(complete, WITHIN_S, "workers are missing")


def assert_once(told: Logged, expected: int, lost: set[int]) -> None:
    """Of tasks 0 to `expected`, none started twice, and all that are not lost ran to their end."""
    twice = {number: count for number, count in told.started.items() if count > 1}
    assert twice == {}
    assert {number for number in range(expected) if told.ended[number] != 1} <= lost
    assert set(told.started) <= set(range(expected))


def moments(count: int, of: int, chance: random.Random) -> Iterator[int]:
    """So many out of a range, in order: kills spread over work, however fast it goes."""
    yield from sorted(chance.sample(range(1, of), count))


def passed(pool: Pool, answered: int) -> Callable[[], bool]:
    """Whether that many tasks have been answered, in one way or another."""

    def enough() -> bool:
        now = pool.statistics()
        return now.done + now.failed + now.lost >= answered

    return enough


def booted(pool: Pool) -> list[int]:
    return wait_until(lambda: workers(pool), WITHIN_S, "no worker boots")


def within(seconds: float, chance: random.Random) -> None:
    """Somewhere within that time: what is in the middle of something is hit by chance only."""
    time.sleep(chance.random() * seconds)
