"""How a message lies on the control socket, and how its address is said: shared by `control` and `client`.

A frame is ``!i`` (length) + payload, the framing of `multiprocessing.connection`, whose `Client` can talk to
us too.
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("!i")


class FrameError(ValueError):
    """The other side does not speak in frames, or in too large ones."""


def framed(payload: bytes) -> bytes:
    """``payload`` with its header."""
    return HEADER.pack(len(payload)) + payload


class Frames:
    """Cuts what was received into payloads; a length that is negative or over ``limit`` is a `FrameError`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._received = bytearray()

    def feed(self, chunk: bytes | memoryview) -> None:
        """Add what was received."""
        self._received += chunk

    def next(self) -> bytes | None:
        """The next payload; None until all of it is there."""
        if len(self._received) < HEADER.size:
            return None
        length: int = HEADER.unpack_from(self._received)[0]
        if not 0 <= length <= self._limit:
            raise FrameError(f"a frame of {length} bytes, at most {self._limit} allowed")
        end = HEADER.size + length
        if len(self._received) < end:
            return None
        payload = bytes(memoryview(self._received)[HEADER.size : end])
        del self._received[:end]
        return payload
