"""Descriptors that are kept free for what must work when none is left: to signal and to find processes."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

#: A kill has a pidfd and some files of /proc open at the same time.
SIZE = 8


class FdReserve:
    """Holds descriptors of nothing; `lent` frees them for the time of its body."""

    def __init__(self, size: int = SIZE) -> None:
        self._size = size
        self._held: list[int] = []
        self._take()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Free the descriptors for the body."""
        self.close()
        try:
            yield
        finally:
            self._take()

    def close(self) -> None:
        """Free them for good."""
        while self._held:
            os.close(self._held.pop())

    def _take(self) -> None:
        # With none left, as many as there are: the next call tries again.
        with contextlib.suppress(OSError):
            while len(self._held) < self._size:
                self._held.append(os.open("/dev/null", os.O_PATH | os.O_CLOEXEC))
