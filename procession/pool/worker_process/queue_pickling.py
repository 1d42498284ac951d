"""Pickle as the queues of a pool do that a subclass has made in `Pool._setup_queues`, as joblib does.

Nothing goes through these queues: what they would write into their pipes is caught.
"""

from __future__ import annotations

from _thread import allocate_lock

from .pickling import dumps as standard_dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Dumps = Callable[[object], bytes | memoryview]


class _Caught:
    """Takes the place of a queue's connection for writing."""

    written = b""

    def send_bytes(self, data: bytes | memoryview) -> None:
        self.written = bytes(data)


def dumps_of(queue: Any, put: Callable[[object], object]) -> Dumps:
    """Return a function that pickles as ``put`` does, which puts something into ``queue``."""
    caught = queue._writer = _Caught()
    put(None)
    if not caught.written:  # it has the connection itself, which pickles as everywhere
        return standard_dumps
    lock = allocate_lock()

    def dumps(value: object) -> bytes:
        with lock:
            put(value)
            written, caught.written = caught.written, b""
        return written

    return dumps
