"""Whether the disk of the logs is nearly full."""

import os
from pathlib import Path

#: What each log keeps on a disk that is nearly full.
LOW_CAP = 64 * 1024
_LOW_BYTES = 64 * 1024 * 1024
_LOW_SHARE = 0.01
# So far must the free space rise above the limit until the usual cap holds again, or it would go to and fro.
_RECOVERED = 1.5
_MIB = 1024 * 1024


class Space:
    """Whether the disk of a folder is nearly full: less than 64 MiB or 1 % free, until half as much again is."""

    def __init__(self, folder: Path) -> None:
        self.is_low = False
        self._folder = folder

    def look(self) -> str | None:
        """What is to be told, where it changed."""
        try:
            disk = os.statvfs(self._folder)
        except OSError:  # somebody removed the folder: no reason to end with all children
            return None
        free = disk.f_bavail * disk.f_frsize
        limit = max(_LOW_BYTES, int(disk.f_blocks * disk.f_frsize * _LOW_SHARE))
        if self.is_low and free >= limit * _RECOVERED:
            self.is_low = False
            return f"{free // _MIB} MiB are free again on the disk of the logs: their usual cap holds"
        # A file system in memory may not tell its size.
        if not self.is_low and disk.f_blocks and free < limit:
            self.is_low = True
            return f"only {free // _MIB} MiB are free on the disk of the logs: each keeps {LOW_CAP // 1024} KiB"
        return None
