"""Reads the memory of one other process: what is told is what it says at this moment, or None.

By /proc/PID/mem, which the kernel permits to whoever may trace the process: not where the program changed its user, or
where yama allows it to ancestors only and the program was started elsewhere.  An open one is good for this process's
memory alone: after its end, or an exec, it reads as empty, also where the pid belongs to somebody else by then.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeVar

from . import cpython as layouts
from . import proc
from .cpython import SemLock

T = TypeVar("T")
#: An object that is being changed is read again.
_TRIES = 3


class Memory:
    """The memory of one process.  ``refused`` says that it may not be read."""

    def __init__(self, folder: str) -> None:
        self._fd = proc.kept(f"{folder}/mem")
        self._head: int | None = None
        # Types live as long as their process, objects do not.
        self._types: dict[int, str] = {}

    @property
    def refused(self) -> bool:
        """Whether nothing of it can be read."""
        return self._fd is None

    def read(self, address: int, size: int) -> bytes:
        """What stands there; shorter, or empty, where that cannot be read."""
        if self._fd is None or address <= 0 or size <= 0:
            return b""
        try:
            return os.pread(self._fd, size, address)
        except (OSError, OverflowError):
            return b""

    def semlock(self, address: int) -> SemLock | None:
        """The semaphore object at that address."""
        return self._object(address, layouts.SEMLOCKS, layouts.semlock)

    def deque_length(self, address: int) -> int | None:
        """How many items the deque at that address has."""
        return self._object(address, layouts.DEQUES, layouts.deque_length)

    def dict_length(self, address: int) -> int | None:
        """How many keys the dict at that address has."""
        return self._object(address, layouts.DICTS, layouts.dict_length)

    def values(self, address: int, typecode: str, count: int) -> tuple[float | str, ...] | None:
        """The first values of a Value or an Array, without its lock: they may be torn."""
        size = layouts.width(typecode) * count
        raw = self.read(address, size)
        return layouts.numbers(raw, typecode) if size and len(raw) == size else None

    def close(self) -> None:
        """Let go of it."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _object(self, address: int, types: frozenset[str], parse: Callable[[bytes, int], T | None]) -> T | None:
        for _ in range(_TRIES):
            raw = self.read(address, layouts.OBJECT_BYTES)
            if len(raw) < layouts.HEADS[0]:
                return None
            head = self._head_of(raw, types)
            if head is None:
                return None
            if (found := parse(raw, head)) is not None:
                return found
        return None

    def _head_of(self, raw: bytes, types: frozenset[str]) -> int | None:
        """How long the heads of this process's objects are, as far as this one has the type that it should have."""
        for head in (self._head,) if self._head else layouts.HEADS:
            kind = layouts.type_of(raw, head)
            if kind is not None and self._type_name(kind, head) in types:
                self._head = head
                return head
        return None

    def _type_name(self, kind: int, head: int) -> str:
        if kind not in self._types:
            at = layouts.pointer(self.read(kind + layouts.name_field(head), 8))
            found = layouts.name(self.read(at, layouts.NAME_BYTES)) if at else ""
            if not found:
                return ""
            if len(self._types) >= 64:
                self._types.clear()
            self._types[kind] = found
        return self._types[kind]
