"""A thread for the user's callbacks, so that a slow one does not hold up the pool.

Callbacks run one after the other, in the order of their results; a result is ready when its callback has returned.  The
thread starts with the first callback and ends with the pool.  `add` and `close` are called under the dispatcher's lock;
callbacks run without it.
"""

import threading
from _queue import SimpleQueue
from collections.abc import Callable


class Callbacks:
    """Runs callbacks; `join` waits for them, too, at the end of the pool."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closed = False

    def add(self, call: Callable[[], object]) -> None:
        """Have it called in the thread; where none can be started, and after the end of the pool, call it here."""
        if self._closed or not self._starts():
            call()
        else:
            self._calls.put(call)

    def _starts(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._run, daemon=True, name="procession-pool-callbacks")
            try:
                thread.start()
            except RuntimeError:  # at the limit of processes, or while the interpreter shuts down
                return False
            self._thread = thread
        return True

    def is_current(self) -> bool:
        """Return whether the calling thread is this one: a callback."""
        return threading.current_thread() is self._thread

    def close(self) -> None:
        """End the thread after the callbacks added so far."""
        self._closed = True
        self._calls.put(None)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until all callbacks have returned; return whether they have."""
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._thread = threading.current_thread()  # the first callback may call `is_current` before `add` has set it
        while call := self._calls.get():
            call()
            del call  # or its result would live until the next callback
