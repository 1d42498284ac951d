"""Releasing a lock in the place of its dead holder: never by itself, only where a person asks for it.

Everything is looked at once more before it is done: the lock must be taken, nobody who lives may have it, and nobody
may have it mapped who cannot be asked.  What the lock guarded stays as the dead left it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from app.core.resources.book import Book
from app.core.resources.readings import INNER_LOCKS, LOCKS, POOL_QUEUES, SEMAPHORES
from app.core.resources.thing import Thing, number
from app.linux import proc
from app.linux.mappings import Mappings
from app.linux.semaphores import SemaphoreFile
from app.records.errors import NoSuchProcess, NotPossible

from .locks import LockReader

_MAPS_BYTES = 1024 * 1024
#: CPU time for the look at everybody (0.1 ms each): the loop must not stand still for it.
_LOOK_S = 0.2


class Breaker:
    """Breaks locks; the loop calls it, and nothing in it waits."""

    def __init__(
        self, book: Book, reader: LockReader, files: Mapping[str, SemaphoreFile], cpu: Callable[[], float]
    ) -> None:
        self._book, self._reader, self._files, self._cpu = book, reader, files, cpu

    def break_lock(self, resource_id: str) -> str:
        """Release the lock, or those inside of it, in the place of the dead holder; the sentence says what to check.

        Raises `NotPossible` where the holder lives, or may live, and `NoSuchProcess`.
        """
        thing = self._book.by_id.get(resource_id)
        if thing is None:
            raise NoSuchProcess(f"there is no resource {resource_id}")
        locks = self._abandoned(thing)
        if not locks:
            raise NotPossible(f"{_named(thing)} cannot be broken: {self._why_not_known(thing)}")
        return " ".join(self._break(lock) for lock in locks)

    def _abandoned(self, thing: Thing) -> list[Thing]:
        """The thing itself, or the locks inside of it, as far as they are abandoned."""
        wholes = (thing, *(self._book.part(thing, name) for name in ("cond", *POOL_QUEUES)))
        inner = [self._book.part(above, name) for above in wholes if above for name in INNER_LOCKS]
        locks = [thing] if thing.kind in LOCKS | SEMAPHORES else [lock for lock in inner if lock]
        return [lock for lock in locks if self._is_abandoned(lock)]

    def _is_abandoned(self, lock: Thing) -> bool:
        reading = lock.reading
        return reading.holding.abandoned if lock.kind in LOCKS else reading.slots.lost > 0

    def _why_not_known(self, thing: Thing) -> str:
        if thing.kind in SEMAPHORES:
            return "none of its places is known to be lost with a dead process"
        if thing.kind not in LOCKS:
            return "none of its locks is known to be held by a dead process"
        return self._why_not(thing) or "it is not known who holds it"

    def _break(self, lock: Thing) -> str:
        if why := self._why_not(lock):
            raise NotPossible(f"{_named(lock)} cannot be broken: {why}")
        reading = lock.reading
        _release(lock, self._files.get(lock.key))
        if lock.kind in SEMAPHORES:
            reading.slots.restored()
            return _sentence(lock, reading.slots.dead, len(reading.waiting))
        said = _sentence(lock, reading.holding.holder, len(reading.waiting))
        reading.holding.free()
        reading.dead_owners.clear()
        return said

    def _why_not(self, thing: Thing) -> str | None:
        """What speaks against it; None where the holder is surely dead."""
        if thing.managed:
            return "it lives in the process of its manager; any process that has its proxy may call release()"
        state = self._reader.semaphore(thing)
        if state is None:
            return "its semaphore cannot be read"
        if thing.kind in SEMAPHORES:
            return self._why_not_a_place(thing, state.value)
        if state.value > 0:
            return "nobody holds it"
        for pid in thing.users:
            count = self._reader.count(thing, pid)
            if count is None and not thing.reading.dead_owners:
                return f"pid {pid} may hold it: its memory cannot be read"
            if (count or 0) > 0:
                return f"pid {pid}, which is alive, holds it"
        if not thing.reading.holding.abandoned:
            return "it is not known that its holder is dead"
        return _why_not_for_strangers(thing, self._cpu)

    def _why_not_a_place(self, thing: Thing, free: int) -> str | None:
        """Once more with what stands there now: more than it began with must never be free."""
        counts = {pid: self._reader.count(thing, pid) for pid in thing.users}
        unknown = next((pid for pid, count in counts.items() if count is None), None)
        if unknown is not None:
            return f"pid {unknown} may have acquired it: its memory cannot be read"
        if free + sum(count or 0 for count in counts.values()) >= (number(thing.facts, "value") or 0):
            return "none of its places is lost"
        return _why_not_for_strangers(thing, self._cpu)


def _release(thing: Thing, file: SemaphoreFile | None) -> None:
    """Release it once."""
    if file is None:
        raise NotPossible(f"{_named(thing)} cannot be broken: its semaphore was not handed over")
    try:
        file.post()
    except OSError as error:
        raise NotPossible(f"{_named(thing)} could not be broken: {error}") from error


def _sentence(thing: Thing, holder: int | None, waiting: int) -> str:
    """What was done, and what may be wrong now."""
    dead = f"pid {holder}, which is dead" if holder else "a process that is dead"
    goes_on = {0: "", 1: " The process that waits for it goes on."}.get(
        waiting, f" One of the {waiting} processes that wait for it goes on."
    )
    return (
        f"{_named(thing)} was released in the place of {dead}.{goes_on} What it guards may be half written: check it "
        "before you trust it, or restart the program."
    )


def _named(thing: Thing) -> str:
    """The kind and the name."""
    kind = {"rlock": "RLock"}.get(thing.kind, thing.kind.capitalize().replace("_", " "))
    return f"{kind} {thing.name or thing.id}"


def _why_not_for_strangers(thing: Thing, cpu: Callable[[], float]) -> str | None:
    stranger = _stranger(thing, cpu)
    return f"pid {stranger} has it too, and is not observed" if stranger else None


def _stranger(thing: Thing, cpu: Callable[[], float]) -> int | None:
    """A living process that has the semaphore mapped without having told of it; youngest first, as many as can be."""
    inode = thing.inode()
    known = {*thing.users, os.getpid()}
    until = cpu() + _LOOK_S
    for pid in reversed(proc.pids()):
        if cpu() > until:
            break
        if pid not in known and inode in Mappings(proc.whole(f"{pid}/maps", _MAPS_BYTES)).inodes():
            return pid
    return None
