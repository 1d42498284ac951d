"""With few descriptors: ended processes hold none, what lives can be killed, and a limit that is too low is said."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.linux.descriptors import FdReserve
from app.records.errors import NotPossible
from tests.supervisor.supervised import Supervised
from tests.waiting import wait_until


@contextmanager
def limited(home: Path, files: int, **settings: str) -> Iterator[Supervised]:
    """A supervisor that may open so many files."""
    supervisor = Supervised(home, **settings)
    supervisor.command = ["sh", "-c", f"ulimit -n {files}; exec {sys.executable} -P -m app.supervisor"]
    with supervisor:
        yield supervisor


def count_fds(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def open_files(supervisor: Supervised) -> int:
    return count_fds(f"/proc/{supervisor.process.pid}/fd")


@pytest.mark.parametrize(
    "method", ["forkserver", *(pytest.param(one, marks=pytest.mark.long) for one in ("spawn", "fork"))]
)
def test_a_joined_process_holds_no_descriptor(tmp_path: Path, method: str) -> None:
    """Any number of short processes can be started one after the other."""
    with limited(tmp_path, 256) as supervisor:
        first = supervisor.launch("exit-with", params={"code": 0}, start_method=method)
        supervisor.wait_state(first, "joined")
        before = wait_until(lambda: open_files(supervisor))
        for _ in range(4):
            last = supervisor.launch("exit-with", params={"code": 0}, start_method=method, count=5)
            number = int(last[1:]) + 4
            supervisor.wait_state(f"p{number}", "joined")
        wait_until(lambda: open_files(supervisor) <= before + 2, message="the descriptors are released")


def test_a_limit_that_is_too_low_is_said_and_kept(tmp_path: Path) -> None:
    """No start fails for want of a descriptor: one that would is refused in words."""
    with limited(tmp_path, 160) as supervisor:
        assert any("the limit of open files is 160" in line["text"] for line in supervisor.events())
        with pytest.raises(NotPossible, match=r"at most 10 processes may run at once"):
            supervisor.launch("sleep", params={"seconds": 600}, count=11)
        last = supervisor.launch("sleep", params={"seconds": 600}, count=10)
        for number in range(int(last[1:]), int(last[1:]) + 10):
            supervisor.wait_state(f"p{number}", "running")
        assert supervisor.stop() == 0


def test_with_no_descriptor_left_processes_can_be_killed(tmp_path: Path) -> None:
    """Clients take all that there are; a kill and a stop of everything work all the same."""
    with limited(tmp_path, 160) as supervisor:
        process = supervisor.running("descendants")
        child = wait_until(lambda: [one for one in supervisor.snapshot().snapshot.descendants if one.root == process])
        peers = []
        for _ in range(200):
            peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            peer.connect(str(supervisor.home / "observer.sock"))
            peers.append(peer)
        wait_until(lambda: open_files(supervisor) >= 150, message="its descriptors are used up")
        assert supervisor.stop() == 0
        for peer in peers:
            peer.close()
        assert not Path(f"/proc/{child[0].pid}").exists()


def test_the_reserve_is_lent_and_taken_back() -> None:
    """It frees descriptors for its body only, and after an error too."""
    reserve = FdReserve(5)
    held = count_fds("/proc/self/fd")
    with reserve.lent():
        assert count_fds("/proc/self/fd") == held - 5
    assert count_fds("/proc/self/fd") == held
    with pytest.raises(KeyError), reserve.lent():
        raise KeyError
    assert count_fds("/proc/self/fd") == held
    reserve.close()
    assert count_fds("/proc/self/fd") == held - 5
