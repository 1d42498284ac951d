"""The browsers that are connected, and what each of them may cost.

engineio's queue per client has no bound.  So nothing is put into one that holds more than `MAX_QUEUED`
packets: such a client misses deltas, is marked as behind, and gets one fresh snapshot when it has drained.
One that stays stalled is ended by `websocket` (a write that gets nowhere) or by the ping timeout.  A packet
is encoded once for all clients.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from engineio.exceptions import EngineIOError  # type: ignore[import-untyped]
from engineio.packet import MESSAGE, Packet  # type: ignore[import-untyped]

from app.web.http.auth import Role

__all__ = ["MAX_TOPICS", "Client", "Clients", "Packet", "packet"]

MAX_QUEUED = 4
MAX_TOPICS = 8
SOCKETIO_EVENT = "2"


class Engine(Protocol):
    """What is used of `engineio.Server`."""

    sockets: dict[str, Any]

    def send_packet(self, sid: str, pkt: Packet) -> None:
        """Queue a packet for one client."""


@dataclass(eq=False)
class Client:
    """One connected browser; ``behind``: it missed something and needs a snapshot."""

    engine_id: str
    role: Role
    behind: bool = True
    topics: set[str] = field(default_factory=set)


class Clients:
    """All connected browsers by Socket.IO session id."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.connected: dict[str, Client] = {}
        self.skipped = 0
        self._strangers: set[str] = set()

    def queued(self, client: Client) -> int:
        """How many packets wait for this client to read on."""
        socket = self._engine.sockets.get(client.engine_id)
        return socket.queue.qsize() if socket else 0

    def offer(self, client: Client, packet: Packet) -> bool:
        """Queue a packet, unless the client has too many already; whether it was queued."""
        if self.queued(client) > MAX_QUEUED:
            self.skipped += 1
            return False
        try:
            self._engine.send_packet(client.engine_id, packet)
        except EngineIOError:  # it closed meanwhile; its disconnect event follows
            return False
        return True

    def sweep(self) -> None:
        """End connections that were opened before the last sweep and have not told who they are."""
        known = {client.engine_id for client in self.connected.values()}
        strangers = set(self._engine.sockets) - known
        for engine_id in strangers & self._strangers:
            self._engine.sockets[engine_id].close(wait=False)
        self._strangers = strangers

    def close(self) -> None:
        """Say goodbye to everybody."""
        for socket in list(self._engine.sockets.values()):
            socket.close(wait=False)

    def offer_all(self, packet: Packet) -> None:
        """Queue a packet for everybody, if need be out of turn: it is small and rare."""
        for client in list(self.connected.values()):
            self.offer(client, packet)


def packet(event: str, json: bytes) -> Packet:
    """A Socket.IO event as an engine.io packet; its text is made once, whoever it is sent to."""
    return Packet(MESSAGE, data=f'{SOCKETIO_EVENT}["{event}",{json.decode()}]')
