"""What is read of one observed process from outside: its memory, page, mappings, fds and waits.

What may not be read counts as empty.  /proc is read through an open fd of the process's folder: after its end that
leads nowhere, and never to another process with the same pid.
"""

import os
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from app.core.resources.thing import Thing, number
from app.linux import pipes, proc, thread_waits
from app.linux.mappings import Mappings
from app.linux.memory import Memory
from app.linux.pipes import Borrower, Fd
from app.linux.procfs import parse_stat
from app.linux.thread_waits import Threads, Wait
from app.supervisor.observers.pages import NOTHING, Counter, Page

_MAPS_BYTES = 4 * 1024 * 1024
#: An address at which no semaphore is mapped is looked up again after so many readings.
_LOOK_AGAIN_AFTER = 8
#: Threads whose last wait is remembered.
_MAX_RUNS = 256
#: Queues of a process of which the last get() is remembered.
_MAX_GETS = 1000
_NOWHERE = "none"
#: Where glibc keeps the number of a thread in its ``struct pthread``.
_TID_AT = {"x86_64": 720, "aarch64": 208}


class _Run(NamedTuple):
    """How long a thread had run (ns) when it was last seen waiting, and the token of that wait."""

    ran: int
    token: int
    stopped: bool


class _Gets(NamedTuple):
    """How often a process has got something from a queue, when it last called get(), and when that gave nothing."""

    gets: int
    at: float
    failed_at: float


class ProcessView:
    """One process, by pid and start time in ticks (0: it has ended already); owns up to four fds."""

    def __init__(self, pid: int, start: int) -> None:
        self.pid = pid
        self.start = start
        self._folder_fd = proc.kept_folder(f"{pid}") if start else None
        self.folder = _NOWHERE if self._folder_fd is None else f"self/fd/{self._folder_fd}"
        self.memory = Memory(self.folder)
        self.page: Page | None = None
        self.threads = Threads()
        #: When its waits were last read (monotonic).
        self.waits_at: float | None = None
        self.fds: dict[int, list[Fd]] = {}
        #: Whether it may have more by now: they were not read, or it has reported a resource since.
        self.fds_are_old = True
        self.mappings = Mappings()
        #: Whether another semaphore may be mapped where one was: it has reported one since they were read.
        self.mappings_are_old = True
        self.names: frozenset[str] = frozenset()
        #: The pids of its children, by the fd of their sentinel.
        self.sentinels: dict[int, int] = {}
        #: The child that it reported to join, and since when (monotonic).
        self.joins: tuple[int, float] | None = None
        #: Whether it is a helper of multiprocessing, which waits for any other process.
        self.is_helper = False
        self._mapped_in = self._turn = 0
        self._missed: dict[int, int] = {}
        self._runs: dict[int, _Run] = {}
        self._gets: dict[str, _Gets] = {}
        #: By identifier, the threads that were found.
        self._threads: dict[int, int] = {}
        self._borrower: Borrower | None = None

    def begin(self, turn: int) -> None:
        """Begin a new reading: read the page."""
        self._turn = turn
        if self.page:
            self.page.look()

    def look_at_waits(self, now: float) -> None:
        self.waits_at = now
        self.threads = thread_waits.look(self.pid, self.folder, self.memory)
        # A thread that no longer waits is remembered: while it is being stopped, it is in no call.
        if len(self._runs) > _MAX_RUNS:
            self._runs = {wait.tid: self._runs[wait.tid] for wait in self.threads.waits if wait.tid in self._runs}
        for wait in self.threads.waits:
            self._runs[wait.tid] = self._run(wait)

    def token(self, wait: Wait) -> int:
        """Return a number that stays the same as long as the wait does: a thread that has run waits anew.

        Stopping and continuing a thread, for which it also runs, does not change it.
        """
        return self._runs[wait.tid].token

    def failed_get_at(self, key: str, counter: Counter) -> float:
        """Return when it last called get() of a queue again after a call that got nothing; 0.0 if never.

        By the monotonic clock, as far as two readings show.
        """
        before = self._gets.get(key)
        in_vain = before is not None and before.gets == counter.gets and counter.got_at > before.at
        failed_at = counter.got_at if in_vain else before.failed_at if before and before.gets == counter.gets else 0.0
        if len(self._gets) >= _MAX_GETS:
            self._gets.clear()
        self._gets[key] = _Gets(counter.gets, counter.got_at, failed_at)
        return failed_at

    def look_at_fds(self) -> None:
        """Read which pipes and sockets it has, by inode."""
        self.fds, self.fds_are_old = {}, False
        for one in pipes.fds(self.folder):
            self.fds.setdefault(one.inode, []).append(one)

    def look_at_mappings(self) -> None:
        """Read what memory it shares, at most once in a reading."""
        if self._mapped_in != self._turn:
            self._mapped_in, self.mappings_are_old = self._turn, False
            self.mappings = Mappings(proc.whole(f"{self.folder}/maps", _MAPS_BYTES))
            self.names = self.mappings.names()

    def thread_of(self, ident: int) -> int | None:
        """Return the thread with an identifier of Python's `threading.get_ident`; None if that cannot be told.

        It is the address of glibc's ``struct pthread``, which has the number of the thread.
        """
        at = _TID_AT.get(os.uname().machine)
        raw = self.memory.read(ident + at, 4) if at is not None else b""
        tid = int.from_bytes(raw, "little")
        if len(raw) != 4 or (self._threads.get(ident) != tid and str(tid) not in proc.names(f"{self.folder}/task")):
            return None
        if len(self._threads) > _MAX_RUNS:
            self._threads.clear()
        self._threads[ident] = tid
        return tid

    def semaphore_at(self, address: int) -> int | None:
        """Return the inode of the semaphore that is mapped at an address; None if there is none."""
        if self.mappings_are_old:
            self.look_at_mappings()
        found = self.mappings.inode(address)
        if found is None and self._turn >= self._missed.get(address, 0):
            self.look_at_mappings()
            found = self.mappings.inode(address)
            if found is None:
                self._missed = {a: turn for a, turn in self._missed.items() if turn > self._turn}
                self._missed[address] = self._turn + _LOOK_AGAIN_AFTER
        return found

    def inode_at(self, fd: int) -> int | None:
        """Return the inode of the pipe or socket behind an fd of the process."""
        return pipes.inode_at(self.folder, fd)

    def unread(self, fd: int, inode: int) -> int | None:
        """Return how many bytes in a pipe or socket are unread."""
        return self._borrowed().unread(fd, inode)

    def expires(self, fd: int, inode: int, *, reads: bool) -> bool:
        """Return whether a wait at that socket may time out; True if that is unknown."""
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
        """End the reading: close what was borrowed."""
        if self._borrower:
            self._borrower.close()
            self._borrower = None

    def close(self) -> None:
        """Close everything except the page, which can still be read."""
        self.end()
        self.memory.close()
        if self._folder_fd is not None:
            os.close(self._folder_fd)
            self._folder_fd = None
            self.folder = _NOWHERE

    def close_with_page(self) -> None:
        self.close()
        if self.page:
            self.page.close()


T = TypeVar("T")


class ProcessViews(dict[int, ProcessView]):
    """The views of living processes, by pid."""

    def reported(self, thing: Thing, fact: str) -> Iterator[tuple[ProcessView, int]]:
        """Yield the users of a thing that have reported that number about it: an address, an fd."""
        for pid, facts in thing.users.items():
            value = number(facts, fact)
            view = self.get(pid)
            if value is not None and view is not None:
                yield view, value

    def first(self, thing: Thing, fact: str, read: Callable[[ProcessView, int], T | None]) -> T | None:
        """Return what ``read`` returns for the first user for which that is not None."""
        found = (read(view, value) for view, value in self.reported(thing, fact))
        return next((one for one in found if one is not None), None)

    def counter(self, thing: Thing, pid: int) -> Counter | None:
        """Return the counters of a thing in the page of a user; all zero if it has no page yet."""
        slot = number(thing.users.get(pid, {}), "counters")
        view = self.get(pid)
        if slot is None or view is None:
            return None
        return view.page.counter(slot) if view.page else NOTHING
