"""Which processes hold a pipe or a socket besides those that are observed: each of them could send.

A program's subprocess, a shell, a server that nobody observes, a child that has not said hello yet: who says that a
wait is in vain must know them all.  Everybody's fds are looked at, some processes in each turn, and only while somebody
waits for such a thing for longer than a turn.  What was found counts for those waits alone that were there before.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from typing import NamedTuple

from app.linux import identity, pipes, proc
from app.records.primitives import Key

#: Of one core, and CPU time that one turn may take at most; 20 fds take 0.1 ms.
_SHARE, _TURN_S = 0.016, 0.02
#: What was found is good for so long: an fd comes to another process by a fork, or in a message.
_GOOD_FOR_S = 10.0


class Wait(NamedTuple):
    """One wait of a process for one pipe or socket; ``token`` is another one for the next."""

    inode: int
    pid: int
    token: int


class Strangers:
    """Goes round; ``ask`` says what the last complete round found."""

    def __init__(self, cpu: Callable[[], float]) -> None:
        self._cpu = cpu
        self._turn = 0
        #: In which turn each wait was asked about first, those of this turn apart.
        self._since: dict[Wait, int] = {}
        self._asked: dict[Wait, int] = {}
        self._left: list[int] = []
        self._found: dict[int, set[Key]] = {}
        self._known: dict[int, frozenset[Key]] = {}
        self._began = self._known_of = 0
        self._next = self._last = 0.0

    def ask(self, wait: Wait) -> frozenset[int] | None:
        """Who else holds it; None as long as not everybody was looked at since that wait began."""
        since = self._asked[wait] = self._since.get(wait, self._turn)
        known = self._known.get(wait.inode) if since < self._known_of else None
        if known is None:
            return None
        if known and not any(map(identity.lives, known)):
            del self._known[wait.inode]  # somebody else may have it by now: a new round
            return None
        return frozenset(pid for pid, _ in known)

    def look(self, observed: Container[int], now: float) -> None:
        """Go on, for one turn.  ``now`` is monotonic."""
        self._since, self._asked = self._asked, {}
        spent = min(_TURN_S, _SHARE * (now - self._last))
        self._last = now
        if self._left or self._begin(now):
            self._go_on(observed, self._cpu() + spent, now)
        self._turn += 1

    def _go_on(self, observed: Container[int], ends_at: float, now: float) -> None:
        """At least one, however little time there is."""
        while self._left:
            pid = self._left.pop()
            held = pipes.inodes(f"{pid}") & self._found.keys() if pid not in observed else ()
            if held and (stat := proc.stat(pid)):
                for inode in held:
                    self._found[inode].add((pid, stat.start_ticks))
            if self._cpu() >= ends_at:
                break
        if not self._left:
            self._known = {inode: frozenset(keys) for inode, keys in self._found.items()}
            self._known_of, self._next = self._began, now + _GOOD_FOR_S

    def _begin(self, now: float) -> bool:
        """A new round, where something lasts about which the last one says nothing, or too long ago."""
        lasting = {wait: since for wait, since in self._since.items() if since < self._turn}
        news = any(wait.inode not in self._known or since >= self._known_of for wait, since in lasting.items())
        if not lasting or not (news or now >= self._next):
            return False
        self._began = self._turn
        self._found = {wait.inode: set() for wait in lasting}
        self._left = proc.pids()
        return True
