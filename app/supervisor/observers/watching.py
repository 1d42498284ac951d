"""Watch processes that are not our children: a pidfd in the loop's epoll says that one has ended.

The kernel reports the exit code to the parent only, but there are ways to read it (`pidfds.how_it_ended`).  A process
whose parent died first is reparented to us: then we reap it.
"""

import os
import signal
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from app.linux import identity, pidfds, proc
from app.linux.poller import Poller
from app.records.primitives import Key

#: Zombies that are checked in one sweep (10 µs each).
_MAX_CHECKED = 200


class Watched(Struct):
    """One process; ``ended`` while it is a zombie."""

    key: Key
    pidfd: int
    ended: bool = False


class Watching:
    """Watches processes by id; ``ended`` has the ids whose pidfd fired, for the loop to pop."""

    def __init__(self, poller: Poller) -> None:
        self.ended: deque[str] = deque()
        self._poller = poller
        self._by_id: dict[str, Watched] = {}

    def watch(self, process_id: str, pid: int, pidfd: int | None = None) -> Key | None:
        """Watch a process, and return its key; None if it is gone.  A given ``pidfd`` is owned from now on."""
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
        """Return the exit code of a process whose pidfd fired; None if it cannot be read."""
        one = self._by_id.get(process_id)
        return pidfds.how_it_ended(one.pidfd, one.key[0]) if one else None

    def signal(self, process_id: str, signum: int) -> bool:
        """Send a signal through the pidfd; return False if the process has ended, or it is not permitted."""
        one = self._by_id.get(process_id)
        if one is None or one.ended:
            return False
        try:
            signal.pidfd_send_signal(one.pidfd, signum)
        except OSError:
            return False
        return True

    def pid_of(self, process_id: str) -> int | None:
        """Return the pid of a watched process, dead or alive."""
        one = self._by_id.get(process_id)
        return one.key[0] if one else None

    def reaped(self) -> list[str]:
        """Return dead processes that were reaped, and stop watching them; checks some of them at each call."""
        dead = [key for key, one in self._by_id.items() if one.ended][:_MAX_CHECKED]
        gone = [key for key in dead if self._is_reaped(self._by_id[key])]
        for key in dead:
            # To the end of the queue: the next call checks others.
            self._by_id[key] = self._by_id.pop(key)
        for key in gone:
            self.forget(key)
        return gone

    def forget(self, process_id: str) -> None:
        """Stop watching a process; do nothing if it is not watched."""
        if one := self._by_id.pop(process_id, None):
            self._poller.forget(one.pidfd)
            os.close(one.pidfd)

    def close(self) -> None:
        for process_id in tuple(self._by_id):
            self.forget(process_id)

    def _is_reaped(self, one: Watched) -> bool:
        pidfds.how_it_ended(one.pidfd, one.key[0])  # reaps it, if it was reparented to us
        return not identity.exists(one.key)

    def _fired(self, process_id: str) -> Callable[[int], None]:
        def fired(_events: int) -> None:
            one = self._by_id[process_id]
            self._poller.forget(one.pidfd)
            one.ended = True
            self.ended.append(process_id)

        return fired
