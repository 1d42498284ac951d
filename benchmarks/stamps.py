"""Receive what `targets.stamp` and the peers' listeners write: lines of words that end with a monotonic time."""

from __future__ import annotations

import os
import select
import time
from pathlib import Path


class Stamps:
    """A fifo of which we hold both ends, so it has no end of file."""

    def __init__(self, folder: Path, name: str = "stamps") -> None:
        self.path = str(folder / name)
        os.mkfifo(self.path)
        self._fd = os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""
        self._lines: list[list[str]] = []

    def next(self, seconds: float = 30) -> tuple[list[str], int]:
        """Return the words of the next line and its time in ns; raise TimeoutError."""
        deadline = time.monotonic() + seconds
        while not self._lines:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._fd], [], [], left)[0]:
                raise TimeoutError(f"no stamp within {seconds} s")
            *lines, self._rest = (self._rest + os.read(self._fd, 65536)).split(b"\n")
            self._lines += [line.decode().split() for line in lines]
        *words, at = self._lines.pop(0)
        return words, int(at)

    def wait(self, *words: str, seconds: float = 30) -> int:
        """Return the time of the line that begins with ``words``; skip other lines."""
        while True:
            found, at = self.next(seconds)
            if found[: len(words)] == list(words):
                return at

    def close(self) -> None:
        """Close the fifo."""
        os.close(self._fd)
