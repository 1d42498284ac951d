"""The observer socket: receives the messages of observed processes, with the fds that they pass; sends nothing.

::

    observer in a process ──message, fds──▶ Peer ──▶ inbox ──▶ loop       one connection for each process
    kernel ── its pid (SO_PEERCRED), a pidfd of it (SO_PEERPIDFD)

An observer never waits: while the loop is behind, no socket is read, the sockets fill up, and observers count in their
page what they could not send.  Messages that cannot be decoded are counted here.  Any process of our user may connect:
a message is only a claim, but the kernel says whose.
"""

import socket
from collections import deque
from pathlib import Path

import msgspec

from app.linux.poller import Poller
from app.linux.unix_sockets import Listener
from app.protocol.observer import Hello, Paged, SaidWord, heard
from app.records.primitives import UNDECODABLE, Key

from .connection import Heard, NotSeen, Peer, close_all

MAX_PEERS = 4096
#: Messages that wait for the loop; as many again may come from sockets that are ready in the same turn.
MAX_WAITING = 4096
_ACCEPTS_PER_TURN = 256
_WORDS_PER_TURN = 64
#: Messages that are read at the end of a process.
_DRAINED = 256

_words: msgspec.json.Decoder[SaidWord] = msgspec.json.Decoder(SaidWord)


class ObserverSocket:
    """The listening socket and its connections."""

    def __init__(self, path: Path, poller: Poller) -> None:
        self.path = path
        self.inbox: deque[Heard | NotSeen] = deque()
        self._poller = poller

        self._peers: dict[int, Peer] = {}
        self._held: set[int] = set()
        self._left: dict[int, int] = {}
        self._read_out: set[int] = set()
        self._listener = Listener(
            path, socket.SOCK_SEQPACKET, poller, self._connected, backlog=1024, per_turn=_ACCEPTS_PER_TURN
        )

    def new_turn(self) -> None:
        """Close the pidfds that the loop did not take in the turn of the last message of their process."""
        close_all(self._left.pop(pid) for pid in self._read_out & self._left.keys())
        self._read_out = set()

    def take(self, limit: int) -> list[Heard | NotSeen]:
        """Return at most ``limit`` messages in order of arrival; read connections again that were paused.

        May be called more than once in a turn, in which what the messages say is decided only at its end.
        """
        taken = [self.inbox.popleft() for _ in range(min(limit, len(self.inbox)))]
        if not self.inbox:
            self._read_out = set(self._left)
        if len(self.inbox) < MAX_WAITING:
            for fd in self._held:
                self._watch(fd)
            self._held.clear()
        return taken

    def take_pidfd(self, pid: int) -> int | None:
        """Return the pidfd of a process, owned by the caller; it is valid even if the process has ended."""
        for peer in self._peers.values():
            if peer.key[0] == pid and peer.pidfd is not None:
                pidfd, peer.pidfd = peer.pidfd, None
                return pidfd
        return self._left.pop(pid, None)

    def drain(self, pid: int) -> None:
        """Read all messages of a process: they come before its end."""
        for fd, peer in tuple(self._peers.items()):
            if peer.key[0] == pid:
                self._read(fd, peer, _DRAINED)

    def refuse(self, key: Key) -> None:
        """Disconnect a process, and drop what else it has sent."""
        # By the pid alone: the start time is forgotten once the process is gone.
        for one in [one for one in self.inbox if one.key[0] == key[0]]:
            self.inbox.remove(one)
            close_all(getattr(one, "fds", ()))
        for fd, peer in tuple(self._peers.items()):
            if peer.key[0] == key[0]:
                self._drop(fd)

    def look(self) -> None:
        """Read from the pages how many messages could not be sent."""
        for peer in self._peers.values():
            self._count_unsent(peer)

    def close(self) -> None:
        """Close everything, and remove the socket file unless another server has replaced it."""
        for fd in tuple(self._peers):
            self._drop(fd)
        close_all(self._left.values())
        self._listener.close()

    def _connected(self, connection: socket.socket, pid: int) -> None:
        if len(self._peers) >= MAX_PEERS:
            connection.close()
            return
        fd = connection.fileno()
        self._peers[fd] = Peer(connection, pid)
        self._watch(fd)

    def _watch(self, fd: int) -> None:
        self._poller.watch(fd, lambda _events: self._ready(fd), close=lambda: self._drop(fd))

    def _ready(self, fd: int) -> None:
        """Read a connection; while too many messages wait, pause it, unregistered: EPOLLHUP would spin the loop."""
        if len(self.inbox) >= MAX_WAITING:
            self._poller.forget(fd)
            self._held.add(fd)
        else:
            self._read(fd, self._peers[fd], _WORDS_PER_TURN)

    def _read(self, fd: int, peer: Peer, limit: int) -> None:
        for _ in range(limit):
            try:
                data, fds = peer.receive()
            except BlockingIOError:
                return
            except OSError:
                data, fds = b"", ()
            if not data:
                close_all(fds)
                self._count_unsent(peer)
                self._drop(fd)
                return
            self._decode(peer, data, fds)

    def _decode(self, peer: Peer, data: bytes, fds: tuple[int, ...]) -> None:
        try:
            said = _words.decode(data)
        except UNDECODABLE:
            close_all(fds)
            self.inbox.append(NotSeen(peer.key, 1))
            return
        if isinstance(said, Paged) or (isinstance(said, Hello) and fds):
            peer.keep_page(fds)
        first, *more = heard(said)
        if isinstance(first, Hello):
            peer.forget_start_if_gone()
        self.inbox.append(Heard(peer.key, first, fds))
        self.inbox.extend(Heard(peer.key, word) for word in more)

    def _count_unsent(self, peer: Peer) -> None:
        if more := peer.newly_unsent():
            self.inbox.append(NotSeen(peer.key, more))

    def _drop(self, fd: int) -> None:
        self._poller.forget(fd)
        self._held.discard(fd)
        peer = self._peers.pop(fd)
        if peer.pidfd is not None:
            # Its last messages are still in the inbox: the loop will watch it, if only for its exit code.
            close_all([self._left.pop(peer.key[0])] if peer.key[0] in self._left else [])
            self._left[peer.key[0]], peer.pidfd = peer.pidfd, None
        peer.close()
