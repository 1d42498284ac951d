"""The broom of the launcher: who descends from us, and SIGKILL for all of them, round by round until none is left.

The launcher is a subreaper, so that whatever lost its parent hangs below us and a walk over /proc finds it: forked
grandchildren, subprocesses, double-forked daemons in a session of their own.  One round cannot be enough (a child may
fork while it is being listed), so the launcher does a round per turn of its loop until a round finds nobody.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Collection, Iterator
from typing import NamedTuple


class Seen(NamedTuple):
    """One process, by its identity: a pid alone may be somebody else by the time that it is used."""

    pid: int
    started: int


class _Stat(NamedTuple):
    seen: Seen
    ppid: int


def descendants(root: int, spared: Collection[Seen] = ()) -> list[Seen]:
    """Everything below ``root``, zombies included, parents first; a spared one is left out with all below it."""
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
    for name in os.listdir("/proc"):
        if name.isdigit() and (stat := _stat(int(name))):
            yield stat


def _stat(pid: int) -> _Stat | None:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            content = file.read()
    except OSError:
        return None
    fields = content[content.rindex(b")") + 2 :].split()
    return _Stat(Seen(pid, int(fields[19])), int(fields[1]))
