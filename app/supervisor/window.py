"""A window into one observed process: its memory, page, mappings, fds and waits, each as fresh as was affordable.

What cannot be looked at reads as nothing.  All of /proc is reached by an open fd of the process's folder: after its
end that leads nowhere, and never to another process with the same pid.
"""

from __future__ import annotations

import os

from . import pipes, proc, waiters
from .mappings import Mappings
from .memory import Memory
from .pages import Page
from .pipes import Borrower, Fd
from .waiters import Wait

_MAPS_BYTES = 4 * 1024 * 1024
#: An address that is behind no semaphore is looked for again only after so many readings.
_MISSED_FOR = 8


class Window:
    """One process; owns three fds, or four with its page."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._folder_fd = proc.kept_folder(f"{pid}")
        self.folder = f"{pid}" if self._folder_fd is None else f"self/fd/{self._folder_fd}"
        self.memory = Memory(self.folder)
        self.page: Page | None = None
        self.waits: list[Wait] = []
        self.threads = 0
        self.fds: dict[int, list[Fd]] = {}
        self.mappings = Mappings()
        self.names: frozenset[str] = frozenset()
        self._mapped_in = self._turn = 0
        self._missed: dict[int, int] = {}
        self._borrower: Borrower | None = None

    def begin(self, turn: int) -> None:
        """A new reading: the page is looked at, and what is borrowed is borrowed anew."""
        self._turn = turn
        if self.page:
            self.page.look()

    def look_at_waits(self) -> None:
        """What its threads wait for."""
        self.threads, self.waits = waiters.waits(self.pid, self.folder, self.memory)

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
        if self._borrower is None:
            self._borrower = Borrower(self.pid)
        return self._borrower.unread(fd, inode)

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
