"""The connected browsers, and the limits of each.

engineio's queue of a client is unbounded.  So nothing is added to a queue of more than `MAX_QUEUED` packets: such a
client misses deltas, is marked as behind, and gets one fresh snapshot when its queue is empty again.  A stalled client
is disconnected by `websocket` (a write that makes no progress) or by the ping timeout.  A packet is encoded once for
all clients.  Connections that have not authenticated are limited in number and time.
"""

from collections.abc import Callable, Iterable
from typing import Any

from engineio.exceptions import EngineIOError  # type: ignore[import-untyped]
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]
from msgspec import Struct, field

from app.web.http.auth import Role

__all__ = ["MAX_TOPICS", "Client", "Clients", "Packet", "packet"]

MAX_QUEUED = 4
MAX_TOPICS = 8
MAX_UNAUTHENTICATED = 50
#: A snapshot costs as much as the deltas of several seconds.
SNAPSHOT_EVERY_S = 1.0
SOCKETIO_EVENT = "2"


class Client(Struct, eq=False):
    """One connected browser; ``behind``: it has missed a delta and needs a snapshot.

    ``session``: the cookie by which it was admitted, if not by a token.  ``refreshed_at``: when it got the last
    snapshot, in monotonic seconds.
    """

    engine_id: str
    role: Role
    session: str | None = None
    behind: bool = True
    refreshed_at: float = float("-inf")
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
        strangers = self._strangers()
        self._close(engine_id for engine_id in strangers if engine_id in self._unauthenticated)
        self._unauthenticated = set(strangers)

    def limit_strangers(self) -> None:
        """Close the oldest connections that have not authenticated, if there are too many."""
        self._close(self._strangers()[:-MAX_UNAUTHENTICATED])

    def close_session(self, cookie: str) -> None:
        """Close the connections of a session that has ended."""
        self._close([client.engine_id for client in self.connected.values() if client.session == cookie])

    def close_ended(self, lives: Callable[[str], bool]) -> None:
        """Close the connections of sessions that have become too old, or are invalid for another reason."""
        sessions = {client.session for client in self.connected.values() if client.session}
        for cookie in sessions:
            if not lives(cookie):
                self.close_session(cookie)

    def close(self) -> None:
        self._close(list(self._engine.sockets))

    def _strangers(self) -> list[str]:
        known = {client.engine_id for client in self.connected.values()}
        return [engine_id for engine_id in self._engine.sockets if engine_id not in known]

    def _close(self, engine_ids: Iterable[str]) -> None:
        for engine_id in engine_ids:
            if socket := self._engine.sockets.get(engine_id):
                socket.close(wait=False)

    def offer_all(self, packet: Packet) -> None:
        for client in list(self.connected.values()):
            self.offer(client, packet)


def packet(event: str, json: bytes) -> Packet:
    """Return a Socket.IO event as an engine.io packet, which can be sent to any number of clients."""
    return Packet(MESSAGE, data=f'{SOCKETIO_EVENT}["{event}",{json.decode()}]')
