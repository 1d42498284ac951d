"""Reads semaphores, and who holds a lock; `ownership` judges."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.resources import lock_owners as ownership
from app.core.resources.thing import Thing, number
from app.linux.semaphores import STATE_BYTES, SemaphoreFile, SemaphoreState, state

from .window import Window, Windows

#: After so many looks at one who holds a lock all others are looked at too.
_LOOK_AROUND = 32


class LockReader:
    """Reads through ``windows`` and ``files`` (of semaphores, by key)."""

    def __init__(self, windows: Windows, files: Mapping[str, SemaphoreFile]) -> None:
        self._windows, self._files = windows, files

    def semaphore(self, thing: Thing) -> SemaphoreState | None:
        """Value and waiters, from the file, or from the memory of one who has it where no file was handed over."""
        if file := self._files.get(thing.key):
            return file.read()
        return self._windows.first(thing, "object", _state_in)

    def holder(self, thing: Thing, now: float, turn: int) -> None:
        """Who has a lock, if it is taken."""
        reading = thing.reading
        holding = reading.holding
        if reading.value is None or reading.value > 0:
            holding.free()
            reading.dead_owners.clear()
            return
        last = holding.holder
        if last in thing.users and (turn + thing.number) % _LOOK_AROUND and (self.count(thing, last) or 0) > 0:
            return
        counts = {pid: self.count(thing, pid) for pid in thing.users}
        again = self.semaphore(thing)
        if again is not None and again.value == 0:
            owners = {pid: at for pid in thing.users if (at := self.owner_since(thing, pid))}
            ownership.judge(holding, counts, owners, reading.dead_owners, now, somebody_died=thing.deaths > 0)

    def places(self, thing: Thing, now: float) -> None:
        """Who has acquired some of a semaphore, and what the dead took along."""
        reading = thing.reading
        before = self.semaphore(thing)
        counts = {pid: self.count(thing, pid) for pid in thing.users}
        if before is None or before != self.semaphore(thing):
            return
        whole = number(thing.facts, "value")
        reading.slots.look(before.value, counts, whole, now, somebody_died=thing.deaths > 0)

    def having(self, thing: Thing) -> tuple[int, ...]:
        """Who has acquired some of it and not released it; nobody where it is a signal."""
        counts = {pid: self.count(thing, pid) or 0 for pid in thing.users}
        if any(count < 0 for count in counts.values()):
            return ()
        return tuple(sorted(pid for pid, count in counts.items() if count > 0))

    def count(self, thing: Thing, pid: int) -> int | None:
        """How often that process has acquired it and not released; None where that cannot be read."""
        address = number(thing.users.get(pid, {}), "object")
        window = self._windows.get(pid)
        if address is None or window is None:
            return None
        found = window.memory.semlock(address)
        if found is None:
            return None
        # Another semaphore may have been made at the same address since.
        return found.taken if window.semaphore_at(found.handle) in {None, thing.inode()} else 0

    def owner_since(self, thing: Thing, pid: int) -> float:
        """When that process noted in its page that it has the lock; 0.0 where it did not."""
        counter = self._windows.counter(thing, pid)
        return counter.acquired_at if counter else 0.0


def _state_in(window: Window, address: int) -> SemaphoreState | None:
    found = window.memory.semlock(address)
    return state(window.memory.read(found.handle, STATE_BYTES)) if found else None
