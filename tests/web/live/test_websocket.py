"""Writing to a websocket whose client reads slowly or not at all."""

from __future__ import annotations

import gevent
import pytest
from gevent import socket

from app.web.live.websocket import BoundedSocket

MEBIBYTE = 1024 * 1024


@pytest.fixture
def pair() -> object:
    left, right = socket.socketpair()
    left.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with left, right:
        yield left, right


def test_a_frame_is_sent_whole(pair: tuple[socket.socket, socket.socket]) -> None:
    """A single send() on a non-blocking socket would have sent only a part."""
    left, right = pair
    writes = BoundedSocket(left)
    writer = gevent.spawn(writes.send, b"x" * MEBIBYTE)
    received = 0
    while received < MEBIBYTE:
        received += len(right.recv(65536))
    writer.join()
    assert received == MEBIBYTE


def test_frames_of_two_writers_do_not_mix(pair: tuple[socket.socket, socket.socket]) -> None:
    """A pong must not end up in the middle of a snapshot."""
    left, right = pair
    writes = BoundedSocket(left)
    writers = [gevent.spawn(writes.send, letter * 100_000) for letter in (b"a", b"b")]
    received = b""
    while len(received) < 200_000:
        received += right.recv(65536)
    gevent.joinall(writers)
    assert received == b"a" * 100_000 + b"b" * 100_000


def test_a_client_that_reads_nothing_is_disconnected(pair: tuple[socket.socket, socket.socket]) -> None:
    """After the stall time the connection is closed for the writer and the reader."""
    left, _right = pair
    writes = BoundedSocket(left, stall_s=0.05)
    reader = gevent.spawn(_closed, writes)
    with pytest.raises(BrokenPipeError, match="no progress for"):
        writes.send(b"x" * MEBIBYTE)
    assert reader.get(timeout=5)
    with pytest.raises(BrokenPipeError):
        writes.send(b"more")


def _closed(writes: BoundedSocket) -> bool:
    try:
        return writes.recv(1) == b""
    except OSError:
        return True
