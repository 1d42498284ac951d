"""Read the locks that processes hold on files: flock(), and fcntl() by process or by open file.

Two places tell of them.  /proc/locks has each lock with the process that *took* it, and below it (``->``) who waits;
it leaves out what a process took that has ended since, in a pid namespace.  /proc/PID/fdinfo/FD has the locks of one
open file, so it tells who *has* the lock now: after a fork, each process that has inherited the file.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from app.linux import proc

_LOCKS_BYTES = 1024 * 1024
_LINE = re.compile(
    rb"^(?:lock:\s*)?(\d+):\s+((?:-> )?)\s*(FLOCK|POSIX|OFDLCK)\s+\S+\s+(\S+)\s+(-?\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s",
    re.MULTILINE,
)
_INODE = re.compile(rb"^ino:\s+(\d+)$", re.MULTILINE)


class FileLock(NamedTuple):
    """A lock, or with ``waits`` a wait for the lock with the same ``number``.

    ``kind``: FLOCK, POSIX or OFDLCK.  ``pid`` took it: 0 if that one has ended, -1 for OFDLCK, which does not tell.
    """

    number: int
    waits: bool
    kind: str
    access: str
    pid: int
    inode: int


class OpenFile(NamedTuple):
    """An open file of a process: its path, its inode (0 if unknown), and the locks held through it."""

    path: str
    inode: int
    locks: tuple[FileLock, ...]


def all_of_them() -> list[FileLock]:
    """Return all locks of this pid namespace, each before those who wait for it."""
    return parse(proc.whole("locks", _LOCKS_BYTES))


def parse(text: bytes) -> list[FileLock]:
    """Return the locks in the text of /proc/locks or of /proc/PID/fdinfo/FD."""
    return [
        FileLock(int(number), bool(waits), kind.decode(), access.decode(), int(pid), int(inode))
        for number, waits, kind, access, pid, inode in _LINE.findall(text)
    ]


def open_file(folder: str, fd: int) -> OpenFile | None:
    """Return an open file of a process, by its folder in /proc; None if that is none, or may not be read."""
    path = proc.link(f"{folder}/fd/{fd}")
    info = proc.read(f"{folder}/fdinfo/{fd}")
    if not info or not path.startswith("/"):
        return None
    inode = _INODE.search(info)
    return OpenFile(path, int(inode[1]) if inode else 0, tuple(parse(info)))


def lock_held(folder: str, path: str, inode: int) -> tuple[int, FileLock] | None:
    """Return through which fd a process has a lock on a file, and the lock; None if it has none."""
    for name in proc.names(f"{folder}/fd"):
        if proc.link(f"{folder}/fd/{name}") == path and (found := open_file(folder, int(name))):
            for lock in found.locks:
                if not lock.waits and inode in (0, lock.inode):
                    return int(name), lock
    return None


def awaited(locks: Iterable[FileLock], pid: int, inode: int) -> FileLock | None:
    """Return the lock that a process waits for, if the kernel lists it."""
    holding: dict[int, FileLock] = {}
    for lock in locks:
        if not lock.waits:
            holding[lock.number] = lock
        elif lock.pid in (pid, -1) and lock.inode == inode:
            return holding.get(lock.number)
    return None
