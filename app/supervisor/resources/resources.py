"""What observed programs hold: told by their processes, read from outside, kept as records.

The loop calls: `told` for every word, `forked` and `gone` for what becomes of processes, `read` in every turn (which
does nothing until it is due), and `break_lock` when a person asks.  Nothing in here waits for anybody, and no process
has to be our child; what the kernel refuses to show stays unknown.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from app.core.charts.resources import Charts
from app.core.findings.scene import Leak
from app.core.resources.book import Book
from app.core.resources.readings import Records
from app.core.resources.thing import Thing, number
from app.linux.semaphores import SemaphoreFiles
from app.protocol import observer as w
from app.records.primitives import Key, Now
from app.records.resource import Resource
from app.records.waits import Edge
from app.supervisor.observers import pages
from app.supervisor.observers.pages import Page

from .breaking import Breaker
from .figures import FigureReader
from .handover import Estate
from .leaks import Leaks
from .locks import LockReader
from .reading import Turns
from .window import Window, Windows

#: Between two readings while somebody watches, and otherwise.
WATCHED_S, UNWATCHED_S = 0.25, 2.0
#: Of one core: where there is more to read, it is read less often.
MOST_CPU = 0.05
_REMEMBERED = 1000
_POOL = "pool:"
_HELPERS = frozenset({"tracker", "forkserver"})

K = TypeVar("K")
V = TypeVar("V")


class Resources:
    """All of it.  ``watched``: somebody looks at the figures.  ``cpu`` tells the CPU time that our thread has used."""

    def __init__(self, cpu: Callable[[], float] = time.thread_time) -> None:
        self.watched = False
        self.records: dict[str, Resource] = {}
        self.leaks: tuple[Leak, ...] = ()
        self.charts = Charts()
        self._book = Book()
        self._windows = Windows()
        self._files = SemaphoreFiles()
        self._locks = LockReader(self._windows, self._files)
        self._figures = FigureReader(self._windows)
        self._turns = Turns(self._book, self._windows, self._locks, self._figures, cpu)
        self._records = Records(self._book)
        self._breaker = Breaker(self._book, self._locks, self._files, cpu)
        self._leaks = Leaks()
        self._last_tasks: dict[int, str] = {}
        self.estate = Estate(self._book, self._windows, self._turns.edges, self._files)
        self._helpers: dict[int, None] = {}
        self._over: dict[Key, None] = {}
        # Those that had ended when we heard of them: nobody will tell that again.  What they said, and their page,
        # counts all the same.
        self._late: set[int] = set()
        self._cpu = cpu
        self._last = 0.0
        self._cost_s = 0.0

    def told(self, key: Key, word: w.AnyWord, fds: Sequence[int], now: Now) -> None:
        """A process said something; its fds are ours from now on.  ``key``: start time 0 where it is gone already."""
        pid = key[0]
        start = 0 if key in self._over else key[1]
        window = self._windows.get(pid)
        if window and window.start != start:
            self.gone(pid, now)
            window = None
        left = list(fds)
        match word:
            case w.Hello():
                self._hello(pid, word, left, start)
            case w.Paged():
                self._paged(pid, left)
            case w.Made():
                self._made(pid, word, left, now)
            case w.Dropped():
                self._dropped(pid, word.key, now.mono)
            case w.Started():
                self._started(pid, word)
            case w.Joining() | w.Joined() if window:
                begins = isinstance(word, w.Joining) and not word.over
                window.joins = (word.child, word.at / 1e9) if begins else None
        for fd in left:
            os.close(fd)
        if not start:
            self._late.add(pid)

    def forked(self, parent: int, child: int) -> None:
        """``child`` was made by fork: it has what its parent has."""
        self._book.forked(parent, child)
        self._need_slots(child)

    def gone(self, pid: int, now: Now) -> None:
        """The process has ended."""
        window = self._windows.get(pid)
        if window and window.page:
            window.page.look()
            self._bury(pid, window.page)
        if window:
            del self._windows[pid]
            _close(window)
            if window.start:
                _remember(self._over, (pid, window.start), None)
        self._helpers.pop(pid, None)
        self._book.gone(pid, now.mono)
        self._book.programs.pop(pid, None)

    def next_deadline(self) -> float:
        """When `read` is due (monotonic)."""
        pause = WATCHED_S if self.watched else UNWATCHED_S
        return self._last + max(pause, self._cost_s / MOST_CPU)

    def read(self, now: Now) -> set[str]:
        """Read, if it is due; the ids of the records that are new, changed or gone since the last call."""
        if now.mono < self.next_deadline():
            return set()
        self._last = now.mono
        began = self._cpu()
        changed = self._read(now)
        self._cost_s = self._cpu() - began
        return changed

    def edges(self) -> tuple[Edge, ...]:
        """Who waits for what, by the last reading."""
        return self._turns.edges.edges

    def task_of(self, pid: int) -> str | None:
        """What a worker of a pool executes, or executed when it died."""
        window = self._windows.get(pid)
        if window is None:
            return self._last_tasks.get(pid)
        return window.page.head.task if window.page and window.page.head else None

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
        return self._breaker.break_lock(resource_id)

    def forget(self, program: str) -> None:
        """The program is not shown any more, as nothing of it lives: nor is what it left behind."""
        self._book.forget(program)
        self._leaks.forget(program)
        self.leaks = tuple(leak for leak in self.leaks if leak.program != program)

    def close(self) -> None:
        """Let go of everything."""
        for window in self._windows.values():
            _close(window)
        self._windows.clear()
        self._files.close()
        self._turns.close()

    def _read(self, now: Now) -> set[str]:
        while self._late:
            self.gone(self._late.pop(), now)
        over = self._book.expire(now.mono)
        for thing in over:
            self._forget(thing)
        self.leaks = self._leaks.look(over)
        if not (self._book.by_key or self._windows or self._turns.edges.edges):
            return self._renew({})
        self._turns.read(now)
        fresh = {thing.id: self._records.record(thing, now.mono) for thing in self._book}
        self.charts.look(fresh.values(), now)
        return self._renew(fresh)

    def _hello(self, pid: int, word: w.Hello, fds: list[int], start: int) -> None:
        self._book.programs[pid] = word.program
        if pid in self._windows:
            return
        window = self._windows[pid] = Window(pid, start)
        window.is_helper = pid in self._helpers
        self._paged(pid, fds)

    def _paged(self, pid: int, fds: list[int]) -> None:
        """Its page, of which there is one at most."""
        window = self._windows.get(pid)
        if window and not window.page and fds and pages.is_page(fds[0]):
            window.page = Page(fds.pop(0))
        self._need_slots(pid)

    def _made(self, pid: int, word: w.Made, fds: list[int], now: Now) -> None:
        wall = now.wall - max(0.0, now.mono - word.at / 1e9 if word.at else 0.0)
        self._files.take(fds)
        thing = self._book.made(pid, word, now.mono, wall)
        for one in (thing, self._book.part(thing, "pipe")) if thing else ():
            if one:
                self._need_slot(pid, one)

    def _started(self, pid: int, word: w.Started) -> None:
        if word.role and word.role.startswith(_POOL):
            self._book.worker(word.role.removeprefix(_POOL), word.child)
        if word.role in _HELPERS:
            _remember(self._helpers, word.child, None)
            if child := self._windows.get(word.child):
                child.is_helper = True
        window = self._windows.get(pid)
        if window and word.sentinel is not None:
            window.sentinels[word.sentinel] = word.child

    def _dropped(self, pid: int, key: str, now: float) -> None:
        if thing := self._book.find(key):
            self._figures.bury(thing, pid)
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
            self._figures.bury(thing, pid)
        if page.head:
            if pool := self._book.pool_of(pid):
                pool.reading.done_by_dead += page.head.tasks_done
            if page.head.task is not None:
                _remember(self._last_tasks, pid, page.head.task)

    def _forget(self, thing: Thing) -> None:
        self.charts.history.forget(thing.id)
        # Where another has its key by now, it has its file too.
        if thing.key not in self._book.by_key:
            self._files.drop(thing.key)

    def _renew(self, fresh: dict[str, Resource]) -> set[str]:
        changed = {key for key, record in fresh.items() if self.records.get(key) != record}
        changed |= self.records.keys() - fresh.keys()
        self.records = fresh
        return changed


def _close(window: Window) -> None:
    window.close()
    if window.page:
        window.page.close()


def _remember(things: dict[K, V], key: K, value: V) -> None:
    things[key] = value
    if len(things) > _REMEMBERED:
        del things[next(iter(things))]
