"""Whose a process is, once its parents are gone and it was re-parented to the supervisor.

Asked in this order: a known parent; its own announcement (`Forked`, sent by Python after os.fork); its session (a
supervised process leads one of its own); ``PROCESSION_PROCESS`` in the environment that it was exec'd with.
Announcements are a child's word: they only ever name whose a process is that hangs below us anyway.
"""

from typing import TypeVar

from app.linux import proc
from app.linux.procfs import Stat

VARIABLE = "PROCESSION_PROCESS"
#: Remembered announcements and sessions; the oldest are forgotten first.
_LIMIT = 8192
K = TypeVar("K")


class Origins:
    """What is known about where processes come from."""

    def __init__(self) -> None:
        self._announced: dict[tuple[int, int], str] = {}
        self._sessions: dict[int, str] = {}

    def root_started(self, process_id: str, pid: int) -> None:
        """A supervised process leads the session of its pid; the kernel gives no such pid out while it has members."""
        _remember(self._sessions, pid, process_id)

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
        )


def _remember(known: dict[K, str], key: K, value: str) -> None:
    known.pop(key, None)
    known[key] = value
    if len(known) > _LIMIT:
        del known[next(iter(known))]
