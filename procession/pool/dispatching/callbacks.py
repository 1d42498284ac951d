"""A thread for the callbacks of the user's: however long one takes, the pool goes on meanwhile.

They run one after the other, in the order in which their results came; the result of each is there when it has
returned.  The thread is started for the first callback, and ends with the pool.  `add` and `close` are called under
the lock of the dispatcher; callbacks run without it.
"""

from __future__ import annotations

import threading
from _queue import SimpleQueue
from collections.abc import Callable


class Callbacks:
    """Whoever waits for the pool's end waits for these, too (`join`)."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, call: Callable[[], object]) -> None:
        """Have it called soon; at once, and here, where the pool has ended."""
        if self._closed:
            call()
            return
        self._calls.put(call)
        if self._thread is None:
            thread = threading.Thread(target=self._run, daemon=True, name="procession-pool-callbacks")
            thread.start()
            self._thread = thread

    def is_current(self) -> bool:
        """Whether the calling thread is ours: it runs a callback."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """No more will come, but from callers that come too late."""
        self._closed = True
        self._calls.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all have returned; whether they have."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._thread = threading.current_thread()  # the first callback may ask before `add` has come so far
        while call := self._calls.get():
            call()
            del call  # or what it holds would live until the next one comes
