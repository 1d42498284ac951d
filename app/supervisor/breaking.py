"""Releasing a lock in the place of its dead holder: never by itself, only where a person asks for it.

Everything is looked at once more before it is done: the lock must be taken, nobody who lives may have it, and nobody
may have it mapped who cannot be asked.  What the lock guarded stays as the dead left it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from . import proc
from .errors import NotPossible
from .lock_reader import LockReader
from .mappings import Mappings
from .readings import INNER_LOCKS, LOCKS, Reading
from .resource_book import Book, Thing
from .semaphores import SemaphoreFile

_MAPS_BYTES = 1024 * 1024
_PROCESSES = 5000


def abandoned_locks(book: Book, thing: Thing, readings: Mapping[str, Reading]) -> list[Thing]:
    """The thing itself, or the locks inside of it, as far as they are abandoned."""
    inner = [book.part(above, name) for above in (thing, book.part(thing, "cond")) if above for name in INNER_LOCKS]
    locks = [thing] if thing.kind in LOCKS else [lock for lock in inner if lock]
    return [lock for lock in locks if readings[lock.key].holding.abandoned]


def why_not(thing: Thing, reading: Reading, reader: LockReader) -> str | None:
    """What speaks against it; None where the holder is surely dead."""
    holding = reading.holding
    state = reader.semaphore(thing)
    if state is None:
        return "its semaphore cannot be read"
    if state.value > 0:
        return "nobody holds it"
    counts = {pid: reader.count(thing, pid) for pid in thing.users}
    for pid, count in counts.items():
        if count is None:
            return f"pid {pid} may hold it: its memory cannot be read"
        if count > 0:
            return f"pid {pid}, which is alive, holds it"
    if not holding.abandoned:
        return "it is not known that its holder is dead"
    if stranger := _stranger(thing):
        return f"pid {stranger} has it too, and is not observed"
    return None


def release(thing: Thing, file: SemaphoreFile | None) -> None:
    """Release it once."""
    if file is None:
        raise NotPossible(f"{named(thing)} cannot be broken: its semaphore was not handed over")
    try:
        file.post()
    except OSError as error:
        raise NotPossible(f"{named(thing)} could not be broken: {error}") from error


def sentence(thing: Thing, holder: int | None, waiting: int) -> str:
    """What was done, and what may be wrong now."""
    dead = f"pid {holder}, which is dead" if holder else "a process that is dead"
    goes_on = {0: "", 1: " The process that waits for it goes on."}.get(
        waiting, f" One of the {waiting} processes that wait for it goes on."
    )
    return (
        f"{named(thing)} was released in the place of {dead}.{goes_on} What it guards may be half written: check it "
        "before you trust it, or restart the program."
    )


def named(thing: Thing) -> str:
    """The kind and the name."""
    kind = {"rlock": "RLock"}.get(thing.kind, thing.kind.capitalize().replace("_", " "))
    return f"{kind} {thing.name or thing.id}"


def _stranger(thing: Thing) -> int | None:
    """A living process that has the semaphore mapped without having told of it."""
    inode = thing.inode()
    known = {*thing.users, os.getpid()}
    for pid in proc.pids()[:_PROCESSES]:
        if pid not in known and inode in Mappings(proc.whole(f"{pid}/maps", _MAPS_BYTES)).inodes():
            return pid
    return None
