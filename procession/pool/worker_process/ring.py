"""The memory that a worker shares with its pool: a few words, a ring for results, and one for large arguments.

::

    words   worker writes: CURRENT HEAD READY WAITED WAITING TAKEN STARTED STACK
            pool writes: TAIL LIMIT SENT     both: ASLEEP
    ring    │ length, position, kind │ payload … │ length, position, kind │ payload … │ PAD … │

The writer of a ring publishes its head (HEAD, SENT) after the bytes; the reader publishes its tail (TAIL, TAKEN) after
reading them.  Results below HEAD survive the worker.  CURRENT is the position (a number that counts the tasks sent to
this worker) of the task that is being executed.  Two handshakes need a full fence between a write and a read, for
which taking a lock serves:

- results: the worker writes HEAD, then reads ASLEEP; the pool writes ASLEEP, then reads HEAD.
- stealing: the worker writes CURRENT, then reads LIMIT; the pool writes LIMIT, then reads CURRENT.  At least one sees
  the other's write: the worker does not execute tasks behind both, so another worker can get them.

Workers load it: it imports next to nothing.
"""

from __future__ import annotations

from _thread import allocate_lock
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from mmap import mmap

# Words of 8 bytes; those of each writer have a cache line of their own.
# WAITED is the time without a task before the present wait, in ns; WAITING is when that began, monotonic (0: none).
# STARTED is when the function of the task CURRENT was called, monotonic, in ns (NONE: not yet).
# STACK is the descriptor into which the worker writes its stack (0: none).
CURRENT, HEAD, READY, WAITED, WAITING, TAKEN, STARTED, STACK = 0, 1, 2, 3, 4, 5, 6, 7
TAIL, LIMIT, ASLEEP, SENT = 8, 9, 10, 11
#: CURRENT before the first task, and LIMIT without a limit.
NONE = 2**64 - 1

HEADER = Struct("<QQQ")
RING_BYTES = 4 * 1024 * 1024
_WORDS_BYTES = 128
#: A reader may unpack a header close to the end of a ring before it knows that there is one.
_ROOM = 64
#: Offset of a ring, and the words of its head and tail.
RESULTS = (_WORDS_BYTES, HEAD, TAIL)
ARGUMENTS = (_WORDS_BYTES + RING_BYTES + _ROOM, SENT, TAKEN)
SEGMENT_BYTES = _WORDS_BYTES + 2 * (RING_BYTES + _ROOM)
#: Larger frames go through the socket.
LARGEST = RING_BYTES // 2
_PAD = 2**64 - 1
#: An empty ring starts again at its beginning from here on: pages that were never touched take no memory.
_FAR = 64 * 1024
_TAIL_EVERY = 32

# Kinds of results; the first four answer a task.  Unpickling a SCALAR runs no code of the program.
SCALAR, NOTHING, VALUE, RAISED, SKIPPED, WOKEN, NOT_BOOTED = 0, 1, 2, 3, 4, 5, 6


def words_of(memory: mmap) -> memoryview:
    """Return the words as numbers that can be read and written."""
    return memoryview(memory)[:_WORDS_BYTES].cast("Q")


class _Ring:
    def __init__(self, memory: mmap, words: memoryview, ring: tuple[int, int, int]) -> None:
        self._memory = memory
        self._bytes = memoryview(memory)
        self._words = words
        self._start, self._head_at, self._tail_at = ring
        self._head = self._tail = 0

    def close(self) -> None:
        self._bytes.release()


class RingWriter(_Ring):
    """The writing end of a ring."""

    def write(self, position: int, kind: int, payload: bytes | memoryview) -> bool:
        """Write one frame; return False where it does not fit now."""
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
        """Whether a large frame might not fit."""
        return self._head - self._words[self._tail_at] > RING_BYTES // 2


class RingReader(_Ring):
    """The reading end of a ring.

    ``is_held``: payloads are still being used, so the writer must not overwrite them until `release`.
    """

    is_held = False

    def is_filled(self) -> bool:
        """Whether there are unread frames."""
        return self._words[self._head_at] != self._tail

    def owns(self, payload: object) -> bool:
        """Whether it is a view of this memory."""
        return type(payload) is memoryview and payload.obj is self._memory

    def next_kind(self) -> int:
        """Return the kind of the next frame, which must be there."""
        at = self._start + self._tail % RING_BYTES
        length, _, kind = HEADER.unpack_from(self._memory, at)
        if length == _PAD:
            _, _, kind = HEADER.unpack_from(self._memory, self._start)
        return int(kind)

    def frames(self, most: int = 2**64) -> Iterator[tuple[int, int, memoryview]]:
        """Yield (position, kind, payload) of up to ``most`` frames.

        A payload is valid until the next one is requested; with ``is_held`` set, until `release`.
        """
        words, memory, view, unpack = self._words, self._memory, self._bytes, HEADER.unpack_from
        start, head, count = self._start, words[self._head_at], 0
        while (tail := self._tail) < head and count < most:
            at = start + tail % RING_BYTES
            length, position, kind = unpack(memory, at)
            if length == _PAD:
                self._tail = tail + start + RING_BYTES - at
                continue
            self._tail = tail + ((24 + length + 7) & ~7)
            yield position, kind, view[at + 24 : at + 24 + length]
            count += 1
            if not count % _TAIL_EVERY and not self.is_held:
                words[self._tail_at] = self._tail
        if not self.is_held:
            words[self._tail_at] = self._tail

    def take(self) -> memoryview:
        """Return the payload of the next frame, which must be there; valid until `release`."""
        tail = self._tail
        at = self._start + tail % RING_BYTES
        length, _, _ = HEADER.unpack_from(self._memory, at)
        if length == _PAD:
            self._tail = tail + self._start + RING_BYTES - at
            return self.take()
        self._tail = tail + ((24 + length + 7) & ~7)
        return self._bytes[at + 24 : at + 24 + length]

    def release(self) -> None:
        """Let the writer overwrite what was taken."""
        self.is_held = False
        self._words[self._tail_at] = self._tail


class Fence:
    """A full memory fence: orders earlier writes before later reads, also across processes."""

    def __init__(self) -> None:
        self._lock = allocate_lock()
        self.acquire = self._lock.acquire
        self.release = self._lock.release

    def __call__(self) -> None:
        with self._lock:  # released also where a signal handler raises, unlike after two calls
            pass
