"""Find semaphores and shared memory that are still in /dev/shm although no process uses them any more.

A name is looked up some time after its last user has ended, and again at every look until it was removed.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping

from msgspec import Struct, field

from app.core.resources.thing import Thing, number
from app.core.scene.scene import Leak
from app.records.resource import ResourceKind

_FOLDER = "/dev/shm"  # noqa: S108 - where glibc keeps them, not a place for temporary files
_MAX_NAMES = 10_000
_MAX_LEAKS = 200
#: An event has a condition, which has semaphores.
_MAX_DEPTH = 3


class _Object(Struct):
    """An object, and its files by name with their inodes; of files that were removed, the keys stand for their names.

    ``program``: its id.
    """

    whole: Thing
    program: str
    files: dict[str, int] = field(default_factory=dict)


class Leaks:
    """Keeps the objects of which something was left, and the last ones of which something was removed."""

    def __init__(self) -> None:
        self._left: dict[str, _Object] = {}
        self._removed: dict[str, _Object] = {}

    def look(self, expired: Iterable[Thing]) -> tuple[Leak, ...]:
        """Return the leaks, with those of the ``expired`` things, without those that were removed by hand."""
        expired = list(expired)
        named = [thing for thing in expired if thing.program and _has_name(thing)]
        if named or self._left:
            there = _names()
            wholes = {key: whole for whole in expired for key in whole.parts.values()}
            for thing in named:
                self._look(thing, _outermost(thing, wholes), there)
            for one in self._left.values():
                one.files = {name: inode for name, inode in one.files.items() if there.get(name) == inode}
            self._left = {key: one for key, one in self._left.items() if one.files}
        left = (_leak(one, removed=False) for one in self._left.values())
        return (*left, *(_leak(one, removed=True) for one in self._removed.values()))

    def forget(self, program: str) -> None:
        self._left = {key: one for key, one in self._left.items() if one.program != program}
        self._removed = {key: one for key, one in self._removed.items() if one.program != program}

    def _look(self, thing: Thing, whole: Thing, there: dict[str, int]) -> None:
        one = _Object(whole, thing.program or "")
        if name := _name(thing, there):
            if whole.id in self._left or len(self._left) < _MAX_LEAKS:
                self._left.setdefault(whole.id, one).files[name] = there[name]
        elif _was_removed(thing):
            self._removed.setdefault(whole.id, one).files[thing.key] = 0
            if len(self._removed) > _MAX_LEAKS:
                del self._removed[next(iter(self._removed))]


def _outermost(thing: Thing, wholes: Mapping[str, Thing]) -> Thing:
    """Return what a thing is a part of, a queue for example, as far as that has expired with it."""
    for _ in range(_MAX_DEPTH):
        thing = wholes.get(thing.key, thing)
    return thing


def _was_removed(thing: Thing) -> bool:
    """Return whether it had a name when its maker ended, which still had it."""
    if thing.created_by not in thing.ended_users:
        return False
    return not thing.reading.unlinked if thing.kind is ResourceKind.SHARED_MEMORY else bool(thing.facts.get("named"))


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


def _leak(one: _Object, *, removed: bool) -> Leak:
    whole = one.whole
    return Leak(
        name=whole.name,
        program=one.program,
        kind=whole.kind,
        files=tuple(one.files),
        made_by=whole.created_by,
        size_bytes=number(whole.facts, "size"),
        removed=removed,
    )
