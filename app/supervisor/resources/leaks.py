"""Find semaphores and shared memory that are still in /dev/shm although no process uses them any more.

A name is looked up some time after its last user has ended, and again at every look until it was removed.
"""

import contextlib
import os
from collections.abc import Iterable

from app.core.findings.scene import Leak
from app.core.resources.thing import Thing, number
from app.records.resource import ResourceKind

_FOLDER = "/dev/shm"  # noqa: S108 - where glibc keeps them, not a place for temporary files
_MAX_NAMES = 10_000
_MAX_LEAKS = 200


class Leaks:
    """Keeps the leaks, by name in /dev/shm."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[int, Leak]] = {}

    def look(self, expired: Iterable[Thing]) -> tuple[Leak, ...]:
        """Return the leaks, with those of the ``expired`` things, without those that were removed."""
        expired = [thing for thing in expired if thing.program and _has_name(thing)]
        if expired or self._left:
            there = _names()
            for thing in expired:
                if (name := _name(thing, there)) and len(self._left) < _MAX_LEAKS:
                    self._left[name] = (there[name], _leak(thing, name))
            self._left = {name: one for name, one in self._left.items() if there.get(name) == one[0]}
        return tuple(leak for _, leak in self._left.values())

    def forget(self, program: str) -> None:
        self._left = {name: one for name, one in self._left.items() if one[1].program != program}


def _has_name(thing: Thing) -> bool:
    return thing.key.startswith(("sem:", "shm:"))


def _names() -> dict[str, int]:
    """Return the names in /dev/shm with their inodes."""
    found: dict[str, int] = {}
    with contextlib.suppress(OSError), os.scandir(_FOLDER) as entries:
        for entry in entries:
            found[entry.name] = entry.inode()
            if len(found) >= _MAX_NAMES:
                break
    return found


def _name(thing: Thing, there: dict[str, int]) -> str | None:
    if thing.kind is ResourceKind.SHARED_MEMORY:
        name = thing.key.removeprefix("shm:").removeprefix("/")
        return name if name in there else None
    inode = thing.inode()
    return next((name for name, one in there.items() if one == inode and name.startswith("sem.")), None)


def _leak(thing: Thing, name: str) -> Leak:
    return Leak(
        name=name,
        program=thing.program or "",
        is_memory=thing.kind is ResourceKind.SHARED_MEMORY,
        made_by=thing.created_by,
        size_bytes=number(thing.facts, "size"),
        resource=None,
    )
