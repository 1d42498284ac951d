"""The bounds on what one browser may cost: its queue, and unauthenticated connections."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue

import pytest

from app.web.http.auth import Role
from app.web.live.clients import MAX_QUEUED, Client, Clients, Packet, packet


class Socket:
    """A fake of an engine.io socket."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Packet] = SimpleQueue()
        self.closed = False

    def close(self, *, wait: bool) -> None:
        assert not wait
        self.closed = True


class Engine:
    """A fake of the engine.io server."""

    def __init__(self) -> None:
        self.sockets: dict[str, Socket] = {}

    def send_packet(self, sid: str, pkt: Packet) -> None:
        if sid in self.sockets:
            self.sockets[sid].queue.put(pkt)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = Engine()
    engine.sockets["e"] = Socket()
    return engine


@pytest.fixture
def clients(engine: Engine) -> Clients:
    clients = Clients(engine)
    clients.connected["s"] = Client("e", Role.OPERATOR)
    return clients


def test_a_packet_is_a_socketio_event() -> None:
    """Its text is encoded once and reused."""
    made = packet("delta", b'{"seq":1}')
    assert made.encode() == '42["delta",{"seq":1}]'
    assert made.encode() is made.encode()


def test_a_client_that_does_not_read_gets_no_more_packets(engine: Engine, clients: Clients) -> None:
    """The queue is bounded, and skipped packets are counted."""
    client = clients.connected["s"]
    taken = [clients.offer(client, packet("delta", b"{}")) for _ in range(MAX_QUEUED + 10)]
    assert taken == [True] * (MAX_QUEUED + 1) + [False] * 9
    assert engine.sockets["e"].queue.qsize() == MAX_QUEUED + 1
    assert clients.skipped == 9
    engine.sockets["e"].queue.get()
    assert clients.offer(client, packet("delta", b"{}"))


def test_offering_to_a_disconnected_client_does_not_fail(engine: Engine, clients: Clients) -> None:
    """Its disconnect event may come later."""
    del engine.sockets["e"]
    clients.offer_all(packet("supervisor_away", b"{}"))


def test_unauthenticated_connections_are_closed_at_the_second_sweep(engine: Engine, clients: Clients) -> None:
    """Authenticated ones stay open."""
    engine.sockets["stranger"] = Socket()
    clients.sweep()
    assert not engine.sockets["stranger"].closed
    clients.sweep()
    assert engine.sockets["stranger"].closed
    assert not engine.sockets["e"].closed
