"""Read semaphores, and who holds a lock; `lock_owners` judges."""

from collections.abc import Mapping

from app.core.resources import lock_owners
from app.core.resources.thing import Thing, number
from app.linux.semaphores import STATE_BYTES, SemaphoreFile, SemaphoreState, state

from .process_view import ProcessView, ProcessViews

#: In one of so many readings all users of a lock are read, otherwise its last holder only.
_READ_ALL_EVERY = 32


class LockReader:
    """Reads through the process ``views`` and the semaphore ``files``, by key."""

    def __init__(self, views: ProcessViews, files: Mapping[str, SemaphoreFile]) -> None:
        self._views, self._files = views, files

    def semaphore(self, thing: Thing) -> SemaphoreState | None:
        """Return value and waiters from the semaphore's file, or without one from the memory of a user."""
        if file := self._files.get(thing.key):
            return file.read()
        return self._views.first(thing, "object", _state_in)

    def holder(self, thing: Thing, now: float, turn: int) -> None:
        reading = thing.reading
        holding = reading.holding
        if reading.value is None or reading.value > 0:
            holding.free()
            reading.dead_owners.clear()
            return
        last = holding.holder
        if last in thing.users and (turn + thing.number) % _READ_ALL_EVERY and (self.count(thing, last) or 0) > 0:
            holding.tid = self._holding_thread(thing, last)
            return
        counts = {pid: self.count(thing, pid) for pid in thing.users}
        again = self.semaphore(thing)
        if again is not None and again.value == 0:
            owners = {pid: at for pid in thing.users if (at := self.owner_since(thing, pid))}
            lock_owners.judge(holding, counts, owners, reading.dead_owners, now, somebody_died=thing.deaths > 0)
            holding.tid = self._holding_thread(thing, holding.holder)

    def _holding_thread(self, thing: Thing, pid: int | None) -> int:
        """Return the thread that acquired the lock; 0 for the main thread, or if that cannot be read."""
        view, address = self._views.get(pid or 0), number(thing.users.get(pid or 0, {}), "object")
        found = view.memory.semlock(address) if view and address is not None else None
        tid = view.thread_of(found.last_tid) if view and found else None
        return 0 if tid in (None, pid) else int(tid or 0)

    def acquisitions(self, thing: Thing, now: float) -> None:
        """Read who has acquired a semaphore, and how often processes died without releasing it."""
        reading = thing.reading
        before = self.semaphore(thing)
        counts = {pid: self.count(thing, pid) for pid in thing.users}
        if before is None or before != self.semaphore(thing):
            return
        whole = number(thing.facts, "value")
        reading.slots.look(before.value, counts, whole, now, somebody_died=thing.deaths > 0)

    def acquired_by(self, thing: Thing) -> tuple[int, ...]:
        """Return who has acquired a semaphore and not released it; empty if others release it, as a signal."""
        counts = {pid: self.count(thing, pid) or 0 for pid in thing.users}
        if any(count < 0 for count in counts.values()):
            return ()
        return tuple(sorted(pid for pid, count in counts.items() if count > 0))

    def count(self, thing: Thing, pid: int) -> int | None:
        """Return how often a process has acquired it without a release; None if that cannot be read."""
        address = number(thing.users.get(pid, {}), "object")
        view = self._views.get(pid)
        if address is None or view is None:
            return None
        found = view.memory.semlock(address)
        if found is None:
            return None
        # Another semaphore may have been created at the same address since.
        return found.taken if view.semaphore_at(found.handle) in {None, thing.inode()} else 0

    def owner_since(self, thing: Thing, pid: int) -> float:
        """Return when a process noted in its page that it holds the lock; 0.0 if it did not."""
        counter = self._views.counter(thing, pid)
        return counter.acquired_at if counter else 0.0


def _state_in(view: ProcessView, address: int) -> SemaphoreState | None:
    found = view.memory.semlock(address)
    return state(view.memory.read(found.handle, STATE_BYTES)) if found else None
