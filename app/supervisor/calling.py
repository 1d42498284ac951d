"""What a process waits for that called a method of a manager's object: the lock that another client has, or an answer.

The server notes what it does for whom (`managed`).  For what is waited for as for a thing of its own, a lock or a
queue, the edge leads there; for anything else to the manager.  Only a lock with a holder makes a deadlock: an item or a
wake-up may come from clients that nobody observes.
"""

from __future__ import annotations

from collections.abc import Mapping

from .edges import Blocked
from .ends import Far
from .managed import Call, Managed
from .readings import LOCKS, Reading
from .thing import Thing, number
from .windows import Windows


class Calling:
    """Looks at what was noted, and at who holds what."""

    def __init__(self, managed: Managed, windows: Windows, readings: Mapping[str, Reading]) -> None:
        self._managed, self._windows, self._readings = managed, windows, readings

    def of(self, waits: Blocked, far: Far) -> Blocked:
        """The wait, as was known up to now: for an answer of a manager."""
        manager = waits.thing
        call = self._managed.call(manager, far.inode) if manager else None
        thing = self._managed.thing(manager, call.ident) if manager and call else None
        if call is None or thing is None:
            server = number(manager.facts, "server") if manager else None
            return waits._replace(holders=far.pids or ((server,) if server else ()), certain=False)
        return self._at(waits, call, thing)

    def _at(self, waits: Blocked, call: Call, thing: Thing) -> Blocked:
        to = "wait" if call.method == "join" else call.method
        found = waits._replace(thing=thing, at=thing, to=to, timed=waits.timed or call.timed, since=call.since)
        if thing.kind in LOCKS and to == "acquire":
            holder = self._readings[thing.key].holding.holder
            return found._replace(holders=(holder,) if holder else (), certain=self._is_alone(holder))
        return found._replace(holders=tuple(sorted(thing.users.keys() - {waits.pid})), certain=False)

    def _is_alone(self, holder: int | None) -> bool:
        """Whether the holder's main thread is the only one that may have acquired it."""
        window = self._windows.get(holder or 0)
        return window is not None and window.threads.alone
