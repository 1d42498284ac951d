"""The control socket over real sockets: framing, flow control, slow readers and access control."""

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
from app.records.verbs import Verb
from app.supervisor.control import peer
from app.supervisor.control.peer import Client
from app.supervisor.control.server import MAX_CLIENTS, ControlServer
from tests.examples import examples

WORKLOADS = framed(encode(Workloads(request=7)))


class ServerHarness:
    """A control server with its poller and its clients' sockets."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "control.sock"
        self.poller = Poller()
        self.server = ControlServer(self.path, self.poller)
        self.sockets: list[socket.socket] = []

    def connect(self, path: Path | None = None) -> socket.socket:
        """Connect a client and let the server accept it."""
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(10)
        self.sockets.append(sock)
        sock.connect(str(path or self.path))
        self.turn()
        return sock

    def push(self, sock: socket.socket, sent: bytes) -> None:
        """Send more than the kernel buffers, handling events meanwhile."""
        sock.setblocking(False)
        while sent:
            sent = sent[sock.send(sent) :]
            self.turn()
        sock.settimeout(10)

    def turn(self) -> int:
        """Handle all events that are ready; return the number of turns."""
        turns = 0
        while self.poller.wait(0):
            turns += 1
            assert turns < 10_000, "the loop spins"
        return turns

    def only_client(self) -> Client:
        """Return the only connected client."""
        (client,) = self.server.clients.values()
        return client

    def close(self) -> None:
        """Close the server, the poller and all sockets."""
        self.server.close()
        self.poller.close()
        for sock in self.sockets:
            sock.close()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[ServerHarness]:
    harness = ServerHarness(tmp_path)
    yield harness
    harness.close()


def read_answer(sock: socket.socket) -> dict[str, object]:
    """Read and decode one frame from the server."""
    (length,) = struct.unpack("!i", sock.recv(4, socket.MSG_WAITALL))
    answer: dict[str, object] = json.loads(sock.recv(length, socket.MSG_WAITALL))
    return answer


def is_closed(sock: socket.socket) -> bool:
    """Return whether the server closed this connection."""
    try:
        return sock.recv(1) == b""
    except ConnectionResetError:
        return True


def commands(taken: list[tuple[Client, AnyCommand]]) -> list[AnyCommand]:
    """Return the commands without their clients."""
    return [command for _, command in taken]


def test_command_is_received_and_its_reply_is_sent(harness: ServerHarness) -> None:
    """The client is identified by its pid."""
    sock = harness.connect()
    sock.sendall(WORKLOADS)
    harness.turn()
    ((client, command),) = harness.server.take()
    client.send(reply(command.request, {"workloads": []}))
    assert (command, client.pid) == (Workloads(request=7), os.getpid())
    assert read_answer(sock) == {"type": "Reply", "request": 7, "result": {"workloads": []}}


def test_frames_arrive_whole_however_they_are_split(harness: ServerHarness) -> None:
    """A command sent byte by byte is one command, and three sent at once are three."""
    sock = harness.connect()
    for byte in WORKLOADS:
        sock.sendall(bytes([byte]))
        harness.turn()
    sock.sendall(WORKLOADS * 3)
    harness.turn()
    assert commands(harness.server.take()) == [Workloads(request=7)] * 4


def test_multiprocessing_connection_can_be_used_as_a_client(harness: ServerHarness) -> None:
    """The framing is that of multiprocessing.connection."""
    sock = harness.connect()
    connection = PickleConnection(os.dup(sock.fileno()))
    connection.send_bytes(encode(Workloads(request=1)))
    harness.turn()
    harness.only_client().send(reply(1, []))
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
def test_invalid_command_is_refused_and_the_connection_stays_open(
    harness: ServerHarness, payload: bytes, request_number: int
) -> None:
    """The refusal repeats the request number where it can be read."""
    sock = harness.connect()
    harness.push(sock, framed(payload) + WORKLOADS)
    answer = read_answer(sock)
    assert (answer["type"], answer["kind"], answer["request"]) == ("Refused", "invalid", request_number)
    assert commands(harness.server.take()) == [Workloads(request=7)]


@pytest.mark.parametrize("length", [-1, MAX_FRAME + 1, 2**31 - 1])
def test_frame_of_invalid_length_closes_the_connection(harness: ServerHarness, length: int) -> None:
    """The start of the next frame cannot be found; other connections are not affected."""
    other, sock = harness.connect(), harness.connect()
    sock.sendall(WORKLOADS + struct.pack("!i", length) + b"x")
    harness.turn()
    assert is_closed(sock)
    assert len(harness.server.closed) == 1
    other.sendall(WORKLOADS)
    harness.turn()
    assert len(harness.server.take()) == 2


def test_too_many_invalid_commands_close_the_connection(harness: ServerHarness) -> None:
    """Refusing them costs work too."""
    sock = harness.connect()
    sock.sendall(framed(b"x") * 100)
    harness.turn()
    assert [read_answer(sock)["kind"] for _ in range(peer.MAX_BROKEN + 1)] == ["invalid"] * (peer.MAX_BROKEN + 1)
    assert is_closed(sock)


def test_command_of_the_largest_size_is_accepted(harness: ServerHarness) -> None:
    """A frame of exactly 1 MiB is read, 64 KiB per turn."""
    text = encode(Act(request=1, process="", verb=Verb.KILL))
    command = Act(request=1, process="x" * (MAX_FRAME - len(text)), verb=Verb.KILL)
    sock = harness.connect()
    harness.push(sock, framed(encode(command)))
    assert commands(harness.server.take()) == [command]


def test_client_that_sends_too_fast_is_not_read_until_its_commands_are_taken(harness: ServerHarness) -> None:
    """No command is lost, and the loop does not spin."""
    sock = harness.connect()
    sent = [Workloads(request=n) for n in range(1, 1001)]
    sock.sendall(b"".join(framed(encode(command)) for command in sent))
    harness.turn()
    assert len(harness.server.inbox) == peer.MAX_WAITING
    taken: list[AnyCommand] = []
    while batch := harness.server.take(100):
        taken += commands(batch)
        harness.turn()
        assert len(harness.server.inbox) <= peer.MAX_WAITING
    assert taken == sent


def test_commands_of_a_disconnected_client_are_still_handled(harness: ServerHarness) -> None:
    """Its end of file does not make the loop spin while it is not read."""
    sock = harness.connect()
    sock.sendall(WORKLOADS * 300)
    harness.turn()
    sock.close()
    assert harness.turn() == 0
    assert sum(len(harness.server.take(64)) + harness.turn() * 0 for _ in range(6)) == 300
    assert len(harness.server.closed) == 1


def test_disconnected_client_is_reported_and_unsubscribed(harness: ServerHarness) -> None:
    """A late reply to it is not an error."""
    sock = harness.connect()
    client = harness.only_client()
    harness.server.subscribe(client)
    sock.close()
    harness.turn()
    assert list(harness.server.closed) == [client]
    assert not harness.server.subscribers
    client.send(reply(1, {}))
    harness.server.subscribe(client)
    assert not harness.server.subscribers


def test_slow_reader_loses_deltas_and_gets_a_snapshot_once_it_has_caught_up(harness: ServerHarness) -> None:
    """Its buffer stays bounded; a client that reads in time gets every delta."""
    slow, quick = harness.connect(), harness.connect()
    slow_client, quick_client = harness.server.clients.values()
    harness.server.subscribe(slow_client)
    harness.server.subscribe(quick_client)
    delta = framed(b'"' + b"d" * 99_998 + b'"')
    for _ in range(200):
        harness.server.publish(delta)
        harness.turn()
        assert quick.recv(len(delta), socket.MSG_WAITALL) == delta
    assert slow_client.needs_snapshot
    assert slow_client.outbox.size <= peer.DELTA_CAP
    assert harness.server.due_snapshots() == []
    while slow_client.outbox.size:
        slow.recv(1024 * 1024)
        harness.turn()
    assert harness.server.due_snapshots() == [slow_client]
    assert harness.server.due_snapshots() == []
    assert (quick_client.dropped, slow_client.dropped > 50) == (0, True)


def test_replies_are_never_dropped(harness: ServerHarness) -> None:
    """A reply is sent even where the deltas exceed their limit."""
    sock = harness.connect()
    client = harness.only_client()
    harness.server.subscribe(client)
    harness.server.publish(framed(b"1" * (peer.DELTA_CAP - 10)))
    harness.server.publish(framed(b"2" * 1_000_000))
    client.send(reply(3, {"big": "x" * 1_000_000}))
    seen = bytearray()
    while client.outbox.size:
        seen += sock.recv(1024 * 1024)
        harness.turn()
    sock.setblocking(False)
    seen += sock.recv(1024 * 1024)
    assert b"2222" not in seen
    assert seen.endswith(b'x"}}')


def test_client_with_too_many_unread_replies_is_disconnected(harness: ServerHarness) -> None:
    """The limit is 64 MiB."""
    harness.connect()
    client = harness.only_client()
    frame = framed(b"x" * (8 * 1024 * 1024))
    for _ in range(9):
        client.send_frame(frame)
    assert client.closed
    assert client.outbox.size == 0
    assert list(harness.server.closed) == [client]


def test_socket_is_private_and_a_stale_one_is_replaced(tmp_path: Path) -> None:
    """Its mode is 0600 whatever the umask; closing a server removes the file only if it is its own."""
    before = os.umask(0)
    try:
        first = ServerHarness(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o600
    second = ServerHarness(tmp_path)
    first.close()
    second.connect()
    second.close()
    assert not second.path.exists()


def test_connections_of_other_users_are_refused(tmp_path: Path) -> None:
    """SO_PEERCRED is checked, not the file mode alone."""
    if os.getuid() != 0:
        pytest.skip("needs root to switch to another user")
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


def test_number_of_clients_is_limited(harness: ServerHarness) -> None:
    """A client over the limit is disconnected at once; when another leaves, there is room again."""
    socks = [harness.connect() for _ in range(MAX_CLIENTS)]
    assert is_closed(harness.connect())
    socks[0].close()
    harness.turn()
    harness.connect()
    assert len(harness.server.clients) == MAX_CLIENTS


def test_connections_are_refused_while_no_descriptor_is_free(harness: ServerHarness) -> None:
    """The loop does not spin, and the spare descriptor is reopened afterwards."""
    sock = socket.socket(socket.AF_UNIX)
    harness.sockets.append(sock)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(fd.name) for fd in Path("/proc/self/fd").iterdir())
    filling = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 8, limits[1]))
    try:
        while True:
            filling.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        sock.connect(str(harness.path))
        harness.turn()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        for fd in filling:
            os.close(fd)
    assert is_closed(sock)
    harness.connect()
    assert len(harness.server.clients) == 1


def test_socket_path_may_be_longer_than_a_socket_address(tmp_path: Path) -> None:
    """PROCESSION_HOME may be a deep directory."""
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
def test_no_input_of_one_client_disturbs_another(chunks: list[bytes]) -> None:
    with TemporaryDirectory() as folder, closing(ServerHarness(Path(folder))) as harness:
        hostile, friendly = harness.connect(), harness.connect()
        for chunk in chunks:
            with suppress(OSError):
                hostile.sendall(chunk)
            harness.turn()
        friendly.sendall(framed(encode(Workloads(request=77))))
        harness.turn()
        assert commands(harness.server.take(1000))[-1] == Workloads(request=77)
