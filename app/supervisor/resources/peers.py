"""Find who holds the other end of a pipe or a socket that a process waits for, reported as a resource or not.

::

    fd ──▶ inode ──▶ pipe: the same inode ──┐
                 └─▶ socket: its peer's ────┴─▶ its holders, by the fds of observed and unobserved processes

A connection made by a Listener, or to a manager, is recognised by its address.
"""

from collections.abc import Callable
from typing import NamedTuple

from app.core.resources.book import Book
from app.core.resources.reach import DESCRIPTORS
from app.core.resources.thing import Thing, number, text
from app.linux import pipes
from app.linux.sockets import Sockets, port, tcp_port
from app.linux.thread_waits import Wait
from app.records.resource import ResourceKind

from .figures import Fds
from .process_view import ProcessView, ProcessViews
from .unobserved import HolderQuery, UnobservedHolders

K = ResourceKind
_WITH_ADDRESS = frozenset({K.LISTENER, K.MANAGER})


class Peer(NamedTuple):
    """The holders of the other end: ``pids`` that could end the wait, ``known`` if one of them is observed.

    The process that waits is one of them only if there is no other; ``itself``: it has the other end besides them, so
    that another of its threads could use that.

    ``thing`` is the listener or manager whose connection it is; ``serves``: this end was accepted; ``pending``: the
    other end was not accepted yet; ``inode`` is that of the other end.
    """

    pids: tuple[int, ...] = ()
    known: bool = False
    certain: bool = False
    itself: bool = False
    inode: int = 0
    thing: Thing | None = None
    serves: bool = False
    pending: bool = False

    def able(self, pid: int) -> tuple[int, ...]:
        """Return who could end the wait of process ``pid``, including that itself by another of its threads."""
        return (*self.pids, pid) if self.itself else self.pids


class _Socket(NamedTuple):
    """A connected socket: the inodes of its peers; ``near`` and ``far`` are its two addresses, or ports."""

    peers: tuple[int, ...]
    near: str | int
    far: str | int
    pending: bool = False


class PeerFinder:
    """Finds peers with the fds of observed processes and the kernel's socket tables; `renew` in each reading."""

    def __init__(self, book: Book, views: ProcessViews, cpu: Callable[[], float]) -> None:
        self.sockets = Sockets()
        self.strangers = UnobservedHolders(cpu)
        self._book, self._views = book, views
        self._index: Fds = {}
        self._by_address: dict[str | int, Thing] = {}
        self._servers: set[int | None] = set()

    def renew(self, index: Fds) -> None:
        """Use these fds from now on, and query the kernel again."""
        self._index = index
        self.sockets.renew()
        self._by_address = {}
        self._servers = {number(one.facts, "server") for one in self._book if one.kind is K.MANAGER}
        # Those reported by their maker come last, and replace others with the same address.
        found = (one for one in self._book if one.kind in _WITH_ADDRESS)
        for thing in sorted(found, key=lambda one: ("reader" in one.facts or "server" in one.facts, -one.number)):
            if address := text(thing.facts, "address"):
                self._by_address[address] = thing
                if (port_number := tcp_port(address)) is not None:
                    self._by_address[port_number] = thing

    def peer(self, view: ProcessView, wait: Wait) -> Peer:
        """Return who could end a read or write, as far as that is known."""
        fd, reads = wait.what, wait.for_ == "read"
        kind, inode = pipes.kind_at(view.folder, fd)
        token = view.token(wait)
        if kind == "pipe":
            return self._held((inode,), view, token, reads=not reads, sure=True)
        socket = self._socket(view, inode) if kind == "socket" else None
        if socket is None:
            return Peer()
        near, far = self._by_address.get(socket.near), self._by_address.get(socket.far)
        sure = not view.expires(fd, inode, reads=reads)
        held = self._held(socket.peers, view, token, reads=None, sure=sure)
        return held._replace(thing=near or far, serves=near is not None, pending=socket.pending)

    def holders(self, inode: int) -> tuple[int, ...]:
        """Return the observed processes that have a pipe or socket open."""
        return tuple(sorted({pid for pid, _ in self._index.get(inode, ())}))

    def peer_of(self, inode: int) -> int:
        """Return the inode of the peer of a unix socket; 0 if unknown."""
        found = self.sockets.unix(inode)
        return found.peer if found else 0

    def close(self) -> None:
        self.sockets.close()

    def is_observed(self, view: ProcessView, wait: Wait, inode: int) -> bool:
        """Return whether only observed processes have that pipe or socket open."""
        peer = self.peer_of(inode)
        token = view.token(wait)
        # Query both, whatever the first answer is: a query also asks for the next search.
        told = [self.strangers.ask(HolderQuery(one, view.pid, token)) for one in (inode, peer) if one]
        return not any(pids is None or pids for pids in told)

    def _held(self, inodes: tuple[int, ...], view: ProcessView, token: int, *, reads: bool | None, sure: bool) -> Peer:
        ours = {
            pid
            for inode in inodes
            for pid, one in self._index.get(inode, ())
            if reads is None or (one.reads if reads else one.writes)
        }
        others = ours - {view.pid}
        # The server of a manager inherits what it never uses.
        others = others - self._servers or others
        told = [self.strangers.ask(HolderQuery(inode, view.pid, token)) for inode in inodes]
        unknown = {pid for pids in told for pid in pids or ()} - {view.pid}
        only_itself = bool(ours) and not others | unknown
        pids = {view.pid} if only_itself else others | unknown
        itself = view.pid in ours and not only_itself
        sure = sure and None not in told and not (view.pid in ours and self._may_signal_write(view, inodes))
        return Peer(tuple(sorted(pids)), bool(ours), sure, itself, next(iter(inodes), 0))

    def _may_signal_write(self, view: ProcessView, inodes: tuple[int, ...]) -> bool:
        """Return whether a signal may make a process write to itself, by its handler or by its wakeup descriptor."""
        keys = {DESCRIPTORS, *(f"{kind}:{inode}" for kind in ("pipe", "sock") for inode in inodes)}
        return self._book.reach.of_handlers(view.pid, keys)

    def _socket(self, view: ProcessView, inode: int) -> _Socket | None:
        unix = self.sockets.unix(inode)
        if unix is not None:
            return self._unix(inode, unix.peer, unix.name)
        table = self.sockets.tcp(view.folder)
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
        """Return the inodes of the sockets at which listeners accept."""
        listeners = (one for one in self._by_address.values() if one.kind is K.LISTENER)
        fds = (fd for one in listeners for fd in self._views.reported(one, "reader"))
        return {inode for view, fd in fds if (inode := view.inode_at(fd))}
