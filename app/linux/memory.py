"""Read objects in the memory of another process.

By /proc/PID/mem, which the kernel permits if we may trace the process: not if the program has changed its user, or if
yama permits it to ancestors only and the program was started elsewhere.  An open file refers to that process only:
after its end, or an exec, it reads as empty, even if another process has the pid by then.
"""

import os
from collections.abc import Callable
from typing import TypeVar

from . import cpython, proc
from .cpython import SemLock

T = TypeVar("T")
#: How often an object that is being changed is read.
_TRIES = 3
_MAX_TYPES = 64


class Memory:
    """Reads the memory of one process; ``refused`` if that is not permitted."""

    def __init__(self, folder: str) -> None:
        self._fd = proc.kept(f"{folder}/mem")
        self._head: int | None = None
        # Names by address: types live as long as their process, objects do not.
        self._types: dict[int, str] = {}

    @property
    def refused(self) -> bool:
        """Whether the memory may not be read."""
        return self._fd is None

    def read(self, address: int, size: int) -> bytes:
        """Return the bytes at an address; fewer, or none, if they cannot be read."""
        if self._fd is None or address <= 0 or size <= 0:
            return b""
        try:
            return os.pread(self._fd, size, address)
        except (OSError, OverflowError):
            return b""

    def semlock(self, address: int) -> SemLock | None:
        """Return the semaphore object at an address; None if there is none."""
        return self._object(address, cpython.SEMLOCKS, cpython.semlock)

    def deque_length(self, address: int) -> int | None:
        """Return how many items the deque at an address has; None if there is none."""
        return self._object(address, cpython.DEQUES, cpython.deque_length)

    def dict_length(self, address: int) -> int | None:
        """Return how many keys the dict at an address has; None if there is none."""
        return self._object(address, cpython.DICTS, cpython.dict_length)

    def values(self, address: int, typecode: str, count: int) -> tuple[float | str, ...] | None:
        """Return the first values of a Value or an Array, read without its lock: a write may be half done."""
        size = cpython.width(typecode) * count
        raw = self.read(address, size)
        return cpython.numbers(raw, typecode) if size and len(raw) == size else None

    def close(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _object(self, address: int, types: frozenset[str], parse: Callable[[bytes, int], T | None]) -> T | None:
        for _ in range(_TRIES):
            raw = self.read(address, cpython.OBJECT_BYTES)
            if len(raw) < cpython.HEADS[0]:
                return None
            head = self._head_of(raw, types)
            if head is None:
                return None
            if (found := parse(raw, head)) is not None:
                return found
        return None

    def _head_of(self, raw: bytes, types: frozenset[str]) -> int | None:
        """Return the head size of the process's objects; None if this object has none of the types."""
        for head in (self._head,) if self._head else cpython.HEADS:
            kind = cpython.type_of(raw, head)
            if kind is not None and self._type_name(kind, head) in types:
                self._head = head
                return head
        return None

    def _type_name(self, kind: int, head: int) -> str:
        if kind not in self._types:
            at = cpython.pointer(self.read(kind + cpython.name_field(head), 8))
            found = cpython.name(self.read(at, cpython.NAME_BYTES)) if at else ""
            if not found:
                return ""
            if len(self._types) >= _MAX_TYPES:
                self._types.clear()
            self._types[kind] = found
        return self._types[kind]
