"""Processes that are not our children, watched all the same: a pidfd in the loop's epoll says that one ended.

How it ended its parent alone is told, and yet it can be known (`pidfds.how_it_ended`).  One whose parent died first is
handed over to us by the kernel: then it is ours to reap.
"""

from __future__ import annotations

import os
import signal
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.linux import identity, pidfds, proc
from app.linux.poller import Poller
from app.records.primitives import Key

#: Zombies looked at in one sweep (10 µs each).
_LOOKS = 200


@dataclass(slots=True)
class Watched:
    """One process; ``ended`` until it was reaped."""

    key: Key
    pidfd: int
    ended: bool = False


class Watching:
    """All of them, by process id; ``ended`` has the ids whose pidfd fired, for the loop to pop."""

    def __init__(self, poller: Poller) -> None:
        self.ended: deque[str] = deque()
        self._poller = poller
        self._by_id: dict[str, Watched] = {}

    def watch(self, process_id: str, pid: int, pidfd: int | None = None) -> Key | None:
        """Watch the process; ``pidfd``, where there is one, is taken over.  None where it is gone without a trace."""
        self.forget(process_id)
        if pidfd is None:
            try:
                pidfd = os.pidfd_open(pid)
            except (OSError, OverflowError, ValueError):
                return None
        stat = proc.stat(pid)
        if stat is None and not pidfds.readable(pidfd):
            os.close(pidfd)
            return None
        key = (pid, stat.start_ticks if stat else 0)
        self._by_id[process_id] = Watched(key, pidfd)
        self._poller.watch(pidfd, self._fired(process_id))
        return key

    def exitcode(self, process_id: str) -> int | None:
        """How one ended whose pidfd fired; None where it cannot be told."""
        one = self._by_id.get(process_id)
        return pidfds.how_it_ended(one.pidfd, one.key[0]) if one else None

    def signal(self, process_id: str, signum: int) -> bool:
        """Send a signal through the pidfd; False where it has ended, or is not ours to signal."""
        one = self._by_id.get(process_id)
        if one is None or one.ended:
            return False
        try:
            signal.pidfd_send_signal(one.pidfd, signum)
        except OSError:
            return False
        return True

    def pid_of(self, process_id: str) -> int | None:
        """The pid of one that is watched, dead or alive."""
        one = self._by_id.get(process_id)
        return one.key[0] if one else None

    def pid(self, process_id: str) -> int | None:
        """The pid of one that has not ended."""
        one = self._by_id.get(process_id)
        return None if one is None or one.ended else one.key[0]

    def reaped(self) -> list[str]:
        """Those of the dead that are zombies no longer, some of them at each call; they are not watched any more."""
        dead = [key for key, one in self._by_id.items() if one.ended][:_LOOKS]
        gone = [key for key in dead if self._is_reaped(self._by_id[key])]
        for key in dead:
            # To the end of the line: the next call looks at others.
            self._by_id[key] = self._by_id.pop(key)
        for key in gone:
            self.forget(key)
        return gone

    def forget(self, process_id: str) -> None:
        """Watch it no longer; a no-op for one that is not watched."""
        if one := self._by_id.pop(process_id, None):
            self._poller.forget(one.pidfd)
            os.close(one.pidfd)

    def close(self) -> None:
        """Let go of all."""
        for process_id in tuple(self._by_id):
            self.forget(process_id)

    def _is_reaped(self, one: Watched) -> bool:
        pidfds.how_it_ended(one.pidfd, one.key[0])  # which reaps what was handed over to us
        return not identity.exists(one.key)

    def _fired(self, process_id: str) -> Callable[[int], None]:
        def fired(_events: int) -> None:
            one = self._by_id[process_id]
            self._poller.forget(one.pidfd)
            one.ended = True
            self.ended.append(process_id)

        return fired
