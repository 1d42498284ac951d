"""The file that a child's faulthandler appends to: how a fresh dump is noticed, and growth is kept in bounds."""

from __future__ import annotations

import os
from pathlib import Path

_LIMIT_BYTES = 256 * 1024
#: A dump is over when the file has not grown for so long; faulthandler itself takes 1 ms.
_QUIET_S = 0.02
_MARK = b"(most recent call first)"


class StackFile:
    """Waits for what is appended after it was made; make it before the signal is sent.

    Raises OSError where there is no such file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        if os.stat(path).st_size > _LIMIT_BYTES:
            os.truncate(path, 0)  # the child's descriptor appends, so it goes on at the new end
        self._start = self._size = os.stat(path).st_size
        self._grew_at = 0.0

    def complete(self, now: float) -> str | None:
        """The dump, once it is whole."""
        size = os.stat(self._path).st_size
        if size != self._size:
            self._size, self._grew_at = size, now
        if size <= self._start or now - self._grew_at < _QUIET_S:
            return None
        dump = self._read()
        return dump.decode(errors="replace") if _MARK in dump and dump.endswith(b"\n") else None

    def _read(self) -> bytes:
        fd = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(fd, _LIMIT_BYTES, self._start)
        finally:
            os.close(fd)
