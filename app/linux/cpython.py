"""Where things stand in the objects of CPython 3.8 to 3.14, and whether what was read can be such an object.  Pure.

The same since 3.8, on 64 bits, little-endian; a free-threaded build has 32 bytes before the first field in place of 16.
No version is asked for: an object counts only where its type has the right name, and its fields fit together.  So a
layout that is none of these reads as unknown, and never as a wrong figure::

    object   refcount, type ▸ type   refcount, type, size, name ▸ "deque"
    SemLock  handle, last_tid, count (int), maxvalue (int), kind (int), name
    deque    length, leftblock, rightblock, leftindex, rightindex, state, maxlen
    dict     used, …
"""

from __future__ import annotations

import struct
from typing import NamedTuple

#: Bytes before the first field of an object: ordinary builds, free-threaded builds.
HEADS = (16, 32)
#: Read at once: the longer head and the longest of the objects.
OBJECT_BYTES = 32 + 56
NAME_BYTES = 64

#: Subclasses have the same beginning and a name of their own: the observer's semaphores, the cache of a pool.
SEMLOCKS = frozenset({"_multiprocessing.SemLock", "SemLock"})
DEQUES = frozenset({"collections.deque"})
DICTS = frozenset({"dict", "_PoolCache"})

_SEMLOCK = struct.Struct("<QQiii")
_DEQUE = struct.Struct("<qQQqqQq")
_LENGTH = struct.Struct("<q")
_POINTER = struct.Struct("<Q")
_BLOCK = 64  # items in one block of a deque
_MOST = 1 << 40
_RECURSIVE, _PLAIN = 0, 1


class SemLock(NamedTuple):
    """The C object behind a lock or semaphore: ``taken`` is how often this process has it, less what it gave back."""

    handle: int
    last_tid: int
    taken: int
    maxvalue: int


def pointer(raw: bytes, at: int = 0) -> int | None:
    """The address that stands there; None where it is none."""
    if len(raw) < at + _POINTER.size:
        return None
    address: int = _POINTER.unpack_from(raw, at)[0]
    return address if 4096 <= address < 1 << 57 else None


def type_of(raw: bytes, head: int) -> int | None:
    """The address of an object's type: the last field of its head."""
    return pointer(raw, head - 8)


def name_field(head: int) -> int:
    """Where in a type the address of its name stands: after a head and a size."""
    return head + 8


def name(raw: bytes) -> str:
    """A name as C keeps it."""
    return raw.split(b"\0", 1)[0].decode("ascii", errors="replace")


def semlock(raw: bytes, head: int) -> SemLock | None:
    """A semaphore object, as far as it can be one."""
    if len(raw) < head + _SEMLOCK.size:
        return None
    handle, last_tid, count, maxvalue, kind = _SEMLOCK.unpack_from(raw, head)
    if kind not in (_RECURSIVE, _PLAIN) or maxvalue < 1 or pointer(raw, head) is None or handle % 8:
        return None
    return SemLock(handle, last_tid, count, maxvalue)


def deque_length(raw: bytes, head: int) -> int | None:
    """How many items a deque has; None for what is none, and for one that was being changed."""
    if len(raw) < head + _DEQUE.size:
        return None
    length, left, right, first, last, _, maxlen = _DEQUE.unpack_from(raw, head)
    if not (0 <= length < _MOST and 0 <= first < _BLOCK and -1 <= last < _BLOCK and maxlen >= -1):
        return None
    if not (left and right) or (length + first - 1 - last) % _BLOCK:
        return None
    return int(length)


def dict_length(raw: bytes, head: int) -> int | None:
    """How many keys a dict has."""
    if len(raw) < head + _LENGTH.size:
        return None
    length = _LENGTH.unpack_from(raw, head)[0]
    return length if 0 <= length < _MOST else None


#: Codes of ctypes' simple types, as `multiprocessing.Value` takes them: what struct calls them.
_NUMBERS = {code: code for code in "bBhHiIlLqQfd?"} | {"u": "I"}


def numbers(raw: bytes, typecode: str) -> tuple[float | str, ...] | None:
    """The values of a Value or an Array; None where its type is no simple one."""
    if typecode == "c":
        return (raw.split(b"\0", 1)[0].decode("latin-1"),)
    code = _NUMBERS.get(typecode)
    if code is None:
        return None
    one = struct.calcsize(code)
    values = struct.unpack_from(f"{len(raw) // one}{code}", raw)
    if typecode == "u":
        return ("".join(chr(value) for value in values if 0 < value < 0x110000),)
    return values


def width(typecode: str) -> int:
    """The size of one value; 0 where its type is no simple one."""
    return 1 if typecode == "c" else struct.calcsize(_NUMBERS[typecode]) if typecode in _NUMBERS else 0
