"""What the servers of managers note: which client each of their threads serves, and who has which managed lock.

::

    client ──in recv()──▶ its socket ──peer──▶ connection of the server ──row──▶ object, method     what it waits for
                                              lock of the object ──row──▶ pid of a client            who has it

Read from the memory of the server (layout in `observer_words`), which tells nobody when it changes.  A request lasts at
least a round trip: two rows of one reading are of one moment only where they stay as they are.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

from app.core.resources.book import Book
from app.core.resources.edges import Blocked
from app.core.resources.readings import LOCKS
from app.core.resources.thing import Thing, number, text
from app.protocol import observer as w
from app.records.resource import ResourceKind

from .far_ends import Far
from .window import Window, Windows

_ROW = struct.Struct(f"<{w.SERVING_WORDS}Q")
_ROWS = w.SERVING_CONNECTIONS + w.SERVING_LOCKS
_NS = 1e9


class Call(NamedTuple):
    """A client waits for a method of an object to come back, ``since`` then (monotonic)."""

    ident: int
    method: str
    timed: bool
    since: float


class Held(NamedTuple):
    """A lock is held by a client; ``pid`` 0 where the kernel does not know it."""

    pid: int
    connection: int
    since: float


class Notes(NamedTuple):
    """Of one server: ``calls`` by inode of the connection, ``locks`` by address."""

    calls: dict[int, Call]
    locks: dict[int, Held]


_NOTHING = Notes({}, {})


def parse(raw: bytes) -> Notes:
    """What stands there; nothing where it could not be read as a whole."""
    if len(raw) != _ROWS * _ROW.size:
        return _NOTHING
    rows = list(_ROW.iter_unpack(raw))
    return Notes(dict(_calls(rows[: w.SERVING_CONNECTIONS])), dict(_locks(rows[w.SERVING_CONNECTIONS :])))


def _calls(rows: list[tuple[int, ...]]) -> Iterator[tuple[int, Call]]:
    for inode, _client, ident, method, timed, since, *_ in rows:
        if inode and (name := w.SERVING_METHODS.get(method)):
            yield inode, Call(ident, name, bool(timed), since / _NS)


def _locks(rows: list[tuple[int, ...]]) -> Iterator[tuple[int, Held]]:
    for address, count, client, connection, since, *_ in rows:
        if address and count:
            yield address, Held(client, connection, since / _NS)


class Managed:
    """Of all managers, as of the last `look`."""

    def __init__(self, book: Book, windows: Windows) -> None:
        self._book, self._windows = book, windows
        self._notes: dict[str, Notes] = {}

    def look(self) -> None:
        """Read the notes of every server."""
        managers = [one for one in self._book if one.kind is ResourceKind.MANAGER]
        self._notes = {one.key: found for one in managers if (found := self._windows.first(one, "serving", _read))}

    def call(self, manager: Thing, connection: int) -> Call | None:
        """What the server does for whoever is at the other end of its socket with that inode."""
        return self._notes.get(manager.key, _NOTHING).calls.get(connection)

    def held(self, thing: Thing) -> Held | None:
        """Who has a managed lock."""
        return self._notes.get(manager_of(thing) or "", _NOTHING).locks.get(number(thing.facts, "ident") or 0)

    def is_read(self, thing: Thing) -> bool:
        """Whether the notes about a managed thing could be read."""
        return manager_of(thing) in self._notes

    def thing(self, manager: Thing, ident: int) -> Thing | None:
        """The object of that address, as far as a process told of it."""
        return self._book.find(f"managed:{manager.key}/{ident:x}")


def manager_of(thing: Thing) -> str | None:
    """The key of the manager that keeps it; None for what is shared without one."""
    return text(thing.facts, "manager")


def _read(window: Window, address: int) -> Notes | None:
    raw = window.memory.read(address, _ROWS * _ROW.size)
    return parse(raw) if raw else None


class Calling:
    """Looks at what was noted, and at who holds what."""

    def __init__(self, managed: Managed, windows: Windows) -> None:
        self._managed, self._windows = managed, windows

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
            holder = thing.reading.holding.holder
            return found._replace(holders=(holder,) if holder else (), certain=self._is_alone(holder))
        return found._replace(holders=tuple(sorted(thing.users.keys() - {waits.pid})), certain=False)

    def _is_alone(self, holder: int | None) -> bool:
        """Whether the holder's main thread is the only one that may have acquired it."""
        window = self._windows.get(holder or 0)
        return window is not None and window.threads.alone
