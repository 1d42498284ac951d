"""Who is at the other end of a pipe or a socket that a process waits at, whether or not it is anybody's resource.

::

    fd ──▶ inode ──▶ pipe: the same inode ──┐
                 └─▶ socket: its peer's ────┴─▶ who has that, by the fds of all observed processes, and of strangers

A connection made by a Listener or to a manager is known by the address that it was made at.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from app.core.resources.book import Book
from app.core.resources.thing import Thing, text
from app.linux import pipes
from app.linux.sockets import Sockets, port
from app.linux.thread_waits import Wait
from app.records.resource import ResourceKind

from . import outsiders as strangers
from .figures import Fds
from .outsiders import Strangers
from .window import Window, Windows

K = ResourceKind
_MET_AT = frozenset({K.LISTENER, K.MANAGER})


class Far(NamedTuple):
    """The other end: ``pids`` that could let the wait end, ``known`` where one of them is observed.

    ``thing`` is the listener or manager whose connection it is; ``serves`` says that this end is the one that was
    accepted, ``pending`` that the other one was not yet.  ``inode`` of the other end.
    """

    pids: tuple[int, ...] = ()
    known: bool = False
    certain: bool = False
    inode: int = 0
    thing: Thing | None = None
    serves: bool = False
    pending: bool = False


class _Socket(NamedTuple):
    """``peers``: inodes any holder of which could send; ``near`` and ``far`` are addresses, or ports."""

    peers: tuple[int, ...]
    near: str | int
    far: str | int
    pending: bool = False


class Ends:
    """Looks at what ``sockets`` and the fds say; `renew` and `look` are called in each reading."""

    def __init__(self, book: Book, windows: Windows, cpu: Callable[[], float]) -> None:
        self.sockets = Sockets()
        self.strangers = Strangers(cpu)
        self._book, self._windows = book, windows
        self._index: Fds = {}
        self._met_at: dict[str | int, Thing] = {}

    def renew(self, index: Fds) -> None:
        """From now on by these fds; what the kernel told is asked anew."""
        self._index = index
        self.sockets.renew()
        self._met_at = {}
        # Who made it told most of it.
        found = (one for one in self._book if one.kind in _MET_AT)
        for thing in sorted(found, key=lambda one: ("reader" in one.facts or "server" in one.facts, -one.number)):
            if address := text(thing.facts, "address"):
                self._met_at[address] = thing
                if (number := _port_of(address)) is not None:
                    self._met_at[number] = thing

    def far(self, window: Window, wait: Wait) -> Far:
        """Who could let a read (or write) end, as far as that is known."""
        fd, reads = wait.what, wait.for_ == "read"
        kind, inode = pipes.kind_at(window.folder, fd)
        token = window.token(wait)
        if kind == "pipe":
            return self._held((inode,), window, token, reads=not reads, sure=True)
        socket = self._socket(window, inode) if kind == "socket" else None
        if socket is None:
            return Far()
        near, far = self._met_at.get(socket.near), self._met_at.get(socket.far)
        sure = not window.expires(fd, inode, reads=reads)
        held = self._held(socket.peers, window, token, reads=None, sure=sure)
        return held._replace(thing=near or far, serves=near is not None, pending=socket.pending)

    def holders(self, inode: int) -> tuple[int, ...]:
        """Those observed that have it."""
        return tuple(sorted({pid for pid, _ in self._index.get(inode, ())}))

    def peer_of(self, inode: int) -> int:
        """The socket that a unix socket is connected with; 0 where that cannot be told."""
        found = self.sockets.unix(inode)
        return found.peer if found else 0

    def close(self) -> None:
        """Let go of what it asks with."""
        self.sockets.close()

    def is_observed(self, window: Window, wait: Wait, inode: int) -> bool:
        """Whether nobody has that pipe or socket who is not observed."""
        peer = self.peer_of(inode)
        token = window.token(wait)
        # All of them are asked about, whatever is known of the first.
        told = [self.strangers.ask(strangers.Wait(one, window.pid, token)) for one in (inode, peer) if one]
        return not any(pids is None or pids for pids in told)

    def _held(self, inodes: tuple[int, ...], window: Window, token: int, *, reads: bool | None, sure: bool) -> Far:
        ours = {
            pid
            for inode in inodes
            for pid, one in self._index.get(inode, ())
            if reads is None or (one.reads if reads else one.writes)
        }
        others = ours - {window.pid}
        told = [self.strangers.ask(strangers.Wait(inode, window.pid, token)) for inode in inodes]
        unknown = {pid for pids in told for pid in pids or ()}
        # Where it has the other end itself, another thread of its own might use that.
        sure = sure and None not in told and (window.pid not in ours or window.threads.alone)
        return Far(tuple(sorted(others | unknown)), bool(others), sure, next(iter(inodes), 0))

    def _socket(self, window: Window, inode: int) -> _Socket | None:
        unix = self.sockets.unix(inode)
        if unix is not None:
            return self._unix(inode, unix.peer, unix.name)
        table = self.sockets.tcp(window.folder)
        row = table.by_inode.get(inode)
        if row is None or row.listens:
            return None
        other = table.other_end(row)
        pending = other is not None and not other.inode
        end = table.listener(row.remote) if pending else other
        return _Socket((end.inode,) if end else (), port(row.local), port(row.remote), pending)

    def _unix(self, inode: int, peer: int, name: str) -> _Socket | None:
        if peer:
            other = self.sockets.unix(peer)
            return _Socket((peer,), name, other.name if other else "")
        for listening in self._listening():
            found = self.sockets.unix(listening)
            if found and inode in found.pending:
                return _Socket((listening,), "", found.name, pending=True)
        return None

    def _listening(self) -> set[int]:
        """The sockets at which listeners accept."""
        listeners = (one for one in self._met_at.values() if one.kind is K.LISTENER)
        told = (told for one in listeners for told in self._windows.told(one, "reader"))
        return {inode for window, fd in told if (inode := window.inode_at(fd))}


def _port_of(address: str) -> int | None:
    _host, colon, number = address.rpartition(":")
    return int(number) if colon and "/" not in address and number.isdecimal() else None
