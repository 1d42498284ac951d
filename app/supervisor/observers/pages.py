"""The page of an observed process: what it counts.  Layout in `observer_words`.

Read by pread: a memfd that its process truncates would kill us with a SIGBUS if it were mapped.  It outlives its
process, so that what a killed one counted, held and did can still be told.
"""

from __future__ import annotations

import fcntl
import os
import struct
from typing import NamedTuple

from app.protocol import observer as w
from app.protocol.observer import PAGE_BYTES, PAGE_MAGIC

_HEADER = struct.Struct(w.PAGE_HEADER)
_COUNTER = struct.Struct(f"<{w.PAGE_COUNTER_WORDS}Q")
_SLOTS = (w.PAGE_BYTES - w.PAGE_COUNTERS_AT) // _COUNTER.size
_NS = 1e9


class Counter(NamedTuple):
    """One slot.  Moments are seconds of CLOCK_MONOTONIC, 0.0 for never, or not now."""

    puts: int
    gets: int
    put_at: float
    got_at: float
    waits_to_put: float
    waits_to_get: float
    acquisitions: int
    acquired_at: float


NOTHING = Counter(0, 0, 0.0, 0.0, 0.0, 0.0, 0, 0.0)


class PageHead(NamedTuple):
    """The beginning.  ``task`` is None between two tasks."""

    not_sent: int
    tasks_done: int
    task: str | None
    task_since: float


def is_page(fd: int) -> bool:
    """Whether it can be a page: it may be anything that somebody passed."""
    try:
        # Only files in memory have seals: reading anything else might wait for a disk, or for ever.
        fcntl.fcntl(fd, fcntl.F_GET_SEALS)
        return os.fstat(fd).st_size == w.PAGE_BYTES
    except OSError:
        return False


class Page:
    """The page of one process; owns the fd.

    Holds what `look` found last, and whether that was anything new, also after the end of the process.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.inode = os.fstat(fd).st_ino
        self._used = 0
        self._raw = b""
        self.head: PageHead | None = None
        self.changed = True

    def need(self, slot: int) -> None:
        """Read as far as this slot from now on."""
        if 0 <= slot < _SLOTS:
            self._used = max(self._used, slot + 1)

    def look(self) -> None:
        """Read it; what cannot be a page is none."""
        before = self._raw
        try:
            self._raw = os.pread(self._fd, w.PAGE_COUNTERS_AT + self._used * _COUNTER.size, 0)
        except OSError:
            self._raw = b""
        self.changed = self._raw != before
        if self.changed:
            self.head = _head(self._raw)

    def counter(self, slot: int) -> Counter | None:
        """One slot, as it was at the last look."""
        at = w.PAGE_COUNTERS_AT + slot * _COUNTER.size
        if self.head is None or slot < 0 or len(self._raw) < at + _COUNTER.size:
            return None
        puts, gets, put_at, got_at, to_put, to_get, count, acquired = _COUNTER.unpack_from(self._raw, at)
        return Counter(puts, gets, put_at / _NS, got_at / _NS, to_put / _NS, to_get / _NS, count, acquired / _NS)

    def fileno(self) -> int:
        """The fd, which stays ours."""
        return self._fd

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)


def _head(raw: bytes) -> PageHead | None:
    if len(raw) < w.PAGE_COUNTERS_AT:
        return None
    magic, _, not_sent, done, since, length = _HEADER.unpack_from(raw)
    if magic != w.PAGE_MAGIC:
        return None
    text = raw[w.PAGE_TASK_NAME_AT : w.PAGE_TASK_NAME_AT + min(length, w.PAGE_TASK_NAME_BYTES)]
    return PageHead(not_sent, done, text.decode(errors="replace") if since else None, since / _NS)


_HEAD = struct.Struct("<QQQ")


def unsent(page: int) -> int:
    """How many words its process could not send; 0 for what is no page: it may be any fd that somebody passed."""
    try:
        # Only files in memory have seals: reading anything else might wait for a disk, or for ever.
        fcntl.fcntl(page, fcntl.F_GET_SEALS)
        if os.fstat(page).st_size != PAGE_BYTES:
            return 0
        head = os.pread(page, _HEAD.size, 0)
    except OSError:
        return 0
    if len(head) < _HEAD.size:
        return 0
    magic, _version, count = _HEAD.unpack(head)
    return min(count, 2**53) if magic == PAGE_MAGIC else 0
