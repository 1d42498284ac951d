"""The connection to the supervisor: frames of ``!i`` + JSON on a Unix stream; and what wakes a polling thread.

`multiprocessing.connection.Connection` uses exactly this framing.  Forked children close their copies at once, so that
the supervisor sees the end of the stream when the host ends, whichever of its workers still live.
"""

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
    """A message to the supervisor is larger than `MAX_FRAME`."""


class Wire:
    """Our end; any thread may send, only one receives."""

    def __init__(self, fd: int) -> None:
        os.set_blocking(fd, True)
        self._connection: Connection[Any, Any] = Connection(descriptors.move_high(fd))
        self._sending = threading.Lock()
        os.register_at_fork(after_in_child=self._connection.close)

    def fileno(self) -> int:
        """Return the descriptor to poll before `receive`."""
        return self._connection.fileno()

    def receive(self) -> dict[str, Any]:
        """Return the next message, empty unless it is a JSON object; raises EOFError when the supervisor has gone."""
        try:
            message = json.loads(self._connection.recv_bytes(MAX_FRAME))
        except (ValueError, RecursionError):
            return {}
        except OSError:  # also for a frame that is too large: what follows cannot be decoded
            raise EOFError from None
        return message if isinstance(message, dict) else {}

    def send(self, kind: str, **fields: object) -> None:
        """Send a message, or discard it when the supervisor has gone.  Raises `TooLarge`, and ValueError for NaN."""
        payload = _encoder.encode({"kind": kind, **fields}).encode("utf-8", "replace")
        if len(payload) > MAX_FRAME:
            raise TooLarge(f"{len(payload):,} bytes; at most {MAX_FRAME:,} are allowed")
        with self._sending, contextlib.suppress(OSError):  # `receive` reports it
            self._connection.send_bytes(payload)


class Wake:
    """Ends a poll from another thread, or from a signal handler."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)

    def fileno(self) -> int:
        """Return the descriptor to poll."""
        return self._fd

    def set(self, *_: object) -> None:
        """Wake the polling thread; takes any arguments, so that it can be a callback."""
        os.eventfd_write(self._fd, 1)

    def clear(self) -> None:
        """Reset it before the next poll."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._fd)
