"""The memory layout of some objects of CPython 3.8 to 3.15, and checks that bytes are such an object.  Pure.

The layout is the same since 3.8, on 64 bits, little-endian; free-threaded builds have 32 instead of 16 bytes before the
first field.  The version is not read: an object counts only if its type has the right name and its fields are
consistent.  So an unknown layout gives an unknown value, never a wrong one::

    object   refcount, type ▸ type   refcount, type, size, name ▸ "deque"
    SemLock  handle, last_tid, count (int), maxvalue (int), kind (int), name
    deque    length, leftblock, rightblock, leftindex, rightindex, state, maxlen
    dict     used, …
"""

import struct
from typing import NamedTuple

#: Bytes before the first field of an object: ordinary builds, free-threaded builds.
HEADS = (16, 32)
#: The longer head and the longest of the objects.
OBJECT_BYTES = 32 + 56
NAME_BYTES = 64

#: With subclasses, which begin with the same fields: the observer's semaphores, the cache of a pool.
SEMLOCKS = frozenset({"_multiprocessing.SemLock", "SemLock"})
DEQUES = frozenset({"collections.deque"})
DICTS = frozenset({"dict", "_PoolCache"})

_SEMLOCK = struct.Struct("<QQiii")
_DEQUE = struct.Struct("<qQQqqQq")
_LENGTH = struct.Struct("<q")
_POINTER = struct.Struct("<Q")
_BLOCK = 64  # items in one block of a deque
_MAX_LENGTH = 1 << 40
#: Addresses of user space; none is in the first page.
_MIN_ADDRESS, _MAX_ADDRESS = 4096, 1 << 57
_RECURSIVE, _PLAIN = 0, 1


class SemLock(NamedTuple):
    """The C object behind a lock or semaphore: ``taken`` is how often this process acquired it, minus its releases."""

    handle: int
    last_tid: int
    taken: int
    maxvalue: int


def pointer(raw: bytes, at: int = 0) -> int | None:
    """Return the address at an offset; None if it cannot be one."""
    if len(raw) < at + _POINTER.size:
        return None
    address: int = _POINTER.unpack_from(raw, at)[0]
    return address if _MIN_ADDRESS <= address < _MAX_ADDRESS else None


def type_of(raw: bytes, head: int) -> int | None:
    """Return the address of an object's type: the last field of its head."""
    return pointer(raw, head - 8)


def name_field(head: int) -> int:
    """Return the offset of a type's name in the type: after a head and a size."""
    return head + 8


def name(raw: bytes) -> str:
    """Return a name from its bytes, which end with a zero byte."""
    return raw.split(b"\0", 1)[0].decode("ascii", errors="replace")


def semlock(raw: bytes, head: int) -> SemLock | None:
    """Return a semaphore object; None if the bytes cannot be one."""
    if len(raw) < head + _SEMLOCK.size:
        return None
    handle, last_tid, count, maxvalue, kind = _SEMLOCK.unpack_from(raw, head)
    if kind not in (_RECURSIVE, _PLAIN) or maxvalue < 1 or pointer(raw, head) is None or handle % 8:
        return None
    return SemLock(handle, last_tid, count, maxvalue)


def deque_length(raw: bytes, head: int) -> int | None:
    """Return how many items a deque has; None if the bytes are no deque, or it was being changed."""
    if len(raw) < head + _DEQUE.size:
        return None
    length, left, right, first, last, _, maxlen = _DEQUE.unpack_from(raw, head)
    if not (0 <= length < _MAX_LENGTH and 0 <= first < _BLOCK and -1 <= last < _BLOCK and maxlen >= -1):
        return None
    if not (left and right) or (length + first - 1 - last) % _BLOCK:
        return None
    return int(length)


def dict_length(raw: bytes, head: int) -> int | None:
    """Return how many keys a dict has; None if the bytes are no dict."""
    if len(raw) < head + _LENGTH.size:
        return None
    length = _LENGTH.unpack_from(raw, head)[0]
    return length if 0 <= length < _MAX_LENGTH else None


#: The struct codes of ctypes' simple types, by the type codes of `multiprocessing.Value`.
_NUMBERS = {code: code for code in "bBhHiIlLqQfd?"} | {"u": "I"}


def numbers(raw: bytes, typecode: str) -> tuple[float | str, ...] | None:
    """Return the values of a Value or an Array; None if its type is not a simple one."""
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
    """Return the size of one value; 0 if its type is not a simple one."""
    return 1 if typecode == "c" else struct.calcsize(_NUMBERS[typecode]) if typecode in _NUMBERS else 0
