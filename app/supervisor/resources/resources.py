"""What observed programs hold: reported by their processes, read from outside, kept as records.

The loop calls `read` in every turn (which does nothing until it is due), and `break_lock` when a person asks; `intake`
takes the reports.  Nothing here waits for another process, and no process has to be our child; what the kernel does not
permit to be read stays unknown.
"""

import time
from collections.abc import Callable, Mapping

from app.core.charts.resources import Charts
from app.core.resources.book import Book
from app.core.resources.readings import Records
from app.core.resources.thing import Thing
from app.core.scene.scene import Leak
from app.linux.semaphores import SemaphoreFiles
from app.records.guard import NO_GUARD, Guarding
from app.records.primitives import Now
from app.records.resource import Resource
from app.records.waits import Edge, Node, ThreadWait

from .breaking import Breaker
from .figures import FigureReader
from .file_locks import FileLockReader
from .handover import ResourceHandover
from .intake import Intake
from .leaks import Leaks
from .locks import LockReader
from .open_files import OpenFilesReader
from .process_view import ProcessViews
from .reading import ResourceReader

#: Between two readings, with and without subscribers.
WATCHED_S, UNWATCHED_S = 0.25, 2.0
#: Share of one core: if a reading takes longer, the next one comes later.
MOST_CPU = 0.05


class Resources:
    """All resources.  ``watched``: there are subscribers.  ``cpu`` returns the CPU time that our thread has used."""

    def __init__(self, guard: Guarding = NO_GUARD, cpu: Callable[[], float] = time.thread_time) -> None:
        self.watched = False
        self._guard = guard
        self.records: dict[str, Resource] = {}
        self.leaks: tuple[Leak, ...] = ()
        self.charts = Charts()
        self._book = Book()
        self._views = ProcessViews()
        self._files = SemaphoreFiles()
        locks, figures = LockReader(self._views, self._files), FigureReader(self._views)
        self.intake = Intake(self._book, self._views, self._files, figures)
        self.task_of = self.intake.task_of
        self._reader = ResourceReader(self._book, self._views, locks, figures, cpu, guard)
        self._records = Records(self._book)
        self.break_lock = Breaker(self._book, locks, self._files, cpu).break_lock
        self._leaks = Leaks()
        self._file_locks = FileLockReader(self._book, self._views, cpu)
        self.open_files = OpenFilesReader(self._book, self._views)
        self.handover = ResourceHandover(self._book, self._views, self._reader.edges, self._files, guard)
        self._cpu = cpu
        self._read_at = 0.0
        self._cost_s = 0.0

    def next_deadline(self) -> float:
        """Return when `read` is due (monotonic)."""
        pause = WATCHED_S if self.watched else UNWATCHED_S
        return self._read_at + max(pause, self._cost_s / MOST_CPU)

    def read(self, now: Now) -> set[str]:
        """Read if that is due; return the ids of the records that are new, changed or gone since the last call."""
        if now.mono < self.next_deadline():
            return set()
        self._read_at = now.mono
        began = self._cpu()
        changed = self._read(now)
        self._cost_s = self._cpu() - began
        return changed

    @property
    def pending(self) -> bool:
        """Return whether there are resources, or what nobody uses any more may have been left in /dev/shm."""
        return bool(self.records) or self._book.lingers()

    @property
    def behind_s(self) -> float:
        """Return how old the oldest reading of what a process waits for is."""
        return self._reader.behind_s

    def edges(self) -> tuple[Edge, ...]:
        """Return who waits for what, by the last reading, one edge for all threads of a process."""
        return self._reader.edges.edges + self._file_locks.edges

    def waits(self) -> tuple[ThreadWait, ...]:
        """Return what each thread waits for, by the last reading."""
        return self._reader.edges.waits + self._file_locks.waits

    @property
    def thread_names(self) -> Mapping[int, Mapping[int, str]]:
        """Return by pid what threads are called, as they were reported."""
        return self._book.reach.names

    @property
    def enders(self) -> frozenset[Node]:
        """Return the threads and handlers of signals whose code ends or interrupts processes."""
        return frozenset(self._book.reach.enders())

    @property
    def interruptible(self) -> frozenset[int]:
        """Return the processes that go on after Ctrl-C to end the others."""
        return self._book.reach.interruptible()

    def python_threads(self, pid: int) -> int:
        """Return how many of the threads of a process Python has started, as it has reported."""
        view = self._views.get(pid)
        return len(self._book.reach.names.get(pid, {}).keys() & set(view.threads.tids)) if view else 0

    def id_of(self, key: str) -> str | None:
        """Return the id of the resource with a key that a process reported."""
        found = self._book.find(key)
        return found.id if found else None

    def forget(self, program: str) -> None:
        """Drop the resources and leaks of a program that is no longer shown."""
        self._book.forget(program)
        self._leaks.forget(program)
        self.leaks = tuple(leak for leak in self.leaks if leak.program != program)

    def close(self) -> None:
        for view in self._views.values():
            view.close_with_page()
        self._views.clear()
        self._files.close()
        self._reader.close()

    def _read(self, now: Now) -> set[str]:
        self.intake.end_late(now)
        expired = self._book.expire(now.mono)
        for thing in expired:
            self._forget(thing)
        self.leaks = self._leaks.look(expired)
        if not (self._book.by_key or self._views or self._reader.edges.edges):
            return self._renew({})
        self._reader.read(now)
        with self._guard.over("readings"):
            self._file_locks.look(now)
        fresh: dict[str, Resource] = {}
        for thing in self._book:
            with self._guard.over("readings"):
                fresh[thing.id] = self._records.record(thing, now.mono)
        self.charts.look(fresh.values(), now)
        return self._renew(fresh)

    def _forget(self, thing: Thing) -> None:
        self.charts.history.forget(thing.id)
        # If another thing has its key by now, that one also has its file.
        if thing.key not in self._book.by_key:
            self._files.drop(thing.key)

    def _renew(self, fresh: dict[str, Resource]) -> set[str]:
        changed = {key for key, record in fresh.items() if self.records.get(key) != record}
        changed |= self.records.keys() - fresh.keys()
        self.records = fresh
        return changed
