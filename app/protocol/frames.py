"""The framing of the control socket and of the channels to pool hosts.  Pure.

A frame is ``!i`` (length) + payload, the framing of `multiprocessing.connection`, whose `Client` can talk to the
supervisor too.
"""

import struct

HEADER = struct.Struct("!i")


class FrameError(ValueError):
    """The other side sent something that is not a frame, or too large a frame."""


def framed(payload: bytes) -> bytes:
    return HEADER.pack(len(payload)) + payload


class Frames:
    """Splits received bytes into payloads; a length that is negative or over ``limit`` raises `FrameError`."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._received = bytearray()

    def feed(self, chunk: bytes | memoryview) -> None:
        self._received += chunk

    def next(self) -> bytes | None:
        """Return the next payload; None until all of it was received."""
        if len(self._received) < HEADER.size:
            return None
        length: int = HEADER.unpack_from(self._received)[0]
        if not 0 <= length <= self._limit:
            raise FrameError(f"frame of {length:,} bytes; at most {self._limit:,} are allowed")
        end = HEADER.size + length
        if len(self._received) < end:
            return None
        payload = bytes(memoryview(self._received)[HEADER.size : end])
        del self._received[:end]
        return payload
