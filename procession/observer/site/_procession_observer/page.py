"""The page: memory that this process writes and the supervisor reads.  Layout: see `observer_words`."""

import os
from mmap import mmap

from .descriptors import Kept, identity, move_high

BYTES = 64 * 1024
MAGIC, VERSION = 0x3130306E6F697370, 1
# Words of 8 bytes.
DROPPED, DONE, SINCE, NAME_LENGTH = 2, 3, 4, 5
NAME_AT, NAME_BYTES = 48, 200
COUNTERS_AT, COUNTER_WORDS = 256 // 8, 8
SLOTS = (BYTES // 8 - COUNTERS_AT) // COUNTER_WORDS
NOWHERE = COUNTERS_AT + (SLOTS - 1) * COUNTER_WORDS  # where things count that came too late for a slot of their own


# Each of these would close a number that is not its own any more when it dies, so they stay until the interpreter
# itself is gone; so long are functions kept that are called around forks.
_STAY = []  # type: ignore[var-annotated]
os.register_at_fork(after_in_parent=_STAY.__len__)


class Page:
    """``words`` is the whole page as unsigned integers of 8 bytes; of a new process it is a new one."""

    def __init__(self):
        self._free = []
        self._next = 0
        self._map()

    def renew(self):
        """In a fork child: what the parent's counters are is not ours to count on; numbers of slots stay."""
        self._kept.close()
        self._map()

    def fd(self):
        """The descriptor of the page, None where the program closed it."""
        return self._kept.fd if self._kept.is_ours() else None

    def slot(self):
        """Where the counters of something new begin, as the index of a word."""
        if self._free:
            at = self._free.pop()
            for index in range(at, at + COUNTER_WORDS):
                self.words[index] = 0
            return at
        if self._next >= SLOTS - 1:
            return NOWHERE
        self._next += 1
        return COUNTERS_AT + (self._next - 1) * COUNTER_WORDS

    def free(self, at):
        if at != NOWHERE:
            self._free.append(at)

    def number(self, at):
        """What the supervisor knows the slot by, None for one that tells nothing."""
        return None if at == NOWHERE else (at - COUNTERS_AT) // COUNTER_WORDS

    def _map(self):
        self._kept = Kept()
        try:
            self._memory = self._mapped()
        except (AttributeError, OSError, ValueError):
            self._memory = bytearray(BYTES)  # seen by nobody
        view = memoryview(self._memory)
        self.bytes, self.words = view, view.cast("Q")
        self.words[0], self.words[1] = MAGIC, VERSION

    def _mapped(self):
        fd = move_high(os.memfd_create("procession-page", os.MFD_CLOEXEC))
        self._kept = Kept(fd)
        os.ftruncate(fd, BYTES)
        return _map_without_descriptor(fd)


def _map_without_descriptor(fd):
    """An mmap that holds no descriptor: before 3.13 it keeps a duplicate, at the lowest number that is free."""
    try:
        return mmap(fd, BYTES, trackfd=False)
    except TypeError:
        lowest = os.dup(fd)
        os.close(lowest)
        memory = mmap(fd, BYTES)
        if identity(lowest) == identity(fd):
            os.close(lowest)
        _STAY.append(memory)
        return memory


PAGE = Page()
