"""Release a lock whose holder is dead; only on request, never automatically.

Everything is checked again first: the lock must be taken, no living process may hold it, and no unobserved process may
have it mapped.  The data that it guards stays as the dead process left it.
"""

import os
from collections.abc import Callable, Mapping

from app.core.resources.book import Book
from app.core.resources.readings import INNER_LOCKS, LOCKS, POOL_QUEUES, SEMAPHORES
from app.core.resources.thing import Thing, number
from app.linux import proc
from app.linux.mappings import Mappings
from app.linux.semaphores import SemaphoreFile
from app.records.errors import NoSuchProcess, NotPossible
from app.records.wording import kind_label

from .locks import LockReader

_MAPS_BYTES = 1024 * 1024
#: CPU time for checking all processes (0.1 ms each): the loop must not stand still for it.
_MAX_SEARCH_S = 0.2
_CHECK = "The data that it guards may be half written: check the data, or restart the program."


class Breaker:
    """Breaks locks; never blocks."""

    def __init__(
        self, book: Book, reader: LockReader, files: Mapping[str, SemaphoreFile], cpu: Callable[[], float]
    ) -> None:
        self._book, self._reader, self._files, self._cpu = book, reader, files, cpu

    def break_lock(self, resource_id: str, name: Callable[[int], str] = "pid {}".format) -> str:
        """Release a lock whose holder is dead, or the locks inside a queue; return a sentence on what to check.

        Of a semaphore one slot is released.  ``name`` returns what people call a process.
        Raises `NotPossible` if the holder lives, or may live, and `NoSuchProcess`.
        """
        thing = self._book.by_id.get(resource_id)
        if thing is None:
            raise NoSuchProcess(f"resource not found: {resource_id}")
        locks = self._abandoned(thing)
        if not locks:
            raise NotPossible(f"{_named(thing)} cannot be released: {self._why_none_is_abandoned(thing)}")
        return " ".join(self._break(lock, name) for lock in locks)

    def _abandoned(self, thing: Thing) -> list[Thing]:
        """Return those that are abandoned of the thing itself and the locks inside it."""
        wholes = (thing, *(self._book.part(thing, name) for name in ("cond", *POOL_QUEUES)))
        inner = [self._book.part(above, name) for above in wholes if above for name in INNER_LOCKS]
        locks = [thing] if thing.kind in LOCKS | SEMAPHORES else [lock for lock in inner if lock]
        return [lock for lock in locks if self._is_abandoned(lock)]

    def _is_abandoned(self, lock: Thing) -> bool:
        reading = lock.reading
        return reading.holding.abandoned if lock.kind in LOCKS else reading.slots.lost > 0

    def _why_none_is_abandoned(self, thing: Thing) -> str:
        if thing.kind in SEMAPHORES:
            return "no dead process is known to have acquired it"
        if thing.kind not in LOCKS:
            return "no dead process is known to hold one of its locks"
        return self._why_not(thing) or "its holder is unknown"

    def _break(self, lock: Thing, name: Callable[[int], str]) -> str:
        if why := self._why_not(lock):
            raise NotPossible(f"{_named(lock)} cannot be released: {why}")
        reading = lock.reading
        _release(lock, self._files.get(lock.key))
        if lock.kind in SEMAPHORES:
            return _about_slot(lock, name)
        dead = reading.holding.holder
        who = f"{name(dead)}, which is dead" if dead else "a dead process"
        said = f"Released {_named(lock)}, held by {who}.{_continues(lock)} {_CHECK}"
        reading.holding.free()
        reading.dead_owners.clear()
        return said

    def _why_not(self, thing: Thing) -> str | None:
        """Return why the lock must not be released; None if its holder is certainly dead."""
        if thing.managed:
            return "its manager keeps it; any process that has the proxy may call release()"
        state = self._reader.semaphore(thing)
        if state is None:
            return "its semaphore cannot be read"
        if thing.kind in SEMAPHORES:
            return self._why_not_semaphore(thing, state.value)
        if state.value > 0:
            return "no process holds it"
        for pid in thing.users:
            count = self._reader.count(thing, pid)
            if count is None and not thing.reading.dead_owners:
                return f"pid {pid} may hold it: its memory cannot be read"
            if (count or 0) > 0:
                return f"pid {pid} holds it and is alive"
        if not thing.reading.holding.abandoned:
            return "its holder is not known to be dead"
        return _why_not_unobserved(thing, self._cpu)

    def _why_not_semaphore(self, thing: Thing, free: int) -> str | None:
        """Check the current values: a release must not raise the semaphore above its initial value."""
        counts = {pid: self._reader.count(thing, pid) for pid in thing.users}
        unknown = next((pid for pid, count in counts.items() if count is None), None)
        if unknown is not None:
            return f"pid {unknown} may have acquired it: its memory cannot be read"
        if free + sum(count or 0 for count in counts.values()) >= (number(thing.facts, "value") or 0):
            return "no dead process has acquired it"
        return _why_not_unobserved(thing, self._cpu)


def _release(thing: Thing, file: SemaphoreFile | None) -> None:
    if file is None:
        raise NotPossible(f"{_named(thing)} cannot be released: Procession has no descriptor of its semaphore")
    try:
        file.post()
    except OSError as error:
        raise NotPossible(f"{_named(thing)} cannot be released: {error}") from error


def _about_slot(semaphore: Thing, name: Callable[[int], str]) -> str:
    """Note that a lost slot was released; return which, and what is still lost."""
    slots = semaphore.reading.slots
    lost = slots.lost
    pid = slots.restored()
    who = f"{name(pid)}, which is dead" if pid else "a process that is dead"
    text = (
        f"Released 1 of {lost:,} lost slots of {_named(semaphore)}"
        if lost > 1
        else (f"Released the lost slot of {_named(semaphore)}")
    )
    still = f" {lost - 1:,} more {'is' if lost == 2 else 'are'} still lost: break it again." if lost > 1 else ""
    return f"{text}, acquired by {who}.{_continues(semaphore)}{still} {_CHECK}"


def _continues(thing: Thing) -> str:
    """Return in a sentence who continues."""
    waiting = len(thing.reading.waiting)
    if waiting < 2:
        return " The waiting process will continue." * waiting
    return f" One of the {waiting:,} waiting processes will continue."


def _named(thing: Thing) -> str:
    return f"{kind_label(thing.kind)} {thing.name or thing.id}"


def _why_not_unobserved(thing: Thing, cpu: Callable[[], float]) -> str | None:
    pid = _unobserved_user(thing, cpu)
    return f"pid {pid}, which is not observed, may hold it" if pid else None


def _unobserved_user(thing: Thing, cpu: Callable[[], float]) -> int | None:
    """Return a living process that maps the semaphore but is not a known user; checks as many as time permits."""
    inode = thing.inode()
    known = {*thing.users, os.getpid()}
    until = cpu() + _MAX_SEARCH_S
    for pid in reversed(proc.pids()):
        if cpu() > until:
            break
        if pid not in known and inode in Mappings(proc.whole(f"{pid}/maps", _MAPS_BYTES)).inodes():
            return pid
    return None
