"""The page: memory that this process writes and the supervisor reads.  Layout: see `observer_words`."""

import os

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


class _Unmapped:
    """In the place of the words of a page that nobody needed yet: to touch one maps the page."""

    def __getitem__(self, at):
        return PAGE.needed()[at]

    def __setitem__(self, at, value):
        PAGE.needed()[at] = value


UNMAPPED = _Unmapped()
# The page of this process as unsigned integers of 8 bytes: a list of one, which costs a fork child less than an
# attribute.  There it is UNMAPPED again: the parent's counters are not its to count on; numbers of slots stay, and so
# does what is open on the parent's page until there is another one, for to let go of it costs.
WORDS = [UNMAPPED]


class Page:
    """Makes the page when it is needed: most processes count nothing, and a new file in memory costs 0.1 ms.

    ``on_map`` is called when the need of a counter made it.
    """

    def __init__(self):
        self._free = []
        self._next = 0
        self._missed = 0
        self._of = os.getpid()
        self._kept = Kept()
        self.on_map = None

    def fd(self):
        """The descriptor of the page, None where there is none yet, or where the program closed it."""
        return self._kept.fd if WORDS[0] is not UNMAPPED and self._kept.is_ours() else None

    def map(self):
        """Be there from now on."""
        if WORDS[0] is UNMAPPED:
            self._kept.close()
            self._map()

    def needed(self):
        """Its words, for a caller who got hold of them when there were none yet."""
        if WORDS[0] is UNMAPPED:
            self.map()
            self.on_map()
        return WORDS[0]

    def write(self, at, text):
        """Put ``text`` where the byte ``at`` is."""
        self.needed()
        self._bytes[at : at + len(text)] = text

    def miss(self, count):
        """So many words could not be said; where there is no page yet they are counted here."""
        if WORDS[0] is not UNMAPPED:
            WORDS[0][DROPPED] += count
            return
        if self._of != os.getpid():  # what the parent missed is the parent's
            self._of, self._missed = os.getpid(), 0
        self._missed += count

    def slot(self):
        """Where the counters of something new begin, as the index of a word."""
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
        """What the supervisor knows the slot by, None for one that tells nothing."""
        return None if at == NOWHERE else (at - COUNTERS_AT) // COUNTER_WORDS

    def _map(self):
        self._kept = Kept()
        try:
            self._memory = self._mapped()
        except (AttributeError, ImportError, OSError, ValueError):
            self._memory = bytearray(BYTES)  # seen by nobody
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
    """An mmap that holds no descriptor: before 3.13 it keeps a duplicate, at the lowest number that is free."""
    from mmap import mmap  # a library of its own, which who has no page need not load

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
