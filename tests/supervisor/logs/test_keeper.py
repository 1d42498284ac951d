"""Logs on real file systems: cut at the head while a child writes, never in the child's way."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.supervisor.logs.keeper import CHECK_S, LogKeeper, first_offset
from app.supervisor.logs.space import LOW_CAP
from tests.open_files import open_files
from tests.waiting import wait_until

CAP = 256 * 1024
#: Writes numbered lines of 16 bytes, as many as it is told.
FLOOD = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
for start in range(0, int(sys.argv[2]), 4096):
    os.write(fd, b"".join(b"%015d\\n" % n for n in range(start, start + 4096)))
"""


class Watched:
    """A keeper, and the time that its checks are told."""

    def __init__(self, folder: Path, cap: int = CAP) -> None:
        self.keeper = LogKeeper(folder, cap)
        self.now = 0.0
        self.sizes: dict[str, int] = {}

    def check(self) -> dict[str, int]:
        """A check of all logs."""
        self.now += CHECK_S
        changed = self.keeper.check(self.now)
        self.sizes |= changed
        return changed

    def settle(self, process: str = "1", cap: int | None = None) -> None:
        """Check until the log is within its cap."""
        path = self.keeper.path(process)
        wait_until(lambda: (self.check(), disk_use(path) <= (cap or CAP) + 4096)[1])


def disk_use(path: Path) -> int:
    """What the file takes of the disk."""
    return path.stat().st_blocks * 512


def kept(path: Path) -> tuple[int, bytes]:
    """(first offset, everything from there on), as a reader finds it."""
    with path.open("rb") as file:
        start = first_offset(file.fileno())
        file.seek(start)
        return start, file.read()


def numbered(start: int, end: int) -> bytes:
    """The bytes of a flood from one offset to another."""
    first, last = start // 16, -(-end // 16)
    lines = b"".join(b"%015d\n" % n for n in range(first, last))
    return lines[start - first * 16 :][: end - start]


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


@contextmanager
def watching(folder: Path, cap: int = CAP) -> Iterator[Watched]:
    """A keeper that tracks process 1."""
    watched = Watched(folder, cap)
    watched.keeper.track("1")
    try:
        yield watched
    finally:
        watched.keeper.close()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with watching(tmp_path) as watched:
        yield watched


@pytest.fixture
def memory_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system without holes."""
    yield from mounted(tmp_path, b"ramfs", b"")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 160 MiB."""
    yield from mounted(tmp_path, b"tmpfs", b"size=160m")


def mounted(tmp_path: Path, kind: bytes, options: bytes) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind, bytes(folder), kind, 0, options) != 0:
        pytest.skip("may not mount")
    yield folder
    assert libc.umount2(bytes(folder), 2) == 0


def test_flood_is_cut_at_the_head_and_offsets_stay(watched: Watched) -> None:
    """The size says all that was ever written; what is kept is the end of it, byte for byte."""
    path = watched.keeper.path("1")
    lines = 2**20
    with subprocess.Popen([sys.executable, "-c", FLOOD, path, str(lines)]) as flood:
        wait_until(lambda: (watched.check(), flood.poll() is not None)[1])
    watched.settle()
    start, found = kept(path)
    assert watched.sizes["1"] == path.stat().st_size == lines * 16
    assert CAP // 2 <= len(found) <= CAP
    assert start % 4096 == 0
    assert found == numbered(start, lines * 16)


def test_log_within_its_cap_is_left_alone(watched: Watched) -> None:
    """No hole, no process that makes them."""
    append(watched.keeper.path("1"), b"x" * CAP)
    assert watched.check() == {"1": CAP}
    assert watched.check() == {}
    assert watched.keeper.pids() == ()


def test_growing_faster_than_the_cap_in_a_second_is_checked_more_often(watched: Watched) -> None:
    """Until it is quiet again."""
    assert watched.keeper.next_deadline() == 0.0
    watched.check()
    append(watched.keeper.path("1"), b"x" * CAP)
    watched.check()
    assert watched.keeper.next_deadline() == pytest.approx(watched.now + 0.05)
    append(watched.keeper.path("1"), b"x")
    assert watched.keeper.check(watched.now + 0.05) == {"1": CAP + 1}
    watched.check()
    assert watched.keeper.next_deadline() == watched.now + CHECK_S


def test_stopped_puncher_does_not_hold_up_the_check(watched: Watched) -> None:
    """One hole is asked for, no more; once it goes on everything is cut."""
    path = watched.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    watched.settle()
    (pid,) = watched.keeper.pids()
    os.kill(pid, signal.SIGSTOP)
    for _ in range(500):
        append(path, b"x" * 4096)
        watched.check()
    assert disk_use(path) > CAP + 100 * 4096
    os.kill(pid, signal.SIGCONT)
    watched.settle()


def test_killed_puncher_is_replaced(watched: Watched) -> None:
    """The hole that it owed is asked for again."""
    path = watched.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    watched.settle()
    (first,) = watched.keeper.pids()
    os.kill(first, signal.SIGSTOP)
    append(path, b"x" * 4 * CAP)
    watched.check()
    os.kill(first, signal.SIGKILL)
    watched.settle()
    assert watched.keeper.pids() != (first,)


def test_puncher_that_cannot_be_started_is_tried_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no process can be made just now, the log grows on until one can."""
    path = watched.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(path / "no such program"))
        watched.check()
        watched.check()
        assert watched.keeper.pids() == ()
    watched.settle()


def test_folder_that_was_removed_is_survived(tmp_path: Path) -> None:
    """Nothing can be told of its disk; a log that cannot be made is an error of who wants one."""
    folder = tmp_path / "logs"
    folder.mkdir()
    with watching(folder) as watched:
        shutil.rmtree(folder)
        watched.check()
        with pytest.raises(FileNotFoundError):
            watched.keeper.track("2")


def test_many_logs_are_cut(tmp_path: Path) -> None:
    """More at once than the puncher's socket takes."""
    with watching(tmp_path, cap=8192) as watched:
        for n in range(600):
            watched.keeper.track(str(n))
            append(watched.keeper.path(str(n)), b"y" * 40_000)
        wait_until(lambda: (watched.check(), all(disk_use(p) <= 12_288 for p in tmp_path.iterdir()))[1])


def test_log_goes_on_after_a_restart_of_the_supervisor(watched: Watched) -> None:
    """The hole is found again: offsets go on."""
    path = watched.keeper.path("1")
    append(path, numbered(0, 4 * CAP))
    watched.settle()
    start, _ = kept(path)
    with watching(path.parent) as again:
        again.keeper.track("1")
        append(path, numbered(4 * CAP, 5 * CAP))
        again.settle()
    assert kept(path)[0] > start
    assert kept(path)[1] == numbered(kept(path)[0], 5 * CAP)


def test_log_emptied_by_somebody_else(watched: Watched) -> None:
    """It starts again at 0, and the cap holds for what comes."""
    path = watched.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    watched.settle()
    os.truncate(path, 0)
    assert watched.check() == {"1": 0}
    append(path, b"z" * 4 * CAP)
    watched.settle()
    assert first_offset_of(path) > 0


def test_log_emptied_while_its_head_is_cut(watched: Watched) -> None:
    """What is said of the old hole is not said of what has come since."""
    path = watched.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    watched.settle()
    os.kill(watched.keeper.pids()[0], signal.SIGSTOP)
    append(path, b"y" * 4 * CAP)
    watched.check()
    os.truncate(path, 0)
    watched.check()
    os.kill(watched.keeper.pids()[0], signal.SIGCONT)
    append(path, b"z" * 4 * CAP)
    watched.settle()
    assert first_offset_of(path) > 0


def first_offset_of(path: Path) -> int:
    return kept(path)[0]


def test_log_is_private_and_goes_with_its_process(watched: Watched) -> None:
    """0600; deleted when it is forgotten, and no fd is left."""
    before, open_before = os.umask(0), open_files()
    try:
        watched.keeper.track("2")
    finally:
        os.umask(before)
    path = watched.keeper.path("2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (open_files() - open_before).total() == 1
    watched.keeper.forget("2")
    watched.keeper.forget("never tracked")
    assert not path.exists()
    watched.check()
    assert not open_files() - open_before


def test_deleted_log_that_an_orphan_writes_to_stays_small(watched: Watched) -> None:
    """Nobody can see that file any more, but it takes space as before; it is let go with its last writer."""
    path = watched.keeper.path("1")
    with path.open("ab", buffering=0) as orphan:
        watched.keeper.forget("1")
        for _ in range(20):
            orphan.write(b"x" * CAP)
            assert watched.check() == {}
        wait_until(lambda: (watched.check(), os.fstat(orphan.fileno()).st_blocks * 512 <= CAP + 4096)[1])
    wait_until(lambda: (watched.check(), watched.keeper.next_deadline() is None)[1])


def test_logs_of_earlier_runs_are_swept(tmp_path: Path) -> None:
    """But for those that are still wanted."""
    for name in ("1.log", "2.log", "3.log", "other.txt"):
        (tmp_path / name).touch()
    keeper = LogKeeper(tmp_path, CAP)
    assert keeper.sweep({"2"}) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"2.log", "other.txt"}
    keeper.close()


def test_nearly_full_disk_shrinks_every_log_and_is_told(small_disk: Path) -> None:
    """Also those that grow no more; when there is space again the usual cap holds."""
    with watching(small_disk) as watched:
        path = watched.keeper.path("1")
        append(path, b"x" * CAP)
        watched.check()
        assert watched.keeper.take_notices() == []
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(110 * 1024 * 1024))
        watched.settle(cap=LOW_CAP)
        (notice,) = watched.keeper.take_notices()
        assert "MiB are free on the disk of the logs: each keeps 64 KiB" in notice
        os.truncate(ballast, 0)
        wait_until(lambda: (watched.check(), watched.keeper.cap_now == CAP)[1])
        (notice,) = watched.keeper.take_notices()
        assert "usual cap holds" in notice


def test_without_holes_a_log_starts_anew_at_its_cap(memory_disk: Path) -> None:
    """Offsets go on; it is told once."""
    with watching(memory_disk) as watched:
        path = watched.keeper.path("1")
        for _ in range(3):
            append(path, b"x" * CAP * 2)
            size = path.stat().st_size
            wait_until(lambda: (watched.check(), disk_use(path) <= CAP)[1])
            assert path.stat().st_size == size
        assert len(watched.keeper.take_notices()) == 1
        assert watched.keeper.take_notices() == []


def test_first_offset_of_an_empty_log(tmp_path: Path) -> None:
    """There is nothing to read: its end."""
    (tmp_path / "empty").touch()
    assert kept(tmp_path / "empty") == (0, b"")
