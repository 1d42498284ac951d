"""Locks on files, by the text of /proc/locks and for this process."""

import fcntl
import os
import struct
from pathlib import Path

import pytest

from app.linux.files import file_locks
from app.linux.files.file_locks import FileLock

LOCKS = b"""1: FLOCK  ADVISORY  WRITE 12345 fe:00:2328055 0 EOF
1: -> FLOCK  ADVISORY  WRITE 12346 fe:00:2328055 0 EOF
1:  -> FLOCK  ADVISORY  WRITE 12347 fe:00:2328055 0 EOF
2: OFDLCK ADVISORY  READ  -1 08:01:7 0 0
3: POSIX  ADVISORY  WRITE 12345 fe:00:77 128 128
4: LEASE  ACTIVE    READ  12345 fe:00:78 0 EOF
"""


def test_each_line_is_a_lock_or_a_wait_for_one() -> None:
    assert file_locks.parse(LOCKS) == [
        FileLock(1, False, "FLOCK", "WRITE", 12345, 2328055),
        FileLock(1, True, "FLOCK", "WRITE", 12346, 2328055),
        FileLock(1, True, "FLOCK", "WRITE", 12347, 2328055),
        FileLock(2, False, "OFDLCK", "READ", -1, 7),
        FileLock(3, False, "POSIX", "WRITE", 12345, 77),
    ]
    assert file_locks.parse(b"") == []


def test_a_waiting_process_leads_to_the_lock_that_it_waits_for() -> None:
    locks = file_locks.parse(LOCKS)
    assert file_locks.awaited(locks, 12347, 2328055) == locks[0]
    assert file_locks.awaited(locks, 12347, 77) is None
    assert file_locks.awaited(locks, 12345, 2328055) is None


@pytest.mark.parametrize("way", ["FLOCK", "POSIX", "OFDLCK"])
def test_the_locks_of_this_process_are_found_through_its_open_files(way: str, tmp_path: Path) -> None:
    path = tmp_path / "a lock"
    with path.open("w") as file:
        assert file_locks.lock_held("self", str(path), 0) is None
        if way == "FLOCK":
            fcntl.flock(file, fcntl.LOCK_EX)
        elif way == "POSIX":
            fcntl.lockf(file, fcntl.LOCK_EX)
        else:
            fcntl.fcntl(file, fcntl.F_OFD_SETLKW, struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 0, 0, 0))
        inode = path.stat().st_ino
        found = file_locks.lock_held("self", str(path), inode)
        assert found
        fd, lock = found
        assert fd == file.fileno()
        assert (lock.kind, lock.inode, lock.pid) == (way, inode, -1 if way == "OFDLCK" else os.getpid())
        assert file_locks.lock_held("self", str(path), inode + 1) is None
        assert any(one.inode == inode for one in file_locks.all_of_them())


def test_what_is_no_file_has_no_lock() -> None:
    reader, writer = os.pipe()
    assert file_locks.open_file("self", reader) is None
    assert file_locks.open_file("none", 0) is None
    os.close(reader)
    os.close(writer)
