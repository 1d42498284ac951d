"""The memory that a worker shares with its pool: a few words, a ring for results, and one for large arguments.

::

    words   worker writes: CURRENT HEAD READY WAITED WAITING TAKEN     pool writes: TAIL LIMIT SENT     both: ASLEEP
    ring    │ length, position, kind │ payload … │ length, position, kind │ payload … │ PAD … │

Who writes publishes the ring's head (HEAD, SENT) after the bytes, who reads its tail (TAIL, TAKEN) after it has read
them; whatever HEAD covers survives the worker.  CURRENT is the position (a number that counts the tasks sent to this
worker) of the task that is being executed.  Two handshakes need a full fence between a write and a read, for which
taking a lock serves:

- results: the worker writes HEAD, then reads ASLEEP; the pool writes ASLEEP, then reads HEAD.
- stealing: the worker writes CURRENT, then reads LIMIT; the pool writes LIMIT, then reads CURRENT.  One of them sees
  the other: what lies behind both is executed by nobody and can be given to another worker.

Loaded by workers: imports next to nothing.
"""

from __future__ import annotations

from _thread import allocate_lock
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

# Words of 8 bytes.  Those of each writer have a cache line of their own.
# WAITED nanoseconds for tasks before the present wait, which began at WAITING of the monotonic clock (0: none).
CURRENT, HEAD, READY, WAITED, WAITING, TAKEN = 0, 1, 2, 3, 4, 5
TAIL, LIMIT, ASLEEP, SENT = 8, 9, 10, 11
#: CURRENT before the first task, LIMIT where there is none.
NONE = 2**64 - 1

HEADER = Struct("<QQQ")
RING_BYTES = 4 * 1024 * 1024
_WORDS_BYTES = 128
#: A header is read before it is known to be one: it may start close to the end of a ring.
_ROOM = 64
#: Where a ring is, and which words are its head and its tail.
RESULTS = (_WORDS_BYTES, HEAD, TAIL)
ARGUMENTS = (_WORDS_BYTES + RING_BYTES + _ROOM, SENT, TAKEN)
SEGMENT_BYTES = _WORDS_BYTES + 2 * (RING_BYTES + _ROOM)
#: Larger ones go through the socket.
LARGEST = RING_BYTES // 2
_PAD = 2**64 - 1
#: A ring that was read to its end starts again from here on: memory that is never touched costs nothing.
_FAR = 64 * 1024
_TAIL_EVERY = 32

# Kinds of results.  The first three are answers to a task.
VALUE, NOTHING, RAISED, SKIPPED, WOKEN, NOT_BOOTED = 0, 1, 2, 3, 4, 5


def words_of(memory: mmap) -> memoryview:
    """The words, to be read and written as numbers."""
    return memoryview(memory)[:_WORDS_BYTES].cast("Q")


class RingWriter:
    """The end of a ring into which is written."""

    def __init__(self, memory: mmap, words: memoryview, ring: tuple[int, int, int]) -> None:
        self._memory = memory
        self._bytes = memoryview(memory)
        self._words = words
        self._start, self._head_at, self._tail_at = ring
        self._head = 0

    def write(self, position: int, kind: int, payload: bytes | memoryview) -> bool:
        """Write one frame; False where it does not fit (now)."""
        words, head, length = self._words, self._head, len(payload)
        need = (24 + length + 7) & ~7
        offset = head % RING_BYTES
        used = head - words[self._tail_at]
        if offset + need > RING_BYTES or (offset > _FAR and not used):
            skipped = RING_BYTES - offset
            if used + skipped + need > RING_BYTES or need > LARGEST:
                return False
            HEADER.pack_into(self._memory, self._start + offset, _PAD, 0, 0)
            head += skipped
            offset = 0
        elif used + need > RING_BYTES or need > LARGEST:
            return False
        at = self._start + offset
        HEADER.pack_into(self._memory, at, length, position, kind)
        if length:
            self._bytes[at + 24 : at + 24 + length] = payload
        self._head = words[self._head_at] = head + need
        return True

    def is_half_full(self) -> bool:
        """Whether a large frame may find no place."""
        return self._head - self._words[self._tail_at] > RING_BYTES // 2

    def close(self) -> None:
        """Let go of the memory."""
        self._bytes.release()


class RingReader:
    """The end of a ring from which is read."""

    def __init__(self, memory: mmap, words: memoryview, ring: tuple[int, int, int]) -> None:
        self._memory = memory
        self._bytes = memoryview(memory)
        self._words = words
        self._start, self._head_at, self._tail_at = ring
        self._tail = 0

    def is_filled(self) -> bool:
        """Whether something was written that has not been read."""
        return self._words[self._head_at] != self._tail

    def frames(self) -> Iterator[tuple[int, int, memoryview]]:
        """(position, kind, payload) of each; a payload is valid until the next one is asked for."""
        words, memory, view, unpack = self._words, self._memory, self._bytes, HEADER.unpack_from
        start, head, count = self._start, words[self._head_at], 0
        # Unpickling runs code of the user's, which may come back here: what was handed out has been counted by then.
        while (tail := self._tail) < head:
            at = start + tail % RING_BYTES
            length, position, kind = unpack(memory, at)
            if length == _PAD:
                self._tail = tail + start + RING_BYTES - at
                continue
            self._tail = tail + ((24 + length + 7) & ~7)
            yield position, kind, view[at + 24 : at + 24 + length]
            count += 1
            if not count % _TAIL_EVERY:
                words[self._tail_at] = self._tail
        words[self._tail_at] = self._tail

    def take(self) -> memoryview:
        """The payload of the next frame, which is there; valid until `release`."""
        tail = self._tail
        at = self._start + tail % RING_BYTES
        length, _, _ = HEADER.unpack_from(self._memory, at)
        if length == _PAD:
            self._tail = tail + self._start + RING_BYTES - at
            return self.take()
        self._tail = tail + ((24 + length + 7) & ~7)
        return self._bytes[at + 24 : at + 24 + length]

    def release(self) -> None:
        """What was taken may be overwritten."""
        self._words[self._tail_at] = self._tail

    def close(self) -> None:
        """Let go of the memory."""
        self._bytes.release()


class Fence:
    """Orders what was written before it and what is read after it, also for other processes."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self.acquire = self._lock.acquire
        self.release = self._lock.release

    def __call__(self) -> None:
        with self._lock:  # unlike two calls never left locked by a signal handler that raises in between
            pass
