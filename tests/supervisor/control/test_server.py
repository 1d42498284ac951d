"""The control socket over real sockets: framing, flow control, slow readers, and who may connect."""

from __future__ import annotations

import json
import os
import resource
import socket
import stat
import struct
from collections.abc import Iterator
from contextlib import closing, suppress
from multiprocessing.connection import Connection as PickleConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.linux.poller import Poller
from app.protocol.control import MAX_FRAME, Act, AnyCommand, Workloads, encode, reply
from app.protocol.frames import framed
from app.records.process import Verb
from app.supervisor.control import peer
from app.supervisor.control.peer import Client
from app.supervisor.control.server import MAX_CLIENTS, ControlServer
from tests.examples import examples

WORKLOADS = framed(encode(Workloads(request=7)))


class House:
    """A server, and the turns of its loop."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "control.sock"
        self.poller = Poller()
        self.server = ControlServer(self.path, self.poller)
        self.sockets: list[socket.socket] = []

    def connect(self, path: Path | None = None) -> socket.socket:
        """A plain client, accepted."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(10)
        self.sockets.append(sock)
        sock.connect(str(path or self.path))
        self.turn()
        return sock

    def push(self, sock: socket.socket, sent: bytes) -> None:
        """Send more than the kernel buffers, with the loop turning meanwhile."""
        sock.setblocking(False)
        while sent:
            sent = sent[sock.send(sent) :]
            self.turn()
        sock.settimeout(10)

    def turn(self) -> int:
        """All that is ready now."""
        turns = 0
        while self.poller.wait(0):
            turns += 1
            assert turns < 10_000, "the loop spins"
        return turns

    def only_client(self) -> Client:
        """The one client that is connected."""
        (client,) = self.server.clients.values()
        return client

    def close(self) -> None:
        """Leave nothing."""
        self.server.close()
        self.poller.close()
        for sock in self.sockets:
            sock.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def read_answer(sock: socket.socket) -> dict[str, object]:
    """One frame of the server, decoded."""
    (length,) = struct.unpack("!i", sock.recv(4, socket.MSG_WAITALL))
    answer: dict[str, object] = json.loads(sock.recv(length, socket.MSG_WAITALL))
    return answer


def is_closed(sock: socket.socket) -> bool:
    """Whether the server closed this connection."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def commands(taken: list[tuple[Client, AnyCommand]]) -> list[AnyCommand]:
    """Without the clients."""
    return [command for _, command in taken]


def test_command_goes_in_and_reply_comes_out(house: House) -> None:
    """One exchange, and the peer is known by its pid."""
    sock = house.connect()
    sock.sendall(WORKLOADS)
    house.turn()
    ((client, command),) = house.server.take()
    client.send(reply(command.request, {"workloads": []}))
    assert (command, client.pid) == (Workloads(request=7), os.getpid())
    assert read_answer(sock) == {"type": "Reply", "request": 7, "result": {"workloads": []}}


def test_frames_arrive_whole_however_they_were_cut(house: House) -> None:
    """A command that comes byte by byte is one command, and three at once are three."""
    sock = house.connect()
    for byte in WORKLOADS:
        sock.sendall(bytes([byte]))
        house.turn()
    sock.sendall(WORKLOADS * 3)
    house.turn()
    assert commands(house.server.take()) == [Workloads(request=7)] * 4


def test_multiprocessing_connection_can_talk_to_us(house: House) -> None:
    """The framing is that of multiprocessing.connection."""
    sock = house.connect()
    connection = PickleConnection(os.dup(sock.fileno()))
    connection.send_bytes(encode(Workloads(request=1)))
    house.turn()
    house.only_client().send(reply(1, []))
    assert json.loads(connection.recv_bytes())["request"] == 1
    connection.close()


@pytest.mark.parametrize(
    ("payload", "request_number"),
    [
        (b"", 0),
        (b"{", 0),
        (b"null", 0),
        (b"\xff\xfe", 0),
        (b'{"type": "Nonsense", "request": 3}', 3),
        (b'{"type": "Act", "request": 4, "process": "1", "verb": "explode"}', 4),
        (b'{"type": "Act", "request": 5, "process": 1, "verb": "kill"}', 5),
        (b'{"type": "Workloads", "request": 6, "surplus": 1}', 6),
        (b'{"type": "Workloads", "request": "x"}', 0),
        (
            b'{"type":"Launch","request":8,"spec":{"params":{"a":' + b"[" * 200_000 + b"]" * 200_000 + b"}}}",
            0,
        ),
        (b'{"type":"Workloads","request":' + b"9" * 100_000 + b"}", 0),
    ],
)
def test_what_is_no_command_is_refused_and_the_connection_lives_on(
    house: House, payload: bytes, request_number: int
) -> None:
    """The refusal repeats the number where it can be read."""
    sock = house.connect()
    house.push(sock, framed(payload) + WORKLOADS)
    answer = read_answer(sock)
    assert (answer["type"], answer["kind"], answer["request"]) == ("Refused", "invalid", request_number)
    assert commands(house.server.take()) == [Workloads(request=7)]


@pytest.mark.parametrize("length", [-1, MAX_FRAME + 1, 2**31 - 1])
def test_impossible_frame_closes_the_connection(house: House, length: int) -> None:
    """There is no way to find the next frame; the others are not touched."""
    other, sock = house.connect(), house.connect()
    sock.sendall(WORKLOADS + struct.pack("!i", length) + b"x")
    house.turn()
    assert is_closed(sock)
    assert len(house.server.closed) == 1
    other.sendall(WORKLOADS)
    house.turn()
    assert len(house.server.take()) == 2


def test_rubbish_without_end_closes_the_connection(house: House) -> None:
    """Refusals cost work too."""
    sock = house.connect()
    sock.sendall(framed(b"x") * 100)
    house.turn()
    assert [read_answer(sock)["kind"] for _ in range(peer.MAX_BROKEN + 1)] == ["invalid"] * (peer.MAX_BROKEN + 1)
    assert is_closed(sock)


def test_largest_command_passes(house: House) -> None:
    """A frame of exactly 1 MiB is read, 64 KiB a turn."""
    text = encode(Act(request=1, process="", verb=Verb.KILL))
    command = Act(request=1, process="x" * (MAX_FRAME - len(text)), verb=Verb.KILL)
    sock = house.connect()
    house.push(sock, framed(encode(command)))
    assert commands(house.server.take()) == [command]


def test_client_faster_than_the_loop_is_held_back(house: House) -> None:
    """Nothing is lost: it is read again once its commands were taken, and the loop does not spin."""
    sock = house.connect()
    sent = [Workloads(request=n) for n in range(1, 1001)]
    sock.sendall(b"".join(framed(encode(command)) for command in sent))
    house.turn()
    assert len(house.server.inbox) == peer.MAX_WAITING
    taken: list[AnyCommand] = []
    while batch := house.server.take(100):
        taken += commands(batch)
        house.turn()
        assert len(house.server.inbox) <= peer.MAX_WAITING
    assert taken == sent


def test_client_that_leaves_while_held_back_is_noticed_later(house: House) -> None:
    """Its end of file does not spin the loop, and its commands are still done."""
    sock = house.connect()
    sock.sendall(WORKLOADS * 300)
    house.turn()
    sock.close()
    assert house.turn() == 0
    assert sum(len(house.server.take(64)) + house.turn() * 0 for _ in range(6)) == 300
    assert len(house.server.closed) == 1


def test_client_that_leaves_is_reported(house: House) -> None:
    """The loop drops what it waited for; a late reply to it is no error."""
    sock = house.connect()
    client = house.only_client()
    house.server.subscribe(client)
    sock.close()
    house.turn()
    assert list(house.server.closed) == [client]
    assert not house.server.subscribers
    client.send(reply(1, {}))
    house.server.subscribe(client)
    assert not house.server.subscribers


def test_slow_reader_loses_deltas_and_gets_a_snapshot_when_it_caught_up(house: House) -> None:
    """Its buffer stays bounded; one that reads gets everything."""
    slow, quick = house.connect(), house.connect()
    slow_client, quick_client = house.server.clients.values()
    house.server.subscribe(slow_client)
    house.server.subscribe(quick_client)
    delta = framed(b'"' + b"d" * 99_998 + b'"')
    for _ in range(200):
        house.server.publish(delta)
        house.turn()
        assert quick.recv(len(delta), socket.MSG_WAITALL) == delta
    assert slow_client.needs_snapshot
    assert slow_client.outbox.size <= peer.DELTA_CAP
    assert house.server.due_snapshots() == []
    while slow_client.outbox.size:
        slow.recv(1024 * 1024)
        house.turn()
    assert house.server.due_snapshots() == [slow_client]
    assert house.server.due_snapshots() == []
    assert (quick_client.dropped, slow_client.dropped > 50) == (0, True)


def test_replies_are_never_dropped(house: House) -> None:
    """Over the cap of the deltas a reply still arrives, in order."""
    sock = house.connect()
    client = house.only_client()
    house.server.subscribe(client)
    house.server.publish(framed(b"1" * (peer.DELTA_CAP - 10)))
    house.server.publish(framed(b"2" * 1_000_000))
    client.send(reply(3, {"big": "x" * 1_000_000}))
    seen = bytearray()
    while client.outbox.size:
        seen += sock.recv(1024 * 1024)
        house.turn()
    sock.setblocking(False)
    seen += sock.recv(1024 * 1024)
    assert b"2222" not in seen
    assert seen.endswith(b'x"}}')


def test_client_that_takes_no_replies_is_closed(house: House) -> None:
    """64 MiB unsent are enough."""
    house.connect()
    client = house.only_client()
    frame = framed(b"x" * (8 * 1024 * 1024))
    for _ in range(9):
        client.send_frame(frame)
    assert client.closed
    assert client.outbox.size == 0
    assert list(house.server.closed) == [client]


def test_socket_is_ours_alone_and_a_stale_one_is_replaced(tmp_path: Path) -> None:
    """0600 whatever the umask; the file goes with the server, unless it is another's by then."""
    before = os.umask(0)
    try:
        first = House(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    second = House(tmp_path)
    first.close()
    second.connect()
    second.close()
    assert not second.path.exists()


def test_other_users_are_turned_away(tmp_path: Path) -> None:
    """By SO_PEERCRED, not by the mode of the file alone."""
    if os.getuid() != 0:
        pytest.skip("needs root to be somebody else")
    poller = Poller()
    tmp_path.chmod(0o755)
    server = ControlServer(tmp_path / "s", poller)
    (tmp_path / "s").chmod(0o666)
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            os.chdir(tmp_path)
            os.setuid(65534)
            sock = socket.socket(socket.AF_UNIX)
            sock.connect("s")
            sock.sendall(WORKLOADS)
            os.write(writing, b"c")
            os.write(writing, b"closed" if is_closed(sock) else b"open")
        finally:
            os._exit(0)
    os.close(writing)
    assert os.read(reading, 1) == b"c"
    while poller.wait(0):
        pass
    assert os.read(reading, 100) == b"closed"
    os.waitpid(pid, 0)
    os.close(reading)
    assert not server.take()
    server.close()
    poller.close()


def test_number_of_clients_is_bounded(house: House) -> None:
    """One over it is closed at once; when another leaves there is room again."""
    socks = [house.connect() for _ in range(MAX_CLIENTS)]
    assert is_closed(house.connect())
    socks[0].close()
    house.turn()
    house.connect()
    assert len(house.server.clients) == MAX_CLIENTS


def test_without_fds_connections_are_turned_away_and_the_loop_does_not_spin(house: House) -> None:
    """The spare fd is there again afterwards."""
    sock = socket.socket(socket.AF_UNIX)
    house.sockets.append(sock)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(fd.name) for fd in Path("/proc/self/fd").iterdir())
    filling = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 8, limits[1]))
    try:
        while True:
            filling.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        sock.connect(str(house.path))
        house.turn()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in filling:
            os.close(fd)
    assert is_closed(sock)
    house.connect()
    assert len(house.server.clients) == 1


def test_path_longer_than_a_socket_address(tmp_path: Path) -> None:
    """A deep PROCESSION_HOME works all the same."""
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    poller = Poller()
    server = ControlServer(deep / "control.sock", poller)
    assert (deep / "control.sock").exists()
    server.close()
    assert not (deep / "control.sock").exists()
    poller.close()


@given(st.lists(st.binary(max_size=40) | st.binary(max_size=40).map(framed) | st.just(WORKLOADS), max_size=30))
@examples(300)
def test_no_bytes_can_hurt_the_server(chunks: list[bytes]) -> None:
    """Whatever one client sends, in whatever pieces, another is served."""
    with TemporaryDirectory() as folder, closing(House(Path(folder))) as house:
        hostile, friendly = house.connect(), house.connect()
        for chunk in chunks:
            with suppress(OSError):
                hostile.sendall(chunk)
            house.turn()
        friendly.sendall(framed(encode(Workloads(request=77))))
        house.turn()
        assert commands(house.server.take(1000))[-1] == Workloads(request=77)
