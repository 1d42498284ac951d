"""Logs on real file systems: cut at the beginning while the process keeps writing, without delaying it."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.supervisor.logs.files import first_offset
from app.supervisor.logs.keeper import CHECK_S, LogKeeper
from app.supervisor.logs.space import LOW_CAP
from tests.open_files import open_files
from tests.waiting import wait_until

CAP = 256 * 1024
TOTAL = 1024 * CAP
#: Writes the given number of numbered lines of 16 bytes.
FLOOD = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
for start in range(0, int(sys.argv[2]), 4096):
    os.write(fd, b"".join(b"%015d\\n" % n for n in range(start, start + 4096)))
"""


class KeeperHarness:
    """A log keeper with a simulated clock."""

    def __init__(self, folder: Path, cap: int = CAP, total: int = TOTAL) -> None:
        self.keeper = LogKeeper(folder, cap, total)
        self.now = 0.0
        self.sizes: dict[str, int] = {}

    def check(self) -> dict[str, int]:
        """Check all logs one interval later; return the sizes that changed."""
        self.now += CHECK_S
        changed = self.keeper.check(self.now)
        self.sizes |= changed
        return changed

    def settle(self, process: str = "1", cap: int | None = None) -> None:
        """Check until the log is within its cap."""
        path = self.keeper.path(process)
        wait_until(lambda: (self.check(), disk_use(path) <= (cap or CAP) + 4096)[1])


def disk_use(path: Path) -> int:
    """Return the disk space that the file uses, in bytes."""
    return path.stat().st_blocks * 512


def kept(path: Path) -> tuple[int, bytes]:
    """Return the first kept offset and everything from there on."""
    with path.open("rb") as file:
        start = first_offset(file.fileno())
        file.seek(start)
        return start, file.read()


def numbered(start: int, end: int) -> bytes:
    """Return what FLOOD writes from one offset to another."""
    first, last = start // 16, -(-end // 16)
    lines = b"".join(b"%015d\n" % n for n in range(first, last))
    return lines[start - first * 16 :][: end - start]


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


@contextmanager
def open_keeper(folder: Path, cap: int = CAP, continued: Collection[str] = ()) -> Iterator[KeeperHarness]:
    """Open a keeper that tracks process 1; ``continued`` are processes of an earlier keeper."""
    harness = KeeperHarness(folder, cap)
    harness.keeper.sweep(continued, continued.__contains__)
    harness.keeper.track("1")
    try:
        yield harness
    finally:
        harness.keeper.close()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[KeeperHarness]:
    with open_keeper(tmp_path) as harness:
        yield harness


@pytest.fixture
def memory_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system that does not support holes."""
    yield from mounted(tmp_path, b"ramfs", b"")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 160 MiB."""
    yield from mounted(tmp_path, b"tmpfs", b"size=160m")


def mounted(tmp_path: Path, kind: bytes, options: bytes) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(kind, bytes(folder), kind, 0, options) != 0:
        pytest.skip("may not mount")
    yield folder
    assert libc.umount2(bytes(folder), 2) == 0


def test_log_over_its_limit_loses_its_beginning_and_keeps_its_offsets(harness: KeeperHarness) -> None:
    """The file size counts all bytes ever written; what is kept is the exact end of them."""
    path = harness.keeper.path("1")
    lines = 2**20
    with subprocess.Popen([sys.executable, "-c", FLOOD, path, str(lines)]) as flood:
        wait_until(lambda: (harness.check(), flood.poll() is not None)[1])
    harness.settle()
    start, found = kept(path)
    assert harness.sizes["1"] == path.stat().st_size == lines * 16
    assert CAP // 2 <= len(found) <= CAP
    assert start % 4096 == 0
    assert found == numbered(start, lines * 16)


def test_log_within_its_limit_is_not_cut(harness: KeeperHarness) -> None:
    """No helper process is started."""
    append(harness.keeper.path("1"), b"x" * CAP)
    assert harness.check() == {"1": CAP}
    assert harness.check() == {}
    assert harness.keeper.pids() == ()


def test_fast_growing_log_is_checked_more_often(harness: KeeperHarness) -> None:
    """The usual interval returns once it grows slowly again."""
    assert harness.keeper.next_deadline() == 0.0
    harness.check()
    append(harness.keeper.path("1"), b"x" * CAP)
    harness.check()
    assert harness.keeper.next_deadline() == pytest.approx(harness.now + 0.05)
    append(harness.keeper.path("1"), b"x")
    assert harness.keeper.check(harness.now + 0.05) == {"1": CAP + 1}
    harness.check()
    assert harness.keeper.next_deadline() == harness.now + CHECK_S


def test_stopped_helper_does_not_block_the_check(harness: KeeperHarness) -> None:
    """Only one hole is requested meanwhile; the log is cut once the helper continues."""
    path = harness.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    harness.settle()
    (pid,) = harness.keeper.pids()
    os.kill(pid, signal.SIGSTOP)
    for _ in range(500):
        append(path, b"x" * 4096)
        harness.check()
    assert disk_use(path) > CAP + 100 * 4096
    os.kill(pid, signal.SIGCONT)
    harness.settle()


def test_killed_helper_is_replaced(harness: KeeperHarness) -> None:
    """The pending hole is requested again."""
    path = harness.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    harness.settle()
    (first,) = harness.keeper.pids()
    os.kill(first, signal.SIGSTOP)
    append(path, b"x" * 4 * CAP)
    harness.check()
    os.kill(first, signal.SIGKILL)
    harness.settle()
    assert harness.keeper.pids() != (first,)


def test_start_of_the_helper_is_retried(harness: KeeperHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log grows until the helper process can be started."""
    path = harness.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    with monkeypatch.context() as patch:
        patch.setattr(sys, "executable", str(path / "no such program"))
        harness.check()
        harness.check()
        assert harness.keeper.pids() == ()
    harness.settle()


def test_check_survives_a_removed_log_directory(tmp_path: Path) -> None:
    """Tracking another process raises FileNotFoundError."""
    folder = tmp_path / "logs"
    folder.mkdir()
    with open_keeper(folder) as harness:
        shutil.rmtree(folder)
        harness.check()
        with pytest.raises(FileNotFoundError):
            harness.keeper.track("2")


def test_many_logs_are_cut(tmp_path: Path) -> None:
    """They are more than fit into the helper's socket at once."""
    with open_keeper(tmp_path, cap=8192) as harness:
        for n in range(600):
            harness.keeper.track(str(n))
            append(harness.keeper.path(str(n)), b"y" * 40_000)
        wait_until(lambda: (harness.check(), all(disk_use(p) <= 12_288 for p in tmp_path.iterdir()))[1])


def test_log_offsets_continue_after_a_restart(harness: KeeperHarness) -> None:
    """A new keeper finds the hole that the earlier one made."""
    path = harness.keeper.path("1")
    append(path, numbered(0, 4 * CAP))
    harness.settle()
    start, _ = kept(path)
    with open_keeper(path.parent, continued=("1",)) as again:
        again.keeper.track("1")
        append(path, numbered(4 * CAP, 5 * CAP))
        again.settle()
    assert kept(path)[0] > start
    assert kept(path)[1] == numbered(kept(path)[0], 5 * CAP)


def test_truncated_log_starts_again_at_offset_0(harness: KeeperHarness) -> None:
    """The limit applies to what is written afterwards."""
    path = harness.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    harness.settle()
    os.truncate(path, 0)
    assert harness.check() == {"1": 0}
    append(path, b"z" * 4 * CAP)
    harness.settle()
    assert first_offset_of(path) > 0


def test_log_truncated_while_it_is_being_cut_is_still_bounded(harness: KeeperHarness) -> None:
    """The result for the old contents is not applied to the new ones."""
    path = harness.keeper.path("1")
    append(path, b"x" * 4 * CAP)
    harness.settle()
    os.kill(harness.keeper.pids()[0], signal.SIGSTOP)
    append(path, b"y" * 4 * CAP)
    harness.check()
    os.truncate(path, 0)
    harness.check()
    os.kill(harness.keeper.pids()[0], signal.SIGCONT)
    append(path, b"z" * 4 * CAP)
    harness.settle()
    assert first_offset_of(path) > 0


def first_offset_of(path: Path) -> int:
    return kept(path)[0]


def test_log_is_private_and_deleted_with_its_process(harness: KeeperHarness) -> None:
    """Its mode is 0600; when it is forgotten, no descriptor is left open."""
    before, open_before = os.umask(0), open_files()
    try:
        harness.keeper.track("2")
    finally:
        os.umask(before)
    path = harness.keeper.path("2")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (open_files() - open_before).total() == 1
    harness.keeper.forget("2")
    harness.keeper.forget("never tracked")
    assert not path.exists()
    harness.check()
    assert not open_files() - open_before


def test_log_of_an_ended_process_is_closed_and_goes_on_with_its_restart(harness: KeeperHarness) -> None:
    """Even one that grew fast until the end; what the process wrote before stays in front of what it writes now."""
    path = harness.keeper.path("1")
    harness.check()
    append(path, b"x" * CAP)
    harness.keeper.ended("1")
    assert harness.check() == {"1": CAP}
    assert harness.keeper.check(harness.now + 0.05) == {}
    assert harness.keeper.next_deadline() is None
    assert not is_open(path)
    harness.keeper.track("1")
    append(path, b"y")
    assert harness.check() == {"1": CAP + 1}
    assert harness.keeper.take_notices() == []


def test_log_of_an_ended_process_is_kept_small_while_an_orphan_writes_to_it(harness: KeeperHarness) -> None:
    """It is closed with its last writer."""
    path = harness.keeper.path("1")
    with path.open("ab", buffering=0) as orphan:
        harness.keeper.ended("1")
        for _ in range(20):
            orphan.write(b"x" * CAP)
            harness.check()
        harness.settle()
        assert harness.keeper.next_deadline() is not None
    wait_until(lambda: (harness.check(), harness.keeper.next_deadline() is None)[1])


def test_deleted_log_is_still_cut_while_an_orphan_writes_to_it(harness: KeeperHarness) -> None:
    """It still takes disk space; the keeper closes it when its last writer does."""
    path = harness.keeper.path("1")
    with path.open("ab", buffering=0) as orphan:
        harness.keeper.forget("1")
        for _ in range(20):
            orphan.write(b"x" * CAP)
            assert harness.check() == {}
        wait_until(lambda: (harness.check(), os.fstat(orphan.fileno()).st_blocks * 512 <= CAP + 4096)[1])
    wait_until(lambda: (harness.check(), harness.keeper.next_deadline() is None)[1])


def test_logs_of_earlier_runs_are_deleted(tmp_path: Path) -> None:
    """Logs that are still needed, and what is no log of a process that the journal knows, are kept."""
    for name in ("1.log", "2.log", "3.log", "access.log", "other.txt"):
        (tmp_path / name).touch()
    (tmp_path / "4.log").mkdir()
    (tmp_path / "5.log").symlink_to("access.log")
    keeper = LogKeeper(tmp_path, CAP, TOTAL)
    assert keeper.sweep({"2"}, str.isdigit) == 2
    assert {path.name for path in tmp_path.iterdir()} == {"2.log", "4.log", "5.log", "access.log", "other.txt"}
    keeper.close()


def replaced_by_a_folder(path: Path) -> None:
    path.mkdir()


def replaced_by_a_fifo(path: Path) -> None:
    os.mkfifo(path)


def replaced_by_a_link(path: Path) -> None:
    path.with_name("precious").write_text("precious")
    path.symlink_to("precious")


def left_by_an_unknown_process(path: Path) -> None:
    path.write_text("of another process")


@pytest.mark.parametrize(
    "put_there", [replaced_by_a_folder, replaced_by_a_fifo, replaced_by_a_link, left_by_an_unknown_process]
)
def test_what_has_the_name_of_a_new_log_is_set_aside(tmp_path: Path, put_there: Callable[[Path], None]) -> None:
    """It is kept under another name and reported; the process gets an empty log."""
    put_there(tmp_path / "1.log")
    with open_keeper(tmp_path) as harness:
        path = harness.keeper.path("1")
        assert (path.is_symlink(), path.is_file(), path.read_bytes()) == (False, True, b"")
        (aside,) = tmp_path.glob("1.log.damaged-*")
        (notice,) = harness.keeper.take_notices()
        assert aside.name in notice
        if put_there is replaced_by_a_link:
            append(path, b"x")
            assert (tmp_path / "precious").read_text() == "precious"


def test_the_log_of_a_process_from_before_a_crash_goes_on(tmp_path: Path) -> None:
    """The next supervisor appends to it."""
    (tmp_path / "1.log").write_text("before")
    keeper = LogKeeper(tmp_path, CAP, TOTAL)
    keeper.sweep({"1"}, str.isdigit)
    keeper.track("1")
    assert (keeper.path("1").read_text(), keeper.take_notices()) == ("before", [])
    keeper.close()


def test_a_log_that_cannot_be_deleted_is_left(harness: KeeperHarness) -> None:
    """Something else may have its name by now."""
    harness.keeper.path("1").unlink()
    harness.keeper.path("1").mkdir()
    harness.keeper.forget("1")
    assert harness.keeper.path("1").is_dir()


def test_nearly_full_disk_lowers_the_limit_of_every_log(small_disk: Path) -> None:
    """Logs that no longer grow are cut too; the usual limit returns with the space. Both changes are reported."""
    with open_keeper(small_disk) as harness:
        path = harness.keeper.path("1")
        append(path, b"x" * CAP)
        harness.check()
        assert harness.keeper.take_notices() == []
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(110 * 1024 * 1024))
        harness.settle(cap=LOW_CAP)
        (notice,) = harness.keeper.take_notices()
        assert "MiB are free on the disk of the logs: each keeps 64 KiB" in notice
        os.truncate(ballast, 0)
        wait_until(lambda: (harness.check(), harness.keeper.cap_now == CAP)[1])
        (notice,) = harness.keeper.take_notices()
        assert "usual cap holds" in notice


def test_log_is_emptied_at_its_limit_where_holes_are_not_supported(memory_disk: Path) -> None:
    """Offsets continue; it is reported once."""
    with open_keeper(memory_disk) as harness:
        path = harness.keeper.path("1")
        for _ in range(3):
            append(path, b"x" * CAP * 2)
            size = path.stat().st_size
            wait_until(lambda: (harness.check(), disk_use(path) <= CAP)[1])
            assert path.stat().st_size == size
        assert len(harness.keeper.take_notices()) == 1
        assert harness.keeper.take_notices() == []


def test_what_is_written_while_a_log_is_emptied_counts(memory_disk: Path) -> None:
    """The keeper learns that the log was emptied only after more was written; that too is emptied at the limit."""
    with open_keeper(memory_disk) as harness:
        path = harness.keeper.path("1")
        append(path, b"x" * CAP * 2)
        harness.check()
        wait_until(lambda: disk_use(path) == 0)
        append(path, b"y" * CAP * 2)
        wait_until(lambda: (harness.check(), disk_use(path) <= CAP)[1])


def test_first_offset_of_an_empty_log_is_its_end(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    assert kept(tmp_path / "empty") == (0, b"")


def test_all_logs_together_keep_no_more_than_their_total(tmp_path: Path) -> None:
    """The largest are cut, that of an ended process too; the small ones are not; the end of each is kept."""
    harness = KeeperHarness(tmp_path, total=2 * CAP)
    sizes = {"ended": CAP, "small": 40_960, "one": CAP, "other": CAP}
    for process in sizes:
        harness.keeper.track(process)
    harness.check()
    for process, size in list(sizes.items())[:2]:
        append(harness.keeper.path(process), numbered(0, size))
    harness.keeper.ended("ended")
    wait_until(lambda: (harness.check(), not is_open(harness.keeper.path("ended")))[1])
    assert disk_use(harness.keeper.path("ended")) == CAP
    for process, size in list(sizes.items())[2:]:
        append(harness.keeper.path(process), numbered(0, size))
    paths = {process: harness.keeper.path(process) for process in sizes}
    wait_until(lambda: (harness.check(), sum(map(disk_use, paths.values())) <= 2 * CAP)[1])
    assert disk_use(paths["small"]) == sizes["small"]
    assert 0 < disk_use(paths["ended"]) < CAP
    assert all(kept(path)[1] == numbered(kept(path)[0], sizes[process]) for process, path in paths.items())
    wait_until(lambda: (harness.check(), not is_open(paths["ended"]))[1])
    assert "all logs together reached their limit" in "".join(harness.keeper.take_notices())
    harness.keeper.close()


def is_open(path: Path) -> bool:
    return any(str(path) in target for target in open_files())
