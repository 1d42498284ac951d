"""Read what manager servers note: which client each of their threads serves, and who holds which managed lock.

::

    client ──in recv()──▶ its socket ──peer──▶ connection of the server ──row──▶ object, method     what it waits for
                                              lock of the object ──row──▶ pid of a client            who holds it

Read from the memory of the server (layout in `app.protocol.observer`), which does not report changes.  A request takes
at least a round trip: two rows of one reading belong to the same moment only if they stay the same.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from app.core.resources.blocked import Blocked
from app.core.resources.book import Book
from app.core.resources.readings import LOCKS
from app.core.resources.thing import Thing, number, text
from app.protocol import observer as w
from app.records.resource import ResourceKind

from .peers import Peer
from .process_view import ProcessView, ProcessViews

_ROW = struct.Struct(f"<{w.SERVING_WORDS}Q")
_ROWS = w.SERVING_CONNECTIONS + w.SERVING_LOCKS
_NS = 1e9


class Call(NamedTuple):
    """A client waits for a method of an object to return, ``since`` then (monotonic)."""

    ident: int
    method: str
    timed: bool
    since: float


class Held(NamedTuple):
    """A client holds a lock; ``pid`` is 0 if the kernel does not know it."""

    pid: int
    connection: int
    since: float


class Notes(NamedTuple):
    """The notes of one server: ``calls`` by inode of the connection, ``locks`` by address."""

    calls: dict[int, Call]
    locks: dict[int, Held]


_NOTHING = Notes({}, {})


def parse(raw: bytes) -> Notes:
    """Return the notes in the memory of a server; none if it could not be read completely."""
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


class Managers:
    """The notes of all manager servers, as of the last `look`."""

    def __init__(self, book: Book, views: ProcessViews) -> None:
        self._book, self._views = book, views
        self._notes: dict[str, Notes] = {}

    def look(self) -> None:
        managers = [one for one in self._book if one.kind is ResourceKind.MANAGER]
        self._notes = {one.key: found for one in managers if (found := self._views.first(one, "serving", _read))}

    def call(self, manager: Thing, connection: int) -> Call | None:
        """Return the call that a server runs for the client of a connection."""
        return self._notes.get(manager.key, _NOTHING).calls.get(connection)

    def held(self, thing: Thing) -> Held | None:
        """Return who holds a managed lock."""
        return self._notes.get(manager_of(thing) or "", _NOTHING).locks.get(number(thing.facts, "ident") or 0)

    def is_read(self, thing: Thing) -> bool:
        """Return whether the notes about a managed thing could be read."""
        return manager_of(thing) in self._notes

    def thing(self, manager: Thing, ident: int) -> Thing | None:
        """Return the object at an address; None if no process has reported it."""
        return self._book.find(f"managed:{manager.key}/{ident:x}")


def manager_of(thing: Thing) -> str | None:
    """Return the key of the manager that keeps a thing; None if it is shared without one."""
    return text(thing.facts, "manager")


def _read(view: ProcessView, address: int) -> Notes | None:
    raw = view.memory.read(address, _ROWS * _ROW.size)
    return parse(raw) if raw else None


class ManagerCalls:
    """Finds out what a wait for a manager's answer really waits for."""

    def __init__(self, book: Book, managed: Managers, views: ProcessViews) -> None:
        self._book, self._managed, self._views = book, managed, views

    def resolve(self, waits: Blocked, peer: Peer) -> Blocked:
        """Return the wait for the object that the call is about; for the server's answer if that is unknown."""
        manager = waits.thing
        call = self._managed.call(manager, peer.inode) if manager else None
        thing = self._managed.thing(manager, call.ident) if manager and call else None
        if call is None or thing is None:
            server = number(manager.facts, "server") if manager else None
            return waits._replace(holders=peer.pids or ((server,) if server else ()), certain=False)
        return self._at(waits, call, thing)

    def _at(self, waits: Blocked, call: Call, thing: Thing) -> Blocked:
        to = "wait" if call.method == "join" else call.method
        found = waits._replace(thing=thing, at=thing, to=to, timed=waits.timed or call.timed, since=call.since)
        if thing.kind in LOCKS and to == "acquire":
            holder = thing.reading.holding.holder
            return found._replace(holders=(holder,) if holder else (), certain=self._is_alone(holder))
        return found._replace(certain=self._is_of_program(thing))

    def _is_of_program(self, thing: Thing) -> bool:
        """Return whether its server is a process of the program: only those of the program have its address."""
        manager = self._book.find(manager_of(thing) or "")
        return manager is not None and number(manager.facts, "server") in self._views

    def _is_alone(self, holder: int | None) -> bool:
        """Return whether the holder has only one thread that may have acquired it."""
        view = self._views.get(holder or 0)
        return view is not None and view.threads.alone
