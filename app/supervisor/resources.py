"""What observed programs hold: told by their processes, read from outside, kept as records.

The loop calls: `told` for every word, `forked` and `gone` for what becomes of processes, `read` in every turn (which
does nothing until it is due), and `break_lock` when a person asks.  Nothing in here waits for anybody, and no process
has to be our child; what the kernel refuses to show stays unknown.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Sequence

from . import breaking, pages, semaphores
from . import observer_words as w
from .actions import Key, Now
from .errors import NoSuchProcess, NotPossible
from .figure_reader import FigureReader
from .leaks import Leaks
from .lock_reader import LockReader
from .pages import Page
from .program_model import Edge, Resource
from .reading import Turns
from .readings import LOCKS, Reading, Records
from .resource_book import Book, Thing, number
from .resource_charts import Charts
from .scene import Leak
from .semaphores import SemaphoreFile
from .window import Window
from .windows import Windows

#: Between two readings while somebody watches, and otherwise.
WATCHED_S, UNWATCHED_S = 0.25, 2.0
_TASKS_REMEMBERED = 1000
_POOL = "pool:"


class Resources:
    """All of it.  ``watched``: somebody looks at the figures; ``last_tasks``: what a dead pool worker was doing."""

    def __init__(self) -> None:
        self.watched = False
        self.records: dict[str, Resource] = {}
        self.leaks: tuple[Leak, ...] = ()
        self.last_tasks: dict[int, str] = {}
        self.charts = Charts()
        self._book = Book()
        self._windows = Windows()
        self._files: dict[str, SemaphoreFile] = {}
        self._readings: dict[str, Reading] = {}
        self._locks = LockReader(self._windows, self._files)
        self._figures = FigureReader(self._windows)
        self._turns = Turns(self._book, self._windows, self._readings, self._locks, self._figures)
        self._records = Records(self._book, self._readings)
        self._leaks = Leaks()
        self._starts: dict[int, int] = {}
        self._last = 0.0

    def told(self, pid: int, key: Key, word: w.AnyWord, fds: Sequence[int] = ()) -> None:
        """A process said something; its fds are ours from now on.  ``key``: start time 0 where it is gone already."""
        if self._starts.setdefault(pid, key[1]) != key[1]:
            self.gone(pid)
            self._starts[pid] = key[1]
        left = list(fds)
        now = time.monotonic()
        match word:
            case w.Hello():
                self._hello(pid, word, left, lives=key[1] != 0)
            case w.Made():
                self._made(pid, word, left, now)
            case w.Dropped():
                self._dropped(pid, word.key, now)
            case w.Started(role=str(role), child=child) if role.startswith(_POOL):
                self._book.worker(role.removeprefix(_POOL), child)
            case w.Joining(child=child, over=False):
                self._turns.joins[pid] = (child, word.at / 1e9)
            case w.Joining() | w.Joined():
                self._turns.joins.pop(pid, None)
        for fd in left:
            os.close(fd)
        if not key[1]:
            # Nobody will tell that it ended; those that it forked may still want to know what it had.
            self._book.gone(pid, now)

    def forked(self, parent: int, child: int) -> None:
        """``child`` was made by fork: it has what its parent has."""
        self._book.forked(parent, child)
        self._need_slots(child)

    def gone(self, pid: int) -> None:
        """The process has ended."""
        window = self._windows.get(pid)
        if window and window.page:
            window.page.look()
            self._bury(pid, window.page)
        if window:
            del self._windows[pid]
            window.close()
            if window.page:
                window.page.close()
        self._starts.pop(pid, None)
        self._turns.joins.pop(pid, None)
        self._book.gone(pid, time.monotonic())
        self._book.programs.pop(pid, None)

    def task_of(self, pid: int) -> str | None:
        """What a process executes by its page, or what it executed when it died."""
        window = self._windows.get(pid)
        if window is None:
            return self.last_tasks.get(pid)
        return window.page.head.task if window.page and window.page.head else None

    def next_deadline(self) -> float:
        """When `read` is due (monotonic)."""
        return self._last + (WATCHED_S if self.watched else UNWATCHED_S)

    def read(self, now: Now) -> set[str]:
        """Read, if it is due; the ids of the records that are new, changed or gone since the last call."""
        if now.mono < self.next_deadline():
            return set()
        self._last = now.mono
        over = self._book.expire(now.mono)
        for thing in over:
            self._forget(thing)
        self.leaks = self._leaks.look(over)
        if not self._book.by_key:
            return self._renew({})
        self._turns.read(now)
        fresh = {thing.id: self._records.record(thing, now.mono) for thing in self._book}
        self.charts.look(fresh.values(), now)
        return self._renew(fresh)

    def edges(self) -> tuple[Edge, ...]:
        """Who waits for what, by the last reading."""
        return self._turns.edges.edges

    @property
    def not_read(self) -> int:
        """How many looks the last reading had no time for; those things show older figures."""
        return self._turns.not_read

    @property
    def not_kept(self) -> int:
        """How many things were told that there was no room for."""
        return self._book.not_kept

    def break_lock(self, resource_id: str) -> str:
        """Release the lock, or those inside of it, in the place of the dead holder; the sentence says what to check.

        Raises `NotPossible` where the holder lives, or may live.
        """
        thing = self._book.by_id.get(resource_id)
        if thing is None:
            raise NoSuchProcess(f"there is no resource {resource_id}")
        locks = breaking.abandoned_locks(self._book, thing, self._readings)
        if not locks:
            raise NotPossible(f"{breaking.named(thing)} cannot be broken: {self._why_not(thing)}")
        return " ".join(self._break(lock) for lock in locks)

    def close(self) -> None:
        """Let go of everything."""
        for pid in tuple(self._windows):
            self.gone(pid)
        for file in self._files.values():
            file.close()
        self._files.clear()

    def _hello(self, pid: int, word: w.Hello, fds: list[int], *, lives: bool) -> None:
        self._book.programs[pid] = word.program
        if pid in self._windows or not lives:
            return
        window = self._windows[pid] = Window(pid)
        if fds and pages.is_page(fds[0]):
            window.page = Page(fds.pop(0))
        self._need_slots(pid)

    def _made(self, pid: int, word: w.Made, fds: list[int], now: float) -> None:
        wall = time.time() - max(0.0, now - word.at / 1e9 if word.at else 0.0)
        for fd in list(fds):
            inode = semaphores.inode_of(fd)
            key = f"sem:{inode}"
            if inode and key not in self._files and len(self._files) < _file_limit():
                self._files[key] = SemaphoreFile(fd)
                fds.remove(fd)
        thing = self._book.made(pid, word, now, wall)
        for one in (thing, self._book.part(thing, "pipe")) if thing else ():
            if one:
                self._readings.setdefault(one.key, Reading())
                self._need_slot(pid, one)

    def _dropped(self, pid: int, key: str, now: float) -> None:
        if thing := self._book.find(key):
            self._figures.bury(thing, self._readings[thing.key], pid)
        self._book.dropped(pid, key, now)

    def _need_slots(self, pid: int) -> None:
        for thing in self._book.held_by(pid):
            self._need_slot(pid, thing)

    def _need_slot(self, pid: int, thing: Thing) -> None:
        window = self._windows.get(pid)
        slot = number(thing.users.get(pid, {}), "counters")
        if window and window.page and slot is not None:
            window.page.need(slot)

    def _bury(self, pid: int, page: Page) -> None:
        """What its page said last stays known."""
        for thing in self._book.held_by(pid):
            self._figures.bury(thing, self._readings[thing.key], pid)
        if page.head:
            if pool := self._book.pool_of(pid):
                self._readings[pool.key].done_by_dead += page.head.tasks_done
            if page.head.task is not None:
                self.last_tasks[pid] = page.head.task
                if len(self.last_tasks) > _TASKS_REMEMBERED:
                    del self.last_tasks[next(iter(self.last_tasks))]

    def _forget(self, thing: Thing) -> None:
        self._readings.pop(thing.key, None)
        self.charts.history.forget(thing.id)
        if file := self._files.pop(thing.key, None):
            file.close()

    def _renew(self, fresh: dict[str, Resource]) -> set[str]:
        changed = {key for key, record in fresh.items() if self.records.get(key) != record}
        changed |= self.records.keys() - fresh.keys()
        self.records = fresh
        return changed

    def _why_not(self, thing: Thing) -> str:
        if thing.kind not in LOCKS:
            return "none of its locks is known to be held by a dead process"
        return breaking.why_not(thing, self._readings[thing.key], self._locks) or "it is not known who holds it"

    def _break(self, lock: Thing) -> str:
        reading = self._readings[lock.key]
        if why := breaking.why_not(lock, reading, self._locks):
            raise NotPossible(f"{breaking.named(lock)} cannot be broken: {why}")
        waiting = len(reading.waiting)
        breaking.release(lock, self._files.get(lock.key))
        holder = reading.holding.holder
        reading.holding.free()
        reading.dead_owners.clear()
        return breaking.sentence(lock, holder, waiting)


def _file_limit() -> int:
    """A third of the fds, one for each semaphore; of the others the memory of their users tells."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 3
