"""Reading parts of a log: offsets, holes, and characters cut at a boundary."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.linux import own_files
from app.linux.own_files import NotOurs
from app.web.upstream import logs

PUNCH_HOLE, KEEP_SIZE = 2, 1
BLOCK = 65536


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "p1.log"


@pytest.mark.parametrize("put_there", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/etc/passwd")])
def test_what_is_no_log_is_not_read(log: Path, put_there: Callable[[Path], None]) -> None:
    """A viewer must not see what a link leads to, and a FIFO must not stop the web process."""
    put_there(log)
    with pytest.raises(NotOurs):
        logs.read(log, 0, 100)
    assert own_files.size(log) == 0


def test_a_missing_log_is_empty(log: Path) -> None:
    """A process that was never started has written nothing."""
    part = logs.read(log, -100, 100)
    assert (part.offset, part.next, part.size, part.text) == (0, 0, 0, "")


@pytest.mark.parametrize(
    ("offset", "limit", "text", "start"),
    [
        (0, 100, "abcdef", 0),
        (2, 3, "cde", 2),
        (-2, 100, "ef", 4),
        (-100, 2, "ab", 0),
        (6, 9, "", 6),
        (99, 9, "", 6),
    ],
)
def test_a_part_has_the_requested_offset_and_length(log: Path, offset: int, limit: int, text: str, start: int) -> None:
    """Offsets count from the start or the end, and may lie outside the log."""
    log.write_bytes(b"abcdef")
    part = logs.read(log, offset, limit)
    assert (part.text, part.offset, part.next, part.size) == (text, start, start + len(text), 6)


def test_a_hole_at_the_beginning_is_skipped(log: Path) -> None:
    """The supervisor frees old blocks; reading starts at the first byte that is left."""
    log.write_bytes(b"x" * BLOCK + b"new")
    _punch(log, BLOCK)
    part = logs.read(log, 0, 100)
    assert (part.offset, part.text, part.size) == (BLOCK, "new", BLOCK + 3)


def test_a_log_that_is_one_hole_is_empty(log: Path) -> None:
    """The next offset is its end."""
    log.write_bytes(b"x" * BLOCK)
    _punch(log, BLOCK)
    part = logs.read(log, 0, 100)
    assert (part.next, part.text) == (BLOCK, "")


def test_a_negative_offset_never_starts_inside_a_character(log: Path) -> None:
    """The rest of a cut character is skipped, and the offset shows that."""
    log.write_bytes("a😀b".encode())
    part = logs.read(log, -3, 100)
    assert (part.text, part.offset) == ("b", 5)


def test_an_incomplete_character_is_left_for_the_next_read(log: Path) -> None:
    log.write_bytes("aé".encode()[:2])
    part = logs.read(log, 0, 100)
    assert (part.text, part.next) == ("a", 1)


def test_invalid_utf8_is_replaced(log: Path) -> None:
    """Every byte is consumed, so an incomplete character at the end does not block the reader."""
    log.write_bytes(b"\xff\xfe")
    assert logs.read(log, 0, 100).text == "\ufffd\ufffd"
    assert logs.read(log, 1, 100).next == 2


@given(text=st.text(max_size=60), limit=st.integers(4, 20))
def test_consecutive_parts_give_the_whole_text(tmp_path_factory: pytest.TempPathFactory, text: str, limit: int) -> None:
    log = tmp_path_factory.mktemp("log") / "log"
    log.write_bytes(text.encode())
    parts, at = [], 0
    while (part := logs.read(log, at, limit)).text:
        assert part.offset == at
        parts.append(part.text)
        at = part.next
    assert "".join(parts) == text


@given(content=st.binary(max_size=60), limit=st.integers(1, 20))
def test_reading_part_by_part_always_reaches_the_end(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, limit: int
) -> None:
    log = tmp_path_factory.mktemp("log") / "log"
    log.write_bytes(content)
    at = 0
    while at < len(content):
        part = logs.read(log, at, limit)
        assert part.next > at
        at = part.next


def _punch(path: Path, length: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with path.open("r+b") as file:
        done = libc.fallocate(file.fileno(), PUNCH_HOLE | KEEP_SIZE, ctypes.c_long(0), ctypes.c_long(length))
        if done:
            pytest.skip(f"no holes on this file system: {os.strerror(ctypes.get_errno())}")
