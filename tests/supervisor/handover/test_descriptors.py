"""Parked descriptors outlive the process that parked them, as long as one process keeps the socket pair open."""

from __future__ import annotations

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.supervisor.handover.descriptors import DescriptorStore

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def launcher() -> Iterator[Ends]:
    """Return the socket pair that the launcher keeps open."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    yield ends
    for end in ends:
        end.close()


@contextmanager
def store(launcher: Ends, files: dict[str, int]) -> Iterator[DescriptorStore]:
    """Open the descriptor store of one supervisor."""
    mine = DescriptorStore((os.dup(launcher[0].fileno()), os.dup(launcher[1].fileno())), files.get)
    try:
        yield mine
    finally:
        mine.close()


def files(count: int, first: int = 0) -> dict[str, int]:
    """Create files in memory, each containing its own key."""
    made = {f"r{number}": os.memfd_create(f"r{number}") for number in range(first, first + count)}
    for key, fd in made.items():
        os.write(fd, key.encode())
    return made


def contents(fds: list[int]) -> list[str]:
    found = [os.pread(fd, 20, 0).decode() for fd in fds]
    close(fds)
    return sorted(found)


def open_fds() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def test_next_supervisor_takes_parked_descriptors_back_once(launcher: Ends) -> None:
    """They are close-on-exec, and a third supervisor gets only what was parked again."""
    mine = files(3)
    with store(launcher, mine) as one:
        assert one.take_back() == []
        one.keep(mine)
        one.keep(mine)
        one.keep(["r9"])  # has no descriptor
    close(list(mine.values()))
    with store(launcher, {}) as two:
        back = two.take_back()
        assert not any(os.get_inheritable(fd) for fd in back)
        assert contents(back) == ["r0", "r1", "r2"]
        assert two.take_back() == []


def test_many_more_descriptors_than_one_queue_holds_can_be_parked(launcher: Ends) -> None:
    """Forgotten ones are removed when the queue is full."""
    before = open_fds()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    mine: dict[str, int] = {}
    with store(launcher, mine) as one:
        for number in range(3000):
            mine |= files(1, number)
            one.keep([f"r{number}"])
            if number >= 1000:
                gone = f"r{number - 1000}"
                one.forget([gone])
                os.close(mine.pop(gone))
    with store(launcher, {}) as two:
        back = contents(two.take_back())
    assert set(back) >= mine.keys()
    assert len(back) == len(set(back)) <= 2001
    close(list(mine.values()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert open_fds() == before


def test_forgotten_descriptors_are_not_kept(launcher: Ends) -> None:
    """As when the last program started with `procession run` has ended."""
    mine = files(2)
    with store(launcher, mine) as one:
        one.keep(mine)
        one.forget(mine)
        close(list(mine.values()))
        assert one.take_back() == []


def test_without_a_launcher_nothing_is_parked() -> None:
    """As in a supervisor that was started without one."""
    mine = files(1)
    alone = DescriptorStore(None, mine.get)
    alone.keep(mine)
    assert alone.take_back() == []
    alone.forget(mine)
    alone.close()
    close(list(mine.values()))
