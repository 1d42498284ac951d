"""Which processes hold a pipe or a socket besides those that are observed: each of them could send.

A program's subprocess, a shell, a server that nobody observes: who says that a wait is in vain must know them all.
Everybody's fds are looked at, some processes in each turn, and only while somebody waits for such a thing.
"""

from __future__ import annotations

import time
from collections.abc import Container

from . import pipes, proc

#: CPU time that one turn may take; 20 fds take 0.1 ms.
_TURN_S = 0.004
#: What was found is good for so long: an fd comes to another process by a fork, or in a message.
_GOOD_FOR_S = 10.0


class Strangers:
    """Goes round; ``ask`` says what the last complete round found."""

    def __init__(self) -> None:
        self._asked: set[int] = set()
        self._left: list[int] = []
        self._found: dict[int, set[int]] = {}
        self._known: dict[int, frozenset[int]] = {}
        self._next = 0.0

    def ask(self, inode: int) -> frozenset[int] | None:
        """Who holds it; None as long as not everybody was looked at."""
        self._asked.add(inode)
        return self._known.get(inode)

    def look(self, observed: Container[int], now: float) -> None:
        """Go on, for one turn.  ``now`` is monotonic."""
        if not self._left and not self._begin(now):
            return
        ends_at = time.thread_time() + _TURN_S
        while self._left and time.thread_time() < ends_at:
            pid = self._left.pop()
            if pid not in observed:
                self._look_at(pid)
        if not self._left:
            self._known = {inode: frozenset(pids) for inode, pids in self._found.items()}
            self._next = now + _GOOD_FOR_S

    def _begin(self, now: float) -> bool:
        """A new round, where it is time for one or something new was asked for."""
        asked, self._asked = self._asked, set()
        if not asked:
            self._known.clear()
        if now < self._next and asked <= self._known.keys():
            return False
        self._found = {inode: set() for inode in asked}
        self._left = proc.pids() if asked else []
        return bool(asked)

    def _look_at(self, pid: int) -> None:
        for inode in pipes.inodes(f"{pid}") & self._found.keys():
            self._found[inode].add(pid)
