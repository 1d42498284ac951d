"""The ring in shared memory: frames of any size are read as written, in order, and never overwritten."""

from collections import deque
from mmap import mmap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.pool.worker_process.ring import (
    ARGUMENTS,
    LARGEST,
    RESULTS,
    RING_BYTES,
    SEGMENT_BYTES,
    VALUE,
    RingReader,
    RingWriter,
    words_of,
)
from tests.examples import examples

Ring = tuple[RingWriter, RingReader]


def made(which: tuple[int, int, int] = RESULTS) -> Ring:
    memory = mmap(-1, SEGMENT_BYTES)
    words = words_of(memory)
    return RingWriter(memory, words, which), RingReader(memory, words, which)


@pytest.fixture(params=[RESULTS, ARGUMENTS], ids=["results", "arguments"])
def ring(request: pytest.FixtureRequest) -> Ring:
    return made(request.param)


def test_frames_are_read_as_they_were_written(ring: Ring) -> None:
    writer, reader = ring
    assert not reader.is_filled()
    for position in range(5):
        assert writer.write(position, VALUE, b"x" * position)
    assert reader.is_filled()
    assert [(position, kind, bytes(payload)) for position, kind, payload in reader.frames()] == [
        (position, VALUE, b"x" * position) for position in range(5)
    ]
    assert not reader.is_filled()


def test_too_large_frames_are_refused(ring: Ring) -> None:
    writer, reader = ring
    assert not writer.write(0, VALUE, bytes(LARGEST + 1))
    assert not reader.is_filled()


def test_a_full_ring_refuses_frames_until_it_is_read(ring: Ring) -> None:
    writer, reader = ring
    written = 0
    while writer.write(written, VALUE, bytes(100_000)):
        written += 1
    assert 0 < written <= RING_BYTES // 100_000
    assert writer.is_half_full()
    assert [position for position, _, _ in reader.frames()] == list(range(written))
    assert not writer.is_half_full()
    assert writer.write(written, VALUE, bytes(100_000))


def test_an_empty_ring_starts_again_at_its_beginning(ring: Ring) -> None:
    writer, reader = ring
    for position in range(100):
        assert writer.write(position, VALUE, bytes(100_000))
        [_] = reader.frames()
    untouched = bytes(reader._memory[reader._start + 400_000 : reader._start + RING_BYTES])
    assert not any(untouched), "10 MB went through 400 kB of memory"


def test_frames_can_be_taken_one_by_one(ring: Ring) -> None:
    writer, reader = ring
    for text in (b"one", b"two"):
        writer.write(0, VALUE, text)
    assert bytes(reader.take()) == b"one"
    reader.release()
    assert bytes(reader.take()) == b"two"
    reader.release()
    assert not reader.is_filled()


def test_a_reader_is_reentrant(ring: Ring) -> None:
    writer, reader = ring
    for position in range(4):
        writer.write(position, VALUE, b"")
    outer = reader.frames()
    assert next(outer)[0] == 0
    assert [position for position, _, _ in reader.frames()] == [1, 2, 3]
    assert list(outer) == [], "what was read within is not read again"
    writer.write(4, VALUE, b"")
    assert [position for position, _, _ in reader.frames()] == [4]


@examples(60)
@given(st.lists(st.tuples(st.integers(0, LARGEST + 100), st.booleans()), max_size=60))
def test_any_sequence_of_writes_and_reads(steps: list[tuple[int, bool]]) -> None:
    writer, reader = made()
    expected: deque[tuple[int, int]] = deque()
    for position, (size, reads) in enumerate(steps):
        if writer.write(position, VALUE, position.to_bytes(8, "little") + bytes(size)):
            expected.append((position, size + 8))
        if reads:
            got = [(at, len(payload), int.from_bytes(payload[:8], "little")) for at, _, payload in reader.frames()]
            assert got == [(at, length, at) for at, length in expected]
            expected.clear()
    assert [at for at, _, _ in reader.frames()] == [at for at, _ in expected]
