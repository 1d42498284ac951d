"""Find unobserved processes that have a pipe or a socket open: each of them could send, and so end a wait.

A program's subprocess, a shell, a server, a child that has not reported yet: to say that a wait never ends, all of them
must be known.  The fds of all processes are searched, a few processes in each turn, and only while a process waits for
a pipe or socket for longer than a turn.  A search counts only for waits that began before it.
"""

from collections.abc import Callable, Container
from typing import NamedTuple

from app.linux import identity, pipes, proc
from app.records.primitives import Key

#: Share of one core, and the CPU time of one turn at most; 20 fds take 0.1 ms.
_MAX_CPU, _TURN_S = 0.016, 0.02
#: A result is used for so long: an fd reaches another process by a fork, or in a message.
_VALID_S = 10.0


class HolderQuery(NamedTuple):
    """One wait of a process for one pipe or socket; the next wait has another ``token``."""

    inode: int
    pid: int
    token: int


class UnobservedHolders:
    """Searches in rounds; `ask` returns what the last complete round found."""

    def __init__(self, cpu: Callable[[], float]) -> None:
        self._cpu = cpu
        self._turn = 0
        #: The turn in which each query was first made; those of the current turn are in `_asked`.
        self._since: dict[HolderQuery, int] = {}
        self._asked: dict[HolderQuery, int] = {}
        self._left: list[int] = []
        self._found: dict[int, set[Key]] = {}
        self._known: dict[int, frozenset[Key]] = {}
        self._began = self._known_of = 0
        self._next = self._last = 0.0

    def ask(self, wait: HolderQuery) -> frozenset[int] | None:
        """Return the unobserved holders; None until a round that began after the wait is complete."""
        since = self._asked[wait] = self._since.get(wait, self._turn)
        known = self._known.get(wait.inode) if since < self._known_of else None
        if known is None:
            return None
        if known and not any(map(identity.lives, known)):
            del self._known[wait.inode]  # another process may have it open by now: search again
            return None
        return frozenset(pid for pid, _ in known)

    def look(self, observed: Container[int], now: float) -> None:
        """Continue the search for one turn; ``now`` is monotonic."""
        self._since, self._asked = self._asked, {}
        budget_s = min(_TURN_S, _MAX_CPU * (now - self._last))
        self._last = now
        if self._left or self._begin(now):
            self._search(observed, self._cpu() + budget_s, now)
        self._turn += 1

    def _search(self, observed: Container[int], ends_at: float, now: float) -> None:
        """Search processes until the time is over, but at least one."""
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
            self._known_of, self._next = self._began, now + _VALID_S

    def _begin(self, now: float) -> bool:
        """Begin a round if a wait that lasts is not covered by the last one, or that is too old."""
        lasting = {wait: since for wait, since in self._since.items() if since < self._turn}
        news = any(wait.inode not in self._known or since >= self._known_of for wait, since in lasting.items())
        if not lasting or not (news or now >= self._next):
            return False
        self._began = self._turn
        self._found = {wait.inode: set() for wait in lasting}
        self._left = proc.pids()
        return True
