"""Read everything that observed programs hold: cheap things first, within a budget of CPU time.

::

    pages, semaphores ──▶ who waits ──▶ holders ──▶ queues, pipes, values ──▶ now and then: fds, mappings, listeners

If the time is over, the rest keeps its last figures and comes first in the next reading.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from app.core.resources.blocked import Blocked
from app.core.resources.book import Book
from app.core.resources.edges import Edges
from app.core.resources.reading import Reading
from app.core.resources.readings import LOCKS, QUEUES, SEMAPHORES
from app.core.resources.thing import Thing
from app.core.resources.unblockers import Unblockers
from app.records.guard import Guarding
from app.records.primitives import Now
from app.records.resource import ResourceKind

from .figures import FigureReader
from .locks import LockReader
from .managers import Held, ManagerCalls, Managers
from .peers import PeerFinder
from .process_view import ProcessView, ProcessViews
from .subprocesses import Subprocesses
from .waits import WaitFinder

#: CPU time of one reading, however much there is to read; CPU time, so that a busy machine does not stop it.
BUDGET_S = 0.025
#: Between two readings of fds and mappings, which change seldom and cost most.
_SELDOM_S = 2.0

K = ResourceKind
T = TypeVar("T")
_SEMAPHORES = LOCKS | SEMAPHORES


class ResourceReader:
    """Makes the readings; keeps the wait graph in ``edges``."""

    def __init__(
        self,
        book: Book,
        views: ProcessViews,
        locks: LockReader,
        figures: FigureReader,
        cpu: Callable[[], float],
        guard: Guarding,
    ) -> None:
        self._guard = guard
        self._unblockers = Unblockers(book)
        self.edges = Edges(book, self._unblockers)
        self._book, self._views, self._cpu = book, views, cpu
        self._locks, self._figures = locks, figures
        self._managed = Managers(book, views)
        self._peers = PeerFinder(book, views, cpu)
        self._subprocesses = Subprocesses(views, self._peers)
        self._waits = WaitFinder(book, views, self._peers, ManagerCalls(book, self._managed, views))
        self._turn = 0
        self._seldom_at = 0.0
        #: Where the next reading begins, by kind of work.
        self._starts: dict[str, int] = {}
        self._ends_at = 0.0
        #: How old the oldest reading of the waits of a process is.
        self.behind_s = 0.0

    def close(self) -> None:
        self._peers.close()
        self._subprocesses.close()

    def read(self, now: Now) -> None:
        self._turn += 1
        self._ends_at = self._cpu() + BUDGET_S
        wall_of_mono = now.wall_of_mono
        things = list(self._book)
        for view in self._views.values():
            view.begin(self._turn)
        self._managed.look()
        for thing in things:
            with self._guard.over("readings"):
                self._value(thing, now)
        self._some("waits", self._views.values(), lambda view: view.look_at_waits(now.mono))
        self._note_age(now.mono)
        locks = (one for one in things if one.kind in LOCKS and not one.managed)
        self._some("locks", locks, lambda one: self._holder(one, now))
        self._some("figures", (one for one in things if one.kind in _FIGURES), lambda one: self._figure(one, now))
        self._some("semaphores", filter(self._is_whole, things), lambda one: self._acquired(one, now))
        self._look_at_edges(now, wall_of_mono)
        self._peers.strangers.look(self._views, now.mono)
        if now.mono >= self._seldom_at:
            self._seldom_at = now.mono + _SELDOM_S
            self._seldom(things)
        for view in self._views.values():
            view.end()

    def _note_age(self, now: float) -> None:
        """Note how old the oldest reading of waits is; one of a process that was never read begins now."""
        oldest = now
        for view in self._views.values():
            view.waits_at = now if view.waits_at is None else view.waits_at
            oldest = min(oldest, view.waits_at)
        self.behind_s = now - oldest

    def _some(self, name: str, items: Iterable[T], work: Callable[[T], None]) -> None:
        """Do the work for as many items as time permits, at least one; begin where the last reading stopped."""
        all_of_them = list(items)
        count = len(all_of_them)
        start = self._starts.get(name, 0) % count if count else 0
        for done in range(count):
            if done and self._cpu() > self._ends_at:
                self._starts[name] = start + done
                return
            with self._guard.over("readings"):
                work(all_of_them[(start + done) % count])

    def _value(self, thing: Thing, now: Now) -> None:
        if thing.managed:
            self._managed_lock(thing, now)
        elif thing.kind in _SEMAPHORES:
            state = self._locks.semaphore(thing)
            thing.reading.value = state.value if state else None

    def _holder(self, thing: Thing, now: Now) -> None:
        self._locks.holder(thing, now.mono, self._turn)

    def _is_whole(self, thing: Thing) -> bool:
        """Return whether it is a semaphore of its own; inside a queue or a condition it counts items or sleepers."""
        return thing.kind in SEMAPHORES and not thing.managed and self._book.whole(thing) is None

    def _acquired(self, thing: Thing, now: Now) -> None:
        self._locks.acquisitions(thing, now.mono)

    def _managed_lock(self, thing: Thing, now: Now) -> None:
        """Read who holds a managed lock, from the notes of its server."""
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
        holders = (held.pid,) if held.pid else self._peers.holders(self._peers.peer_of(held.connection))
        if len(holders) != 1:
            reading.holding.unclear()
        elif holders[0] in self._views:
            reading.holding.held_by(holders[0], held.since)
        elif self._book.has_died(holders[0]):
            reading.holding.no_living_holder(holders[0], now.mono, somebody_died=True)
        else:
            reading.holding.unclear()

    def _figure(self, thing: Thing, now: Now) -> None:
        figures = self._figures
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
                figures.pool(thing, now.wall_of_mono)

    def _look_at_edges(self, now: Now, wall_of_mono: float) -> None:
        seen_now: list[Blocked] = []
        for view in self._views.values():
            with self._guard.over("readings"):
                seen_now += self._waits.of(view)
        with self._guard.over("readings"):
            seen_now += self._subprocesses.waits(self._turn, now.mono, tuple(seen_now))
        found = [self._dated(one) for one in seen_now if not self._is_reported_join(one)]
        seen = {(one.pid, one.of) for one in found}
        for pid, view in self._views.items():
            child, since = view.joins or (None, None)
            # A wait for a sentinel looks like a poll of an fd that is no resource.
            waits = view.memory.refused or any(w.main and w.for_ != "thread" for w in view.threads.waits)
            if child is not None and (pid, child) not in seen and waits:
                alone = view.threads.alone
                found.append(Blocked(pid, None, None, "join", True, False, of=child, since=since, alone=alone))
        self._unblockers.semaphore_holders = {
            one.at.key: self._locks.acquired_by(one.at) for one in found if one.at and one.at.kind in SEMAPHORES
        }
        views = {**self._views, **self._subprocesses.views}
        self._unblockers.threads = {pid: view.threads.tids for pid, view in views.items()}
        self.edges.look(found, now.wall, wall_of_mono)

    def _is_reported_join(self, one: Blocked) -> bool:
        """Return whether it is the wait for a sentinel of a join that the process has reported."""
        view = self._views.get(one.pid)
        return bool(view and one.main and one.thing is None and one.of is None and view.joins is not None)

    def _dated(self, one: Blocked) -> Blocked:
        """Return the wait with its reported beginning, if it is a reported join."""
        view = self._views.get(one.pid)
        child, since = (view.joins if view else None) or (None, None)
        return one._replace(since=since) if one.of is not None and one.of == child else one

    def _seldom(self, things: list[Thing]) -> None:
        self._some("fds", self._views.values(), ProcessView.look_at_fds)
        self._some("mappings", self._with_shared_memory(things), ProcessView.look_at_mappings)
        index = self._figures.index_fds()
        self._peers.renew(index)
        for thing in things:
            with self._guard.over("readings"):
                if thing.kind is K.PIPE:
                    self._figures.ends(thing, index)
                elif thing.kind is K.SHARED_MEMORY:
                    self._figures.shared_memory(thing)
        listeners = (one for one in things if one.kind is K.LISTENER)
        self._some("listeners", listeners, self._figures.listener)

    def _with_shared_memory(self, things: list[Thing]) -> list[ProcessView]:
        """Return the processes of the programs that have shared memory."""
        programs = {thing.program for thing in things if thing.kind is K.SHARED_MEMORY}
        return [view for pid, view in self._views.items() if self._book.programs.get(pid) in programs]


_FIGURES = QUEUES | {K.PIPE, K.VALUE, K.ARRAY, K.BARRIER, K.MANAGER, K.POOL}
