"""Read the page of an observed process: the memory file in which it counts.  Layout in `app.protocol.observer`.

Read by pread: if it were mapped and its process truncated it, we would be killed by SIGBUS.  It outlives its process,
so what a killed process counted, held and did can still be read.
"""

import os
import struct
from typing import NamedTuple

from app.linux.descriptors import is_memory
from app.protocol import observer as w

_HEADER = struct.Struct(w.PAGE_HEADER)
_COUNTER = struct.Struct(f"<{w.PAGE_COUNTER_WORDS}Q")
_SLOTS = (w.PAGE_BYTES - w.PAGE_COUNTERS_AT) // _COUNTER.size
_NS = 1e9
#: The largest whole number that JSON readers keep exact.
_MAX_COUNT = 2**53


class Counter(NamedTuple):
    """The counters of one resource.  Times are seconds of CLOCK_MONOTONIC, 0.0 for never, or not now."""

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
    """The beginning of a page.  ``task`` is None between two tasks."""

    not_sent: int
    tasks_done: int
    task: str | None
    task_since: float


def is_page(fd: int) -> bool:
    """Return whether an fd can be that of a page; a process may pass any fd."""
    return is_memory(fd) and os.fstat(fd).st_size == w.PAGE_BYTES


class Page:
    """The page of one process; owns the fd.

    Keeps what `look` read last, and whether that was new, also after the end of the process.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.inode = os.fstat(fd).st_ino
        self._used = 0
        self._raw = b""
        self.head: PageHead | None = None
        self.changed = True

    def need(self, slot: int) -> None:
        """Read up to this slot from now on."""
        if 0 <= slot < _SLOTS:
            self._used = max(self._used, slot + 1)

    def look(self) -> None:
        before = self._raw
        try:
            self._raw = os.pread(self._fd, w.PAGE_COUNTERS_AT + self._used * _COUNTER.size, 0)
        except OSError:
            self._raw = b""
        self.changed = self._raw != before
        if self.changed:
            self.head = _head(self._raw)

    def counter(self, slot: int) -> Counter | None:
        """Return a slot as last read; None if there is none."""
        at = w.PAGE_COUNTERS_AT + slot * _COUNTER.size
        if self.head is None or slot < 0 or len(self._raw) < at + _COUNTER.size:
            return None
        puts, gets, put_at, got_at, to_put, to_get, count, acquired = _COUNTER.unpack_from(self._raw, at)
        return Counter(puts, gets, put_at / _NS, got_at / _NS, to_put / _NS, to_get / _NS, count, acquired / _NS)

    def fileno(self) -> int:
        """Return the fd, which the page still owns."""
        return self._fd

    def close(self) -> None:
        os.close(self._fd)


def _head(raw: bytes) -> PageHead | None:
    if len(raw) < w.PAGE_COUNTERS_AT:
        return None
    magic, _, not_sent, done, since, length = _HEADER.unpack_from(raw)
    if magic != w.PAGE_MAGIC:
        return None
    text = raw[w.PAGE_TASK_NAME_AT : w.PAGE_TASK_NAME_AT + min(length, w.PAGE_TASK_NAME_BYTES)]
    return PageHead(not_sent, done, text.decode(errors="replace") if since else None, since / _NS)


def unsent(page: int) -> int:
    """Return how many messages the process could not send; 0 for an fd that is no page."""
    try:
        head = _head(os.pread(page, w.PAGE_COUNTERS_AT, 0)) if is_page(page) else None
    except OSError:
        head = None
    return min(head.not_sent, _MAX_COUNT) if head else 0
