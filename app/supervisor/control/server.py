"""The supervisor's side of the control socket: commands in, answers out; it never blocks and decides nothing.

::

    peer ──frames──▶ Client ──▶ inbox ──take()──▶ loop ──▶ Fleet
         ◀─frames─── Outbox ◀── client.send (replies) · server.publish (deltas) ◀── loop

`peer` has the limits of one client.
"""

import itertools
import socket
from collections import deque
from pathlib import Path

from app.linux.poller import Poller
from app.linux.unix_sockets import Listener
from app.protocol.control import AnyCommand, Refused
from app.records.errors import ProcessionError

from .peer import Client

MAX_CLIENTS = 256
_ACCEPTS_PER_TURN = 16
_INTERNAL = "internal error of the supervisor; see its traceback on the standard error of `procession serve`"


class ControlServer:
    """The listening socket and its clients; ``closed`` has those that were closed, for the loop to pop."""

    def __init__(self, path: Path, poller: Poller) -> None:
        self.poller = poller
        self.inbox: deque[tuple[Client, AnyCommand]] = deque()
        self.closed: deque[Client] = deque()
        self.clients: dict[int, Client] = {}
        self.subscribers: dict[int, Client] = {}
        self._numbers = itertools.count(1)
        self._listener = Listener(
            path, socket.SOCK_STREAM, poller, self._connected, backlog=128, per_turn=_ACCEPTS_PER_TURN
        )

    def take(self, limit: int = 256) -> list[tuple[Client, AnyCommand]]:
        """Return at most ``limit`` commands in order of arrival; read clients again that were paused."""
        taken = [self.inbox.popleft() for _ in range(min(limit, len(self.inbox)))]
        for client, _ in taken:
            client.taken()
        return taken

    def subscribe(self, client: Client) -> None:
        """Send ``client`` every delta from now on; the caller sends the snapshot right after."""
        if not client.closed:
            client.needs_snapshot = False
            self.subscribers[client.id] = client

    def publish(self, frame: bytes) -> None:
        """Offer an encoded delta (`frames.framed`) to all subscribers."""
        for client in list(self.subscribers.values()):
            client.offer_frame(frame)

    def due_snapshots(self) -> list[Client]:
        """Return each subscriber that missed deltas and has caught up; the caller sends it a `SnapshotMessage`."""
        due = [c for c in self.subscribers.values() if c.needs_snapshot and not c.outbox.size]
        for client in due:
            client.needs_snapshot = False
        return due

    def fail(self, client_id: int, request: int) -> None:
        """Refuse a request because of an error of ours; disconnect its client if the request has no number.

        A client that numbers its requests has several on one connection, and can tell which one failed.
        """
        if client := self.clients.get(client_id):
            client.send(Refused(request=request, kind=ProcessionError.kind, detail=_INTERNAL))
            if not request:
                client.flush_and_close()

    def gone(self, client: Client) -> None:
        """Forget a client that was closed."""
        self.clients.pop(client.id, None)
        self.subscribers.pop(client.id, None)
        self.closed.append(client)

    def close(self) -> None:
        """Close everything, and remove the socket file unless another server has replaced it."""
        for client in list(self.clients.values()):
            client.close()
        self._listener.close()

    def _connected(self, peer: socket.socket, pid: int) -> None:
        if len(self.clients) >= MAX_CLIENTS:
            peer.close()
            return
        number = next(self._numbers)
        self.clients[number] = Client(self, peer, number, pid)
