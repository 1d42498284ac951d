"""The memory that a worker shares with its pool: a few words, and a ring for results.

::

    words   worker writes: CURRENT HEAD READY WAITED WAITING     pool writes: TAIL LIMIT     both: ASLEEP
    ring    │ length, position, kind │ payload … │ length, position, kind │ payload … │ PAD … │

The worker publishes HEAD after the bytes, the pool TAIL after it has read them; whatever HEAD covers survives the
worker.  CURRENT is the position (a number that counts the tasks sent to this worker) of the task that is being
executed.  Two handshakes need a full fence between a write and a read, for which taking a lock serves:

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
    from collections.abc import Callable, Iterator
    from mmap import mmap

# Words of 8 bytes.  Those of each writer have a cache line of their own.
# WAITED nanoseconds for tasks before the present wait, which began at WAITING of the monotonic clock (0: none).
CURRENT, HEAD, READY, WAITED, WAITING = 0, 1, 2, 3, 4
TAIL, LIMIT, ASLEEP = 8, 9, 10
DATA_AT = 128
#: CURRENT before the first task, LIMIT where there is none.
NONE = 2**64 - 1

RING_BYTES = 4 * 1024 * 1024
#: A header is read before it is known to be one: it may start this close to the end.
HEADER = Struct("<QQQ")
SEGMENT_BYTES = DATA_AT + RING_BYTES + HEADER.size
#: Larger results go through the socket.
LARGEST = RING_BYTES // 2
_PAD = 2**64 - 1
#: A ring that was read to its end starts again from here on: memory that is never touched costs nothing.
_FAR = 256 * 1024
_TAIL_EVERY = 32

# Kinds of results.
VALUE, NOTHING, RAISED, SKIPPED, WOKEN, NOT_BOOTED = 0, 1, 2, 3, 4, 5


class RingWriter:
    """The worker's side.  ``wake`` is called when a result was written while the pool sleeps."""

    def __init__(self, memory: mmap, wake: Callable[[], None]) -> None:
        self._memory = memory
        self._bytes = memoryview(memory)
        self.words = self._bytes[:DATA_AT].cast("Q")
        self._head = 0
        self._wake = wake
        self._fence = allocate_lock()

    def write(self, position: int, kind: int, payload: bytes | memoryview) -> bool:
        """Write one result; False where it does not fit (now)."""
        words, head, length = self.words, self._head, len(payload)
        need = (24 + length + 7) & ~7
        offset = head % RING_BYTES
        tail = words[8]
        if offset + need > RING_BYTES or (offset > _FAR and head == tail):
            skipped = RING_BYTES - offset
            if head + skipped + need - tail > RING_BYTES or need > LARGEST:
                return False
            HEADER.pack_into(self._memory, DATA_AT + offset, _PAD, 0, 0)
            head += skipped
            offset = 0
        elif head + need - tail > RING_BYTES or need > LARGEST:
            return False
        at = DATA_AT + offset
        HEADER.pack_into(self._memory, at, length, position, kind)
        if length:
            self._bytes[at + 24 : at + 24 + length] = payload
        self._head = words[1] = head + need
        self._fence.acquire()
        self._fence.release()
        if words[10]:
            words[10] = 0
            self._wake()
        return True


class RingReader:
    """The pool's side."""

    def __init__(self, memory: mmap) -> None:
        self._memory = memory
        self._bytes = memoryview(memory)
        self.words = self._bytes[:DATA_AT].cast("Q")
        self.words[CURRENT] = self.words[LIMIT] = NONE
        self._tail = 0

    def has_results(self) -> bool:
        """Whether something was written that has not been read."""
        return self.words[HEAD] != self._tail

    def results(self) -> Iterator[tuple[int, int, memoryview]]:
        """(position, kind, payload) of each; a payload is valid until the next one is asked for."""
        words, memory, view, unpack = self.words, self._memory, self._bytes, HEADER.unpack_from
        head, tail, count = words[1], self._tail, 0
        while tail < head:
            at = DATA_AT + tail % RING_BYTES
            length, position, kind = unpack(memory, at)
            if length == _PAD:
                tail += DATA_AT + RING_BYTES - at
                continue
            # Counted before it is handed out: a callback of the user's may come back here.
            tail += (24 + length + 7) & ~7
            self._tail = tail
            yield position, kind, view[at + 24 : at + 24 + length]
            count += 1
            if not count % _TAIL_EVERY:
                words[8] = tail
        self._tail = words[8] = tail

    def close(self) -> None:
        """Give the memory back."""
        self.words.release()
        self._bytes.release()
        self._memory.close()
