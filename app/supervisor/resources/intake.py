"""Take in what observed processes report: what they make, pass on and drop, whom they start, and when they end.

::

    Observation ──message, fds──▶ Intake ──▶ Book: what exists and who uses it
                ──fork, end─────▶        └─▶ ProcessViews, SemaphoreFiles: through what it is read from outside
"""

import os
from collections.abc import Sequence
from typing import TypeVar

from app.core.resources.book import Book
from app.core.resources.thing import Thing, number
from app.linux.semaphores import SemaphoreFiles
from app.protocol import observer as w
from app.records.primitives import Key, Now
from app.supervisor.observers import pages
from app.supervisor.observers.pages import Page

from .figures import FigureReader
from .process_view import ProcessView, ProcessViews

#: Ended processes, helpers and last tasks that are remembered, of each the newest.
_MAX_REMEMBERED = 1000
#: The role of a pool's worker begins with this; the key of its pool follows.
_POOL = "pool:"
_HELPERS = frozenset({"tracker", "forkserver"})
#: The start methods with which a child unpickles what it is given, after it has started.
_PICKLING = frozenset({"spawn", "forkserver"})
_NS = 1e9

K = TypeVar("K")
V = TypeVar("V")


class Intake:
    """Enters reports into the book, and keeps a view of every living process."""

    def __init__(self, book: Book, views: ProcessViews, files: SemaphoreFiles, figures: FigureReader) -> None:
        self._book, self._views, self._files, self._figures = book, views, files, figures
        self._last_tasks: dict[int, str] = {}
        self._helpers: dict[int, None] = {}
        self._ended: dict[Key, None] = {}
        # Processes that had ended when they were first heard of: no further report will come.  What they said, and
        # their page, counts all the same.
        self._already_ended: set[int] = set()

    def report(self, key: Key, word: w.AnyWord, fds: Sequence[int], now: Now) -> None:
        """Take in a report; its fds are owned from now on.  Start time 0: the process had ended already."""
        pid = key[0]
        start = 0 if key in self._ended else key[1]
        view = self._views.get(pid)
        if view and view.start != start:
            self.ended(pid, now)
            view = None
        left = list(fds)
        try:
            self._take(pid, word, left, start, now, view)
        finally:
            for fd in left:
                os.close(fd)
        if not start:
            self._already_ended.add(pid)

    def _take(self, pid: int, word: w.AnyWord, left: list[int], start: int, now: Now, view: ProcessView | None) -> None:
        """Take in a word, and of its fds those that it is about; the others stay ``left``."""
        match word:
            case w.Hello():
                self._hello(pid, word, left, start)
            case w.Paged():
                self._paged(pid, left)
            case w.Made():
                self._made(pid, word, left, now)
            case w.Threaded() if view:
                self._book.reach.threaded(pid, word)
            case w.Handling() if view:
                self._book.reach.handling(pid, word)
            case w.Alarm() if view:
                self._book.reach.alarms[pid] = word.at / _NS + word.seconds
            case w.Dropped():
                self._dropped(pid, word.key, now.mono)
            case w.Started():
                self._started(pid, word, now)
            case w.Booted():
                self._book.starting.end(pid)
            case w.Joining() | w.Joined() if view:
                begins = isinstance(word, w.Joining) and not word.over
                view.joins = (word.child, word.at / _NS) if begins else None

    def forked(self, parent: int, child: int) -> None:
        """Let ``child``, which was made by fork, use what its parent uses."""
        self._book.forked(parent, child)
        self._need_slots(child)

    def ended(self, pid: int, now: Now) -> None:
        """Note the end of a process, after a last look at its page."""
        view = self._views.get(pid)
        if view and view.page:
            view.page.look()
            self._keep_counts(pid, view.page)
        if view:
            del self._views[pid]
            view.close_with_page()
            if view.start:
                _remember(self._ended, (pid, view.start), None)
        self._helpers.pop(pid, None)
        self._book.gone(pid, now.mono)
        self._book.programs.pop(pid, None)

    def end_late(self, now: Now) -> None:
        """End the processes that had ended when they were first heard of."""
        while self._already_ended:
            self.ended(self._already_ended.pop(), now)

    def task_of(self, pid: int) -> str | None:
        """Return the task that a pool worker runs, or ran when it died."""
        view = self._views.get(pid)
        if view is None:
            return self._last_tasks.get(pid)
        return view.page.head.task if view.page and view.page.head else None

    def _hello(self, pid: int, word: w.Hello, fds: list[int], start: int) -> None:
        self._book.programs[pid] = word.program
        if pid in self._views:
            return
        view = self._views[pid] = ProcessView(pid, start)
        view.is_helper = pid in self._helpers
        self._paged(pid, fds)

    def _paged(self, pid: int, fds: list[int]) -> None:
        """Take the page of a process, unless it has one."""
        view = self._views.get(pid)
        if view and not view.page and fds and pages.is_page(fds[0]):
            view.page = Page(fds.pop(0))
        self._need_slots(pid)

    def _made(self, pid: int, word: w.Made, fds: list[int], now: Now) -> None:
        wall = now.wall - max(0.0, now.mono - word.at / _NS if word.at else 0.0)
        self._files.take(fds)
        thing = self._book.made(pid, word, now.mono, wall)
        if view := self._views.get(pid):
            view.fds_are_old = view.mappings_are_old = True
        for one in (thing, self._book.part(thing, "pipe")) if thing else ():
            if one:
                self._need_slot(pid, one)

    def _started(self, pid: int, word: w.Started, now: Now) -> None:
        if word.start_method in _PICKLING and word.role not in _HELPERS:
            self._book.starting.begin(pid, word.child, now.mono)
        if word.role and word.role.startswith(_POOL):
            self._book.worker(word.role.removeprefix(_POOL), word.child)
        self._book.reach.started(word)
        if word.role in _HELPERS:
            _remember(self._helpers, word.child, None)
            if child := self._views.get(word.child):
                child.is_helper = True
        view = self._views.get(pid)
        if view and word.sentinel is not None:
            view.sentinels[word.sentinel] = word.child

    def _dropped(self, pid: int, key: str, now: float) -> None:
        if thing := self._book.find(key):
            self._figures.keep_counts(thing, pid)
        self._book.dropped(pid, key, now)

    def _need_slots(self, pid: int) -> None:
        for thing in self._book.held_by(pid):
            self._need_slot(pid, thing)

    def _need_slot(self, pid: int, thing: Thing) -> None:
        view = self._views.get(pid)
        slot = number(thing.users.get(pid, {}), "counters")
        if view and view.page and slot is not None:
            view.page.need(slot)

    def _keep_counts(self, pid: int, page: Page) -> None:
        """Keep what the page of an ended process counted."""
        for thing in self._book.held_by(pid):
            self._figures.keep_counts(thing, pid)
        if page.head:
            if pool := self._book.pool_of(pid):
                pool.reading.done_by_dead += page.head.tasks_done
            if page.head.task is not None:
                _remember(self._last_tasks, pid, page.head.task)


def _remember(things: dict[K, V], key: K, value: V) -> None:
    things[key] = value
    if len(things) > _MAX_REMEMBERED:
        del things[next(iter(things))]
