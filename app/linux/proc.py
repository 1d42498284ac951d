"""The reader of /proc: what has gone meanwhile, or may not be looked at, reads as None or empty, never as an error.

Nothing in here follows a link: a stat of somebody else's file could hang on a dead file server.
"""

import os
import time

from . import procfs
from .procfs import Stat, parse_stat

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
#: How much of an environment is read.
ENVIRONMENT_BYTES = 256 * 1024
_CHUNK = 65536


def read(path: str, limit: int = _CHUNK) -> bytes | None:
    """At most ``limit`` bytes of a file, e.g. ``loadavg`` or ``17/stat``; None where it cannot be read."""
    try:
        return contents(path, limit)
    except OSError:
        return None


def contents(path: str, limit: int = _CHUNK) -> bytes:
    """As `read`, but raises OSError, for who wants to tell why."""
    fd = os.open(f"/proc/{path}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(fd, limit)
    finally:
        os.close(fd)


def kept(path: str) -> int | None:
    """An open fd of a file that is to be read again and again; None where it cannot be opened."""
    try:
        return os.open(f"/proc/{path}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def kept_folder(path: str) -> int | None:
    """An open fd of a folder, e.g. of ``17``: ``self/fd/N`` leads into it as long as that very process is there."""
    try:
        return os.open(f"/proc/{path}", os.O_RDONLY | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError:
        return None


def stat(pid: int) -> Stat | None:
    """The process (or thread) at this moment; None where it is gone."""
    line = read(f"{pid}/stat", 1024)
    return parse_stat(line) if line else None


def names(path: str) -> list[str]:
    """The names in a folder; empty where it cannot be read."""
    try:
        return listed(path)
    except OSError:
        return []


def listed(path: str) -> list[str]:
    """As `names`, but raises OSError, for who wants to tell why."""
    return os.listdir(f"/proc/{path}")


def pids() -> list[int]:
    return [int(name) for name in names("") if name.isdigit()]


def link(path: str) -> str:
    """Where a link of /proc points, e.g. ``pipe:[4711]``; empty where it cannot be read."""
    try:
        return os.readlink(f"/proc/{path}")
    except OSError:
        return ""


def access(path: str) -> tuple[bool, bool]:
    """Whether the fd behind a link of PID/fd may be read from, and written to: the modes of the link itself."""
    try:
        mode = os.lstat(f"/proc/{path}").st_mode
    except OSError:
        return False, False
    return bool(mode & 0o400), bool(mode & 0o200)


def whole(path: str, limit: int) -> bytes:
    """A file of any length, up to ``limit``, which /proc gives page by page; empty where it cannot be read."""
    try:
        fd = os.open(f"/proc/{path}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    parts: list[bytes] = []
    try:
        while limit > 0 and (part := os.read(fd, min(limit, _CHUNK))):
            parts.append(part)
            limit -= len(part)
    except OSError:
        pass  # it has gone meanwhile: what was read is from when it was there
    finally:
        os.close(fd)
    return b"".join(parts)


def environment_value(pid: int, name: str) -> str | None:
    """Return a variable of the environment that a process was executed with; None if it has none or cannot be read."""
    return procfs.environment_value(read(f"{pid}/environ", ENVIRONMENT_BYTES) or b"", name)


def owner(pid: int) -> int | None:
    """Return the uid that a process runs as; None if it is gone, 0 if nobody else may look into it."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except OSError:
        return None


def count_fds(pid: int) -> int | None:
    """How many fds it has open; the size of its fd folder says it since Linux 6.2."""
    try:
        size = os.stat(f"/proc/{pid}/fd").st_size
        return size or len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return None


def booted_at() -> float:
    """Return when the machine started, by the wall clock as it is now."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
