"""One reading of everything that observed programs hold: cheap things first, all within a budget of time.

::

    pages, semaphores ──▶ who waits ──▶ holders ──▶ queues, pipes, values ──▶ now and then: fds, mappings, listeners

Where the time is over, the rest keeps its last figures and comes first at the next reading; ``not_read`` counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from app.core.resources.book import Book
from app.core.resources.edges import Blocked, Edges
from app.core.resources.reading import Reading
from app.core.resources.readings import LOCKS, QUEUES, SEMAPHORES
from app.core.resources.thing import Thing
from app.records.primitives import Now
from app.records.resource import ResourceKind

from .far_ends import Ends
from .figures import FigureReader
from .locks import LockReader
from .managers import Calling, Held, Managed
from .waits import Blocking
from .window import Window, Windows

#: What one reading may take of the CPU, whatever there is to read; where others have the CPU it still gets on.
BUDGET_S = 0.025
#: Who has which fds, and what is mapped, changes seldom and costs most.
_SELDOM_S = 2.0

K = ResourceKind
T = TypeVar("T")
_SEMAPHORES = LOCKS | SEMAPHORES


class Turns:
    """Reads again and again."""

    def __init__(
        self, book: Book, windows: Windows, locks: LockReader, figures: FigureReader, cpu: Callable[[], float]
    ) -> None:
        self.edges = Edges(book)
        self.not_read = 0
        self._book, self._windows, self._cpu = book, windows, cpu
        self._locks, self._figures = locks, figures
        self._managed = Managed(book, windows)
        self._ends = Ends(book, windows, cpu)
        self._blocking = Blocking(book, windows, self._ends, Calling(self._managed, windows))
        self._turn = 0
        self._seldom_at = 0.0
        self._places: dict[str, int] = {}
        self._ends_at = 0.0

    def read(self, now: Now) -> None:
        """One reading."""
        self._turn += 1
        self.not_read = 0
        self._ends_at = self._cpu() + BUDGET_S
        wall_of_mono = now.wall - now.mono
        things = list(self._book)
        for window in self._windows.values():
            window.begin(self._turn)
        self._managed.look()
        for thing in things:
            if thing.managed:
                self._managed_lock(thing, now)
            elif thing.kind in _SEMAPHORES:
                state = self._locks.semaphore(thing)
                thing.reading.value = state.value if state else None
        self._some("waits", self._windows.values(), Window.look_at_waits)
        locks = (one for one in things if one.kind in LOCKS and not one.managed)
        self._some("locks", locks, lambda one: self._holder(one, now))
        self._some("figures", (one for one in things if one.kind in _FIGURES), lambda one: self._figure(one, now))
        self._some("semaphores", filter(self._is_of_its_own, things), lambda one: self._acquired(one, now))
        self._look_at_edges(now, wall_of_mono)
        self._ends.strangers.look(self._windows, now.mono)
        if now.mono >= self._seldom_at:
            self._seldom_at = now.mono + _SELDOM_S
            self._seldom(things)
        for window in self._windows.values():
            window.end()

    def close(self) -> None:
        """Let go of what it asks the kernel with."""
        self._ends.close()

    def _some(self, name: str, items: Iterable[T], work: Callable[[T], None]) -> None:
        """As many as there is time for, beginning where the last reading stopped; at least one."""
        all_of_them = list(items)
        count = len(all_of_them)
        start = self._places.get(name, 0) % count if count else 0
        for done in range(count):
            if done and self._cpu() > self._ends_at:
                self.not_read += count - done
                self._places[name] = start + done
                return
            work(all_of_them[(start + done) % count])

    def _holder(self, thing: Thing, now: Now) -> None:
        self._locks.holder(thing, now.mono, self._turn)

    def _is_of_its_own(self, thing: Thing) -> bool:
        """Those in a queue or a condition count items and sleepers: nobody has them."""
        return thing.kind in SEMAPHORES and not thing.managed and self._book.whole(thing) is None

    def _acquired(self, thing: Thing, now: Now) -> None:
        self._locks.places(thing, now.mono)

    def _managed_lock(self, thing: Thing, now: Now) -> None:
        """Who has a lock that lives in the server of a manager; who is dead took it along."""
        reading, held = thing.reading, self._managed.held(thing)
        if thing.kind not in LOCKS or not self._managed.is_read(thing):
            reading.value = None
            reading.holding.free()
        elif held is None:
            reading.value = 1
            reading.holding.free()
        else:
            reading.value = 0
            self._held(reading, held, now)

    def _held(self, reading: Reading, held: Held, now: Now) -> None:
        holders = (held.pid,) if held.pid else self._ends.holders(self._ends.peer_of(held.connection))
        if len(holders) != 1:
            reading.holding.unclear()
        elif holders[0] in self._windows:
            reading.holding.held_by(holders[0], held.since)
        elif self._book.has_died(holders[0]):
            reading.holding.no_living_holder(holders[0], now.mono, somebody_died=True)
        else:
            reading.holding.unclear()

    def _figure(self, thing: Thing, now: Now) -> None:
        _reading, figures = thing.reading, self._figures
        match thing.kind:
            case K.QUEUE | K.JOINABLE_QUEUE | K.SIMPLE_QUEUE:
                figures.queue(thing, now.mono)
            case K.PIPE:
                figures.pipe(thing)
            case K.VALUE | K.ARRAY:
                figures.values(thing)
            case K.BARRIER:
                figures.barrier(thing)
            case K.MANAGER:
                figures.dictionary(thing)
            case K.POOL:
                figures.pool(thing, now.wall - now.mono)

    def _look_at_edges(self, now: Now, wall_of_mono: float) -> None:
        seen_now = (one for window in self._windows.values() for one in self._blocking.of(window))
        found = [self._told(one) for one in seen_now if not self._is_told_otherwise(one)]
        seen = {(one.pid, one.of) for one in found}
        for pid, window in self._windows.items():
            child, since = window.joins or (None, None)
            # A wait for a sentinel shows as a poll: that of a fd which is no resource.
            waits = window.memory.refused or any(w.main for w in window.threads.waits)
            if child is not None and (pid, child) not in seen and waits:
                alone = window.threads.alone
                found.append(Blocked(pid, None, None, "join", True, False, of=child, since=since, alone=alone))
        self.edges.semaphore_holders = {
            one.at.key: self._locks.having(one.at) for one in found if one.at and one.at.kind in SEMAPHORES
        }
        self.edges.look(found, now.wall, wall_of_mono)

    def _is_told_otherwise(self, one: Blocked) -> bool:
        """Whether it is the wait for a sentinel within a join that was told."""
        return one.main and one.thing is None and one.of is None and self._windows[one.pid].joins is not None

    def _told(self, one: Blocked) -> Blocked:
        """With the moment that was told, where it was."""
        child, since = self._windows[one.pid].joins or (None, None)
        return one._replace(since=since) if one.of is not None and one.of == child else one

    def _seldom(self, things: list[Thing]) -> None:
        self._some("fds", self._windows.values(), Window.look_at_fds)
        self._some("mappings", self._with_shared_memory(things), Window.look_at_mappings)
        index = self._figures.index_fds()
        self._ends.renew(index)
        for thing in things:
            if thing.kind is K.PIPE:
                self._figures.ends(thing, index)
            elif thing.kind is K.SHARED_MEMORY:
                self._figures.shared_memory(thing)
        listeners = (one for one in things if one.kind is K.LISTENER)
        self._some("listeners", listeners, self._figures.listener)

    def _with_shared_memory(self, things: list[Thing]) -> list[Window]:
        """All processes of those programs that have shared memory."""
        programs = {thing.program for thing in things if thing.kind is K.SHARED_MEMORY}
        return [window for pid, window in self._windows.items() if self._book.programs.get(pid) in programs]


_FIGURES = QUEUES | {K.PIPE, K.VALUE, K.ARRAY, K.BARRIER, K.MANAGER, K.POOL}
