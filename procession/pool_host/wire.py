"""The way to the supervisor: frames of ``!i`` + JSON on a unix stream, and what wakes a thread that polls.

`multiprocessing.connection.Connection` speaks exactly this framing.  What we fork closes its copies at once, so that
the supervisor sees the end of the stream when the host ends, whoever of its workers still lives.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from multiprocessing.connection import Connection
from typing import Any

from procession import descriptors

MAX_FRAME = 1024 * 1024
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


class TooLarge(ValueError):
    """A word for the supervisor is over `MAX_FRAME`."""


class Wire:
    """Our end; any thread may send, one receives."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, True)
        self._connection: Connection[Any, Any] = Connection(descriptors.move_high(fd))
        self._sending = threading.Lock()
        os.register_at_fork(after_in_child=self._connection.close)

    def fileno(self) -> int:
        """What to poll for something to `receive`."""
        return self._connection.fileno()

    def receive(self) -> dict[str, Any]:
        """The next word, an empty one where it is no object of JSON; raises EOFError when the supervisor has gone."""
        try:
            word = json.loads(self._connection.recv_bytes(MAX_FRAME))
        except (ValueError, RecursionError):
            return {}
        except OSError:  # also where a frame is too large: nothing after it could be understood
            raise EOFError from None
        return word if isinstance(word, dict) else {}

    def send(self, kind: str, **fields: object) -> None:
        """Send one word; into the void where the supervisor has gone.  Raises `TooLarge`, ValueError for NaN."""
        payload = _encoder.encode({"kind": kind, **fields}).encode("utf-8", "replace")
        if len(payload) > MAX_FRAME:
            raise TooLarge(f"{len(payload)} bytes are too many, at most {MAX_FRAME} allowed")
        with self._sending, contextlib.suppress(OSError):  # `receive` will tell
            self._connection.send_bytes(payload)


class Wake:
    """Ends a poll of this process from another thread, or from a signal handler: it only writes."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        """What to poll."""
        return self._fd

    def set(self, *_: object) -> None:
        """Wake it; whatever a callback is given is passed over."""
        os.eventfd_write(self._fd, 1)

    def clear(self) -> None:
        """Wait anew from now on."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._fd)
