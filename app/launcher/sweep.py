"""Kill all descendants of the launcher, with SIGKILL, until none is left.

The launcher is a subreaper: orphans are reparented to it, so /proc shows all of them as its descendants: forked
grandchildren, subprocesses, double-forked daemons in a session of their own.  One round may miss a child that is forked
while processes are listed, so the launcher makes a round in each turn of its loop until one finds none.
"""

import os
import signal
from collections.abc import Callable, Collection
from typing import NamedTuple

from app.linux import identity, proc
from app.standard_error import say

#: A sweep ends after this time, even if processes are left.
LIMIT_S = 10.0


class Identity(NamedTuple):
    """A process by pid and start time: the pid alone may be reused."""

    pid: int
    started: int


class Sweeper:
    """Kills descendants in rounds, from `begin` until a `round` finds none or `LIMIT_S` is over.

    Calls ``kill_group`` in each round.  Spares the children that this process had before (``other & exec procession
    serve``), with their descendants.
    """

    def __init__(self, kill_group: Callable[[], None]) -> None:
        self._kill_group = kill_group
        self._spared = descendants(os.getpid())
        self._from = 0.0
        self._until: float | None = None
        self.left: list[Identity] = []
        self._reported: set[Identity] = set()

    @property
    def busy(self) -> bool:
        """Whether a sweep has begun and is not over."""
        return self._until is not None

    def begin(self, now: float, grace_s: float = 0.0) -> None:
        """Begin a sweep; processes get ``grace_s`` to end by themselves before they are killed."""
        self._from = now + grace_s
        self._until = self._from + LIMIT_S

    def round(self, now: float, spared_pid: int | None = None) -> None:
        """Kill all descendants of this moment, and report them on standard error."""
        spared = {*self._spared, identify(spared_pid) if spared_pid else None}
        self.left = descendants(os.getpid(), spared)
        if now >= self._from:
            self._kill_left()
        if self._until is not None and now >= self._until and self.left:
            say(f"still alive after SIGKILL: pid {_pids(self.left)}")
            self.left = []
        if not self.left:
            self._until = None
            self._reported.clear()

    def _kill_left(self) -> None:
        self._kill_group()
        for process in self.left:
            identity.signal(process, signal.SIGKILL)  # not one that is set-uid; it is reported as left
        if new := [process for process in self.left if process not in self._reported]:
            say(f"killing {len(new)} remaining process{'es' if len(new) != 1 else ''}: pid {_pids(new)}")
            self._reported.update(new)


def _pids(found: list[Identity]) -> str:
    return " ".join(str(process.pid) for process in found)


def descendants(root: int, spared: Collection[Identity | None] = ()) -> list[Identity]:
    """Return the descendants of ``root``, zombies included, parents first, without the spared and theirs."""
    children: dict[int, list[Identity]] = {}
    for stat in filter(None, map(proc.stat, proc.pids())):
        children.setdefault(stat.ppid, []).append(Identity(stat.pid, stat.start_ticks))
    found: list[Identity] = []
    waiting = [root]
    while waiting:
        below = [process for process in children.get(waiting.pop(), ()) if process not in spared]
        found += below
        waiting += [process.pid for process in below]
    return found


def identify(pid: int) -> Identity | None:
    """Return the identity of the process with a pid; None if there is none."""
    stat = proc.stat(pid)
    return Identity(stat.pid, stat.start_ticks) if stat else None
