"""The connected browsers, and the limits of each.

engineio's queue of a client is unbounded.  So nothing is added to a queue of more than `MAX_QUEUED` packets: such a
client misses deltas, is marked as behind, and gets one fresh snapshot when its queue is empty again.  A stalled client
is disconnected by `websocket` (a write that makes no progress) or by the ping timeout.  A packet is encoded once for
all clients.
"""

from typing import Any

from engineio.exceptions import EngineIOError  # type: ignore[import-untyped]
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]
from msgspec import Struct, field

from app.web.http.auth import Role

__all__ = ["MAX_TOPICS", "Client", "Clients", "Packet", "packet"]

MAX_QUEUED = 4
MAX_TOPICS = 8
SOCKETIO_EVENT = "2"


class Client(Struct, eq=False):
    """One connected browser; ``behind``: it has missed a delta and needs a snapshot."""

    engine_id: str
    role: Role
    behind: bool = True
    topics: set[str] = field(default_factory=set)


class Clients:
    """The connected browsers by Socket.IO session id; ``engine`` is the `engineio.Server`."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.connected: dict[str, Client] = {}
        self.skipped = 0
        self._unauthenticated: set[str] = set()

    def queued(self, client: Client) -> int:
        """Return how many packets are queued for a client."""
        socket = self._engine.sockets.get(client.engine_id)
        return socket.queue.qsize() if socket else 0

    def offer(self, client: Client, packet: Packet) -> bool:
        """Queue a packet unless the client has too many already; return whether it was queued."""
        if self.queued(client) > MAX_QUEUED:
            self.skipped += 1
            return False
        try:
            self._engine.send_packet(client.engine_id, packet)
        except EngineIOError:  # it was just closed; its disconnect event follows
            return False
        return True

    def sweep(self) -> None:
        """Close connections that were opened before the last sweep and have not authenticated."""
        known = {client.engine_id for client in self.connected.values()}
        unauthenticated = set(self._engine.sockets) - known
        for engine_id in unauthenticated & self._unauthenticated:
            self._engine.sockets[engine_id].close(wait=False)
        self._unauthenticated = unauthenticated

    def close(self) -> None:
        for socket in list(self._engine.sockets.values()):
            socket.close(wait=False)

    def offer_all(self, packet: Packet) -> None:
        for client in list(self.connected.values()):
            self.offer(client, packet)


def packet(event: str, json: bytes) -> Packet:
    """Return a Socket.IO event as an engine.io packet, which can be sent to any number of clients."""
    return Packet(MESSAGE, data=f'{SOCKETIO_EVENT}["{event}",{json.decode()}]')
