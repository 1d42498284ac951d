"""The page: memory that this process writes and the supervisor reads.  Layout: `app/protocol/observer.py`."""

import os

from .descriptors import Kept, identity, move_high

BYTES = 64 * 1024
MAGIC, VERSION = 0x3130306E6F697370, 1
# Words of 8 bytes.
DROPPED, DONE, SINCE, NAME_LENGTH = 2, 3, 4, 5
NAME_AT, NAME_BYTES = 48, 200
COUNTERS_AT, COUNTER_WORDS = 256 // 8, 8
SLOTS = (BYTES // 8 - COUNTERS_AT) // COUNTER_WORDS
NOWHERE = COUNTERS_AT + (SLOTS - 1) * COUNTER_WORDS  # shared by all resources that got no slot of their own


# Dying, these would close a descriptor that may be the program's by then, so they live as long as the interpreter,
# which keeps functions that are registered for forks.
_STAY = []  # type: ignore[var-annotated]
os.register_at_fork(after_in_parent=_STAY.__len__)


class _Unmapped:
    """Takes the place of a page's words until it is needed: the first access maps the page."""

    def __getitem__(self, at):
        return PAGE.needed()[at]

    def __setitem__(self, at, value):
        PAGE.needed()[at] = value


UNMAPPED = _Unmapped()
# The page of this process as unsigned integers of 8 bytes, in a list of one, which costs a fork child less than an
# attribute.  A fork child starts with UNMAPPED: it must not count on its parent's counters.  It keeps the slot numbers,
# and the parent's page until it has its own, because letting go of it takes time.
WORDS = [UNMAPPED]


class Page:
    """Makes the page when it is needed: most processes count nothing, and a new memory file costs 0.1 ms.

    Calls ``on_map`` when a counter made it necessary.
    """

    def __init__(self):
        self._free = []
        self._next = 0
        self._missed = 0
        self._of = os.getpid()
        self._kept = Kept()
        self.on_map = None

    def fd(self):
        """Return the page's descriptor; None where there is no page yet, or the program closed it."""
        return self._kept.fd if WORDS[0] is not UNMAPPED and self._kept.is_ours() else None

    def map(self):
        """Map the page, unless it is mapped."""
        if WORDS[0] is UNMAPPED:
            self._kept.close()
            self._map()

    def needed(self):
        """Return the words, for a caller that got them before the page was mapped."""
        if WORDS[0] is UNMAPPED:
            self.map()
            self.on_map()
        return WORDS[0]

    def write(self, at, text):
        self.needed()
        self._bytes[at : at + len(text)] = text

    def miss(self, count):
        """Count messages that were not sent, here as long as there is no page."""
        if WORDS[0] is not UNMAPPED:
            WORDS[0][DROPPED] += count
            return
        if self._of != os.getpid():  # the parent counts what it missed
            self._of, self._missed = os.getpid(), 0
        self._missed += count

    def slot(self):
        """Return the index of the first word of new counters."""
        if self._free:
            at = self._free.pop()
            for index in range(at, at + COUNTER_WORDS):
                WORDS[0][index] = 0
            return at
        if self._next >= SLOTS - 1:
            return NOWHERE
        self._next += 1
        return COUNTERS_AT + (self._next - 1) * COUNTER_WORDS

    def free(self, at):
        if at != NOWHERE:
            self._free.append(at)

    def number(self, at):
        """Return the number by which the supervisor knows a slot; None for NOWHERE."""
        return None if at == NOWHERE else (at - COUNTERS_AT) // COUNTER_WORDS

    def _map(self):
        self._kept = Kept()
        try:
            self._memory = self._mapped()
        except (AttributeError, ImportError, OSError, ValueError):
            self._memory = bytearray(BYTES)  # that nobody reads
        self._bytes = memoryview(self._memory)
        self._words = words = self._bytes.cast("Q")
        words[0], words[1], words[DROPPED] = MAGIC, VERSION, self._missed if self._of == os.getpid() else 0
        WORDS[0] = words

    def _mapped(self):
        fd = move_high(os.memfd_create("procession-page", os.MFD_CLOEXEC))
        self._kept = Kept(fd)
        os.ftruncate(fd, BYTES)
        return _map_without_descriptor(fd)


def _map_without_descriptor(fd):
    """Return an mmap that holds no descriptor: before 3.13 it keeps a duplicate, at the lowest free number."""
    from mmap import mmap  # a shared library, not loaded by processes without a page

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
