"""Whose a process is, once its parents are gone and it was re-parented to the supervisor.

Asked in this order: a known parent; its own announcement (`Forked`, sent by Python after os.fork); its session (a
supervised process leads one of its own); ``PROCESSION_PROCESS`` in the environment that it was exec'd with; the report
socket of a supervised process, which its forks inherit.
Announcements are a child's word: they only ever name whose a process is that hangs below us anyway.
"""

from typing import TypeVar

from app.linux import proc
from app.linux.procfs import Stat

VARIABLE = "PROCESSION_PROCESS"
#: Remembered announcements and sessions; the oldest are forgotten first.
_LIMIT = 8192
#: The report socket is among the first descriptors of a process.
_FDS = 64
K = TypeVar("K")


class Origins:
    """What is known about where processes come from."""

    def __init__(self) -> None:
        self._announced: dict[tuple[int, int], str] = {}
        self._sessions: dict[int, str] = {}
        self._sockets: dict[str, str] = {}

    def root_started(self, process_id: str, pid: int, reports: int | None = None) -> None:
        """A supervised process leads the session of its pid; the kernel gives no such pid out while it has members.

        ``reports`` is the inode of its end of the report socket.
        """
        _remember(self._sessions, pid, process_id)
        if reports is not None:
            _remember(self._sockets, f"socket:[{reports}]", process_id)

    def announce(self, pid: int, process_id: str) -> None:
        """A process says that it is a fork below this one; forgotten where it is gone already."""
        if stat := proc.stat(pid):
            _remember(self._announced, (pid, stat.start_ticks), process_id)

    def of(self, stat: Stat, parent: str | None) -> str | None:
        """The process id that it comes from, None where nothing tells."""
        return (
            parent
            or self._announced.get((stat.pid, stat.start_ticks))
            or self._sessions.get(stat.session)
            or proc.environment_value(stat.pid, VARIABLE)
            or self._reporting(stat.pid)
        )

    def _reporting(self, pid: int) -> str | None:
        """The process id whose report socket it has: a fork of a fork in a session of its own has nothing else."""
        links = (proc.link(f"{pid}/fd/{fd}") for fd in proc.names(f"{pid}/fd")[:_FDS])
        return next((self._sockets[link] for link in links if link in self._sockets), None)


def _remember(known: dict[K, str], key: K, value: str) -> None:
    known.pop(key, None)
    known[key] = value
    if len(known) > _LIMIT:
        del known[next(iter(known))]
