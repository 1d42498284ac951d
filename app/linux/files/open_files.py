"""Read how many files a process may open, and what its newest descriptors are."""

import re
from typing import Literal, NamedTuple, TypeAlias

from app.linux import pipes, proc

What: TypeAlias = Literal["pipe", "socket", "file", "other"]

#: Descriptors of one process whose links are read, the highest numbers, which are the newest: 1.5 µs each.
MAX_LINKS = 500
_LIMIT = re.compile(rb"^Max open files +(\d+|unlimited)", re.MULTILINE)
_ANONYMOUS = "anon_inode:"


class Descriptor(NamedTuple):
    """A descriptor: a pipe or socket with its ``inode``, a file with its path, or what else the kernel calls it."""

    fd: int
    what: What
    inode: int = 0
    name: str = ""


def limit(folder: str) -> int | None:
    """Return the soft limit of open files of a process, by its folder in /proc; None if unknown or without limit."""
    return parse_limit(proc.read(f"{folder}/limits", 4096) or b"")


def parse_limit(limits: bytes) -> int | None:
    """Return the soft limit of open files in the text of /proc/PID/limits."""
    found = _LIMIT.search(limits)
    return int(found[1]) if found and found[1].isdigit() else None


def newest(folder: str) -> list[Descriptor]:
    """Return the newest descriptors of a process, `MAX_LINKS` at most; none if that is not permitted."""
    fds = sorted(map(int, proc.names(f"{folder}/fd")))[-MAX_LINKS:]
    return [parse_link(fd, link) for fd in fds if (link := proc.link(f"{folder}/fd/{fd}"))]


def parse_link(fd: int, link: str) -> Descriptor:
    """Return what a link in /proc/PID/fd says."""
    kind, inode = pipes.kind_of_link(link)
    if inode:
        return Descriptor(fd, "pipe" if kind == "pipe" else "socket", inode)
    if link.startswith(_ANONYMOUS):
        return Descriptor(fd, "other", name=link.removeprefix(_ANONYMOUS).strip("[]"))
    return Descriptor(fd, "file" if link.startswith("/") else "other", name=link)
