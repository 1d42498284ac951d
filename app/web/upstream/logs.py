"""Read parts of the log file into which a child writes itself.

The child appends; the supervisor frees old blocks at the head (a hole), so the first readable byte moves.  Text is
decoded as UTF-8 with replacement, and never cut inside a character.
"""

import os
from pathlib import Path

from app.linux import own_files
from app.web.present.processes import LogPart

UTF8_LONGEST = 4
UTF8_LEAD, UTF8_LAST_LEAD = 0xC0, 0xF4


def read(path: Path, offset: int, limit: int) -> LogPart:
    """Return at most ``limit`` bytes from ``offset`` (negative: from the end); a missing file counts as empty.

    Raises OSError if something else is there, which a viewer must not read.
    """
    try:
        fd = own_files.opened(path)
    except FileNotFoundError:
        return LogPart(offset=0, next=0, size=0, text="")
    try:
        return _read(fd, offset, limit)
    finally:
        os.close(fd)


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
    """Return how many bytes at the end belong to an incomplete character."""
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
