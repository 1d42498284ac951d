"""Reading logs: stretches of the file into which a child writes by itself.

The child appends; the supervisor frees old blocks at the head (a hole), so the first readable byte moves.
Text is decoded as UTF-8 with replacement, never cut inside a character.
"""

from __future__ import annotations

import os
from pathlib import Path

from app.web.present.processes import LogPart

UTF8_LONGEST = 4
UTF8_LEAD, UTF8_LAST_LEAD = 0xC0, 0xF4


def read(path: Path, offset: int, limit: int) -> LogPart:
    """At most ``limit`` bytes from ``offset`` on (negative: from the end); an absent file is an empty one."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return LogPart(offset=0, next=0, size=0, text="")
    try:
        return _read(fd, offset, limit)
    finally:
        os.close(fd)


def size(path: Path) -> int:
    """How long the file is; 0 where there is none."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _read(fd: int, offset: int, limit: int) -> LogPart:
    size = os.fstat(fd).st_size
    asked = offset if offset >= 0 else max(0, size + offset)
    start = _first_data(fd, min(asked, size), size)
    content = os.pread(fd, limit, start)
    if offset != start:
        skipped = _continuation_bytes(content)
        start, content = start + skipped, content[skipped:]
    content = content[: len(content) - _unfinished(content)] or content
    text = content.decode("utf-8", "replace")
    return LogPart(offset=start, next=start + len(content), size=size, text=text)


def _first_data(fd: int, start: int, size: int) -> int:
    try:
        return os.lseek(fd, start, os.SEEK_DATA)
    except OSError:  # ENXIO: there is no data after start
        return size


def _continuation_bytes(content: bytes) -> int:
    head = content[: UTF8_LONGEST - 1]
    return len(head) - len(head.lstrip(bytes(range(0x80, 0xC0))))


def _unfinished(content: bytes) -> int:
    """How many bytes at the end are the beginning of a character whose rest is not there."""
    for back in range(1, min(UTF8_LONGEST, len(content) + 1)):
        byte = content[-back]
        if byte >= UTF8_LEAD:
            if byte > UTF8_LAST_LEAD:
                return 0
            wanted = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < wanted else 0
        if byte < 0x80:
            return 0
    return 0
