"""A window into one observed process: its memory, page, mappings, fds and waits, each as fresh as was affordable.

What cannot be looked at reads as nothing.  All of /proc is reached by an open fd of the process's folder: after its
end that leads nowhere, and never to another process with the same pid.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from app.core.resources.thing import Thing, number
from app.linux import pipes, proc
from app.linux import thread_waits as waiters
from app.linux.mappings import Mappings
from app.linux.memory import Memory
from app.linux.pipes import Borrower, Fd
from app.linux.procfs import parse_stat
from app.linux.thread_waits import Threads, Wait
from app.supervisor.observers.pages import NOTHING, Counter, Page

_MAPS_BYTES = 4 * 1024 * 1024
#: An address that is behind no semaphore is looked for again only after so many readings.
_MISSED_FOR = 8
_RUNS = 256
_NOWHERE = "none"


class _Run(NamedTuple):
    ran: int
    token: int
    stopped: bool


class Window:
    """One process, by its start time in ticks, 0 where it is gone already; owns three fds, or four with its page."""

    def __init__(self, pid: int, start: int) -> None:
        self.pid = pid
        self.start = start
        self._folder_fd = proc.kept_folder(f"{pid}") if start else None
        self.folder = _NOWHERE if self._folder_fd is None else f"self/fd/{self._folder_fd}"
        self.memory = Memory(self.folder)
        self.page: Page | None = None
        self.threads = Threads()
        self.fds: dict[int, list[Fd]] = {}
        self.mappings = Mappings()
        self.names: frozenset[str] = frozenset()
        #: Of the children that it started: by the fd at which it is told of their end.
        self.sentinels: dict[int, int] = {}
        #: For which child it told that it waits, since when (monotonic).
        self.joins: tuple[int, float] | None = None
        #: Whether it is one that multiprocessing has started for itself, and that waits for everybody.
        self.is_helper = False
        self._mapped_in = self._turn = 0
        self._missed: dict[int, int] = {}
        self._runs: dict[int, _Run] = {}
        self._borrower: Borrower | None = None

    def begin(self, turn: int) -> None:
        """A new reading: the page is looked at, and what is borrowed is borrowed anew."""
        self._turn = turn
        if self.page:
            self.page.look()

    def look_at_waits(self) -> None:
        """What its threads wait for."""
        self.threads = waiters.look(self.pid, self.folder, self.memory)
        # One that waits no more is remembered: while it is being stopped, a thread is in no call.
        if len(self._runs) > _RUNS:
            self._runs = {wait.tid: self._runs[wait.tid] for wait in self.threads.waits if wait.tid in self._runs}
        for wait in self.threads.waits:
            self._runs[wait.tid] = self._run(wait)

    def token(self, wait: Wait) -> int:
        """The same number as long as it is the same wait: a thread that has run meanwhile is in another one.

        Being stopped and continued, for which it runs too, changes nothing.
        """
        return self._runs[wait.tid].token

    def look_at_fds(self) -> None:
        """Which pipes and sockets it has, by inode."""
        self.fds = {}
        for one in pipes.fds(self.folder):
            self.fds.setdefault(one.inode, []).append(one)

    def look_at_mappings(self) -> None:
        """What it shares by memory; once in a turn is enough."""
        if self._mapped_in != self._turn:
            self._mapped_in = self._turn
            self.mappings = Mappings(proc.whole(f"{self.folder}/maps", _MAPS_BYTES))
            self.names = self.mappings.names()

    def semaphore_at(self, address: int) -> int | None:
        """The inode of the semaphore that a thread waits at."""
        found = self.mappings.inode(address)
        if found is None and self._turn >= self._missed.get(address, 0):
            self.look_at_mappings()
            found = self.mappings.inode(address)
            if found is None:
                self._missed = {a: turn for a, turn in self._missed.items() if turn > self._turn}
                self._missed[address] = self._turn + _MISSED_FOR
        return found

    def inode_at(self, fd: int) -> int | None:
        """The inode of the pipe or socket that it has there."""
        return pipes.inode_at(self.folder, fd)

    def unread(self, fd: int, inode: int) -> int | None:
        """Bytes that nobody has read yet."""
        return self._borrowed().unread(fd, inode)

    def expires(self, fd: int, inode: int, *, reads: bool) -> bool:
        """Whether a wait at that socket may end by itself; True where that cannot be told."""
        return self._borrowed().expires(fd, inode, reads=reads) is not False

    def _borrowed(self) -> Borrower:
        if self._borrower is None:
            self._borrower = Borrower(None if self.folder == _NOWHERE else self.pid)
        return self._borrower

    def _run(self, wait: Wait) -> _Run:
        before = self._runs.get(wait.tid)
        if before is None:
            return _Run(wait.ran, wait.ran, stopped=False)
        if before.ran == wait.ran:
            return before
        stopped = self._is_stopped(wait.tid)
        return _Run(wait.ran, before.token if stopped or before.stopped else wait.ran, stopped)

    def _is_stopped(self, tid: int) -> bool:
        line = proc.read(f"{self.folder}/task/{tid}/stat", 1024)
        return bool(line) and parse_stat(line or b"").state in "tT"

    def end(self) -> None:
        """The reading is over: nothing borrowed is kept."""
        if self._borrower:
            self._borrower.close()
            self._borrower = None

    def close(self) -> None:
        """The process has ended; its page is kept by whoever wants to know what it said last."""
        self.end()
        self.memory.close()
        if self._folder_fd is not None:
            os.close(self._folder_fd)
            self._folder_fd = None
            self.folder = _NOWHERE


T = TypeVar("T")


class Windows(dict[int, Window]):
    """By pid; of the living only."""

    def told(self, thing: Thing, fact: str) -> Iterator[tuple[Window, int]]:
        """Who has the thing and told that number about it: an address, an fd."""
        for pid, facts in thing.users.items():
            value = number(facts, fact)
            window = self.get(pid)
            if value is not None and window is not None:
                yield window, value

    def first(self, thing: Thing, fact: str, read: Callable[[Window, int], T | None]) -> T | None:
        """What is read through the first window through which it can be read."""
        found = (read(window, value) for window, value in self.told(thing, fact))
        return next((one for one in found if one is not None), None)

    def counter(self, thing: Thing, pid: int) -> Counter | None:
        """What that process counts of it; one that has no page yet has counted nothing."""
        slot = number(thing.users.get(pid, {}), "counters")
        window = self.get(pid)
        if slot is None or window is None:
            return None
        return window.page.counter(slot) if window.page else NOTHING
