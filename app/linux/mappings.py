"""The shared mappings of a process: the inode of the file at an address, and names in /dev/shm.  Pure.

Only shared mappings count (``s`` in the permissions of /proc/PID/maps): semaphores, shared memory, arenas of
multiprocessing.  A file that was unlinked is still listed with its inode.
"""

import re
from bisect import bisect_right
from typing import NamedTuple

_LINE = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) ...s [0-9a-f]+ \S+ (\d+) +(.*)$", re.MULTILINE)
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108 - where glibc keeps it, not a place for temporary files
_DELETED = " (deleted)"


class _Range(NamedTuple):
    start: int
    end: int
    inode: int
    path: str


class Mappings:
    """The shared mappings of one process at one moment."""

    def __init__(self, maps: bytes = b"") -> None:
        self._ranges = [
            _Range(int(start, 16), int(end, 16), int(inode), path.decode(errors="replace"))
            for start, end, inode, path in _LINE.findall(maps)
        ]
        self._starts = [one.start for one in self._ranges]

    def inode(self, address: int) -> int | None:
        """Return the inode of the file that is mapped at an address; None if there is none."""
        place = bisect_right(self._starts, address) - 1
        if place < 0 or address >= self._ranges[place].end:
            return None
        return self._ranges[place].inode or None

    def names(self) -> frozenset[str]:
        """Return the names in /dev/shm that are mapped, those that were unlinked since included."""
        paths = (one.path for one in self._ranges if one.path.startswith(_SHARED_MEMORY))
        return frozenset(path.removeprefix(_SHARED_MEMORY).removesuffix(_DELETED) for path in paths)

    def unlinked(self) -> frozenset[str]:
        """Return the names in /dev/shm that are mapped and were unlinked since."""
        paths = (one.path for one in self._ranges if one.path.startswith(_SHARED_MEMORY))
        return frozenset(
            path.removeprefix(_SHARED_MEMORY).removesuffix(_DELETED) for path in paths if path.endswith(_DELETED)
        )

    def inodes(self) -> set[int]:
        """Return the inodes of all its mapped files."""
        return {one.inode for one in self._ranges}
