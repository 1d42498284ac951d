"""The broom of the launcher: who descends from us, and SIGKILL for all of them until none is left.

The launcher is a subreaper, so that whatever lost its parent hangs below us and a walk over /proc finds it:
forked grandchildren, subprocesses, double-forked daemons in a session of their own.  One round cannot be
enough (a child may fork while it is being listed), so the launcher does one per turn of its loop until a
round finds nobody.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from .service import say

LIMIT_S = 10.0


class Seen(NamedTuple):
    """One process, by its identity: a pid alone may be somebody else by the time that it is used."""

    pid: int
    started: int


class _Stat(NamedTuple):
    seen: Seen
    ppid: int


class Broom:
    """Sweeps below this process in rounds, from `begin` until a `round` finds nobody or `LIMIT_S` is over.

    Spares who was there before us (``other & exec procession serve``), and one more, each with its tree.
    """

    def __init__(self) -> None:
        self._strangers = descendants(os.getpid())
        self._from = 0.0
        self._until: float | None = None
        self.left: list[Seen] = []
        self._told: set[Seen] = set()

    @property
    def busy(self) -> bool:
        """Whether a sweep was begun and is not over."""
        return self._until is not None

    def begin(self, now: float, patience_s: float = 0.0) -> None:
        """There is something to sweep; what ends by itself within ``patience_s`` need not be killed."""
        self._from = now + patience_s
        self._until = self._from + LIMIT_S

    def round(self, now: float, spared_pid: int | None = None) -> None:
        """Kill all that are there at this moment, and tell whom."""
        spared = {*self._strangers, identify(spared_pid) if spared_pid else None}
        self.left = descendants(os.getpid(), spared)
        if now >= self._from:
            self._kill_left()
        if self._until is not None and now >= self._until and self.left:
            say(f"these survive SIGKILL: {_pids(self.left)}")
            self.left = []
        if not self.left:
            self._until = None
            self._told.clear()

    def _kill_left(self) -> None:
        for seen in self.left:
            kill(seen)
        if fresh := [seen for seen in self.left if seen not in self._told]:
            say(f"sweeping {len(fresh)} left behind: {_pids(fresh)}")
            self._told.update(fresh)


def _pids(found: list[Seen]) -> str:
    return " ".join(str(seen.pid) for seen in found)


def descendants(root: int, spared: Collection[Seen | None] = ()) -> list[Seen]:
    """Everything below ``root``, zombies included, parents first; without the spared and all below them."""
    children: dict[int, list[Seen]] = {}
    for stat in _processes():
        children.setdefault(stat.ppid, []).append(stat.seen)
    found: list[Seen] = []
    waiting = [root]
    while waiting:
        below = [seen for seen in children.get(waiting.pop(), ()) if seen not in spared]
        found += below
        waiting += [seen.pid for seen in below]
    return found


def identify(pid: int) -> Seen | None:
    """The identity of a pid, None where nobody has it."""
    stat = _stat(pid)
    return stat.seen if stat else None


def kill(seen: Seen) -> None:
    """SIGKILL exactly that process; nothing, where it is gone and its pid is free or somebody else's."""
    try:
        fd = os.pidfd_open(seen.pid)
    except OSError:
        return
    try:
        if identify(seen.pid) == seen:
            signal.pidfd_send_signal(fd, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # It ended by itself, or it is set-uid: the launcher names what is left
    finally:
        os.close(fd)


def _processes() -> Iterator[_Stat]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (stat := _stat(int(entry.name))):
            yield stat


def _stat(pid: int) -> _Stat | None:
    try:
        content = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = content[content.rindex(b")") + 2 :].split()
    return _Stat(Seen(pid, int(fields[19])), int(fields[1]))
