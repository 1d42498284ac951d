"""The observer socket, and watching processes that are not our children, with real sockets and processes."""

from __future__ import annotations

import array
import contextlib
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from app.linux import proc
from app.linux.poller import Poller
from app.protocol import observer as w
from app.supervisor.observers import connection
from app.supervisor.observers import listener as observing
from app.supervisor.observers.connection import Heard, NotSeen
from app.supervisor.observers.listener import ObserverSocket
from app.supervisor.observers.watching import Watching
from tests.open_files import open_files
from tests.waiting import wait_until

#: Sends one message and exits.
SEND_AND_EXIT = """
import socket, sys
peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
peer.connect(sys.argv[1])
peer.send(b'{"kind": "exiting", "exitcode": 0}')
"""
HELLO = w.Hello(program="p1", ppid=1, python="3.12", executable="/python")


class SocketHarness:
    """A listening observer socket; the test's own process connects to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "observer.sock"
        self.poller = Poller()
        self.server = ObserverSocket(self.path, self.poller)
        self.peers: list[socket.socket] = []

    def peer(self) -> socket.socket:
        """Connect as an observer does."""
        one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        one.setblocking(False)
        one.connect(str(self.path))
        self.peers.append(one)
        return one

    def receive(self, count: int) -> list[Heard | NotSeen]:
        """Return the next ``count`` messages and counts of lost ones."""
        found: list[Heard | NotSeen] = []

        def look() -> bool:
            self.poller.wait(0)
            found.extend(self.server.take(count - len(found)))
            return len(found) >= count

        wait_until(look, 10, f"{count} messages")
        return found

    def close(self) -> None:
        for one in self.peers:
            one.close()
        self.server.close()
        self.poller.close()


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[SocketHarness]:
    before = open_files()
    one = SocketHarness(tmp_path)
    yield one
    one.close()
    # What is not memory is closed a moment later.
    wait_until(lambda: not open_files() - before, message="all descriptors are closed")


def encoded(word: w.Word) -> bytes:
    return msgspec.json.encode(word)


def page(unsent: int) -> int:
    """Create a page in memory that counts that many unsent messages."""
    fd = os.memfd_create("page", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, w.PAGE_BYTES)
    os.pwrite(fd, struct.pack("<QQQ", w.PAGE_MAGIC, 1, unsent), 0)
    return fd


def test_socket_has_mode_0600(harness: SocketHarness) -> None:
    """Only processes of the same user can connect."""
    assert stat.S_IMODE(harness.path.stat().st_mode) == 0o600


def test_sender_is_identified_by_the_kernel(harness: SocketHarness) -> None:
    """Its pid and start time do not come from the message."""
    harness.peer().send(encoded(HELLO))
    (word,) = harness.receive(1)
    me = proc.stat(os.getpid())
    assert me
    assert word == Heard((os.getpid(), me.start_ticks), HELLO)


def test_first_message_of_a_forked_process_is_hello_and_booted(harness: SocketHarness) -> None:
    """One message reports that the process exists and that its target function started."""
    harness.peer().send(encoded(w.Born(at=5, program="p1", name="worker", parent=1, daemon=True, threads=2)))
    hello, booted = harness.receive(2)
    assert isinstance(hello, Heard)
    assert isinstance(booted, Heard)
    assert hello.word == w.Hello(at=5, program="p1", ppid=1, forked=True)
    assert booted.word == w.Booted(at=5, name="worker", parent=1, daemon=True, threads=2)


def test_descriptors_arrive_with_their_message(harness: SocketHarness) -> None:
    """They are close-on-exec, and the receiver has to close them."""
    peer, sent = harness.peer(), [os.memfd_create("one"), os.memfd_create("two")]
    socket.send_fds(peer, [encoded(w.Made(key="sem:1", resource="lock"))], sent)
    (word,) = harness.receive(1)
    assert isinstance(word, Heard)
    assert [os.fstat(fd).st_ino for fd in word.fds] == [os.fstat(fd).st_ino for fd in sent]
    assert not any(os.get_inheritable(fd) for fd in word.fds)
    connection.close_all((*word.fds, *sent))


def test_a_descriptor_whose_close_waits_delays_nobody(harness: SocketHarness) -> None:
    """Only memory is taken: the close of a socket may linger for a minute, that of a file may wait for its server."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        sender = socket.create_connection(server.getsockname())
        receiver, _ = server.accept()
        with receiver:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 60))
            sender.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while sender.send(b"x" * 65536):
                    pass
            socket.send_fds(harness.peer(), [encoded(w.Made(key="sem:1", resource="lock"))], [sender.fileno()])
            os.close(sender.detach())  # not the last: the message has another
            (seen,) = harness.receive(1)
            assert isinstance(seen, NotSeen)
            harness.peer().send(encoded(HELLO))
            (heard,) = harness.receive(1)
            assert isinstance(heard, Heard)


@pytest.mark.parametrize(
    "data", [b"no JSON", b'{"kind": "unheard-of"}', b'{"kind": "hello"}', b"[" * 4000, b"\xff\xfe", b"x" * 6000]
)
def test_unreadable_message_is_counted(harness: SocketHarness, data: bytes) -> None:
    """Descriptors that came with it are closed, and the next message is read."""
    peer, null = harness.peer(), os.open(os.devnull, os.O_RDONLY)
    socket.send_fds(peer, [data], [null])
    os.close(null)
    peer.send(encoded(HELLO))
    garbage, word = harness.receive(2)
    assert isinstance(garbage, NotSeen)
    assert garbage.count == 1
    assert isinstance(word, Heard)


def test_message_with_too_many_descriptors_is_counted_as_unreadable(harness: SocketHarness) -> None:
    """The descriptors are closed."""
    peer, null = harness.peer(), os.open(os.devnull, os.O_RDONLY)
    fds = array.array("i", [null] * (connection.MAX_FDS + 4))
    peer.sendmsg([encoded(HELLO)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    os.close(null)
    (garbage,) = harness.receive(1)
    assert isinstance(garbage, NotSeen)


def test_flood_of_messages_waits_in_the_sockets_and_none_is_lost(harness: SocketHarness) -> None:
    """Peers are not read while too many messages wait; a peer that cannot send counts that itself."""
    peers = [harness.peer() for _ in range(40)]
    sent = 0
    for number, peer in enumerate(peers):
        with contextlib.suppress(BlockingIOError):
            while True:
                peer.send(encoded(w.Exiting(exitcode=number)))
                sent += 1
    for _ in range(200):
        harness.poller.wait(0)
    assert sent > len(harness.server.inbox) + 1000
    assert len(harness.server.inbox) <= observing.MAX_WAITING + 64
    assert harness.poller.wait(0) == 0, "peers that are not read must not wake the loop"
    assert len(harness.receive(sent)) == sent


def test_all_messages_of_an_ended_process_are_read(harness: SocketHarness) -> None:
    peer = harness.peer()
    harness.poller.wait(1)
    for _ in range(200):
        peer.send(encoded(w.Exiting(exitcode=0)))
    peer.close()
    harness.server.drain(os.getpid())
    assert len(harness.receive(200)) == 200


@pytest.mark.parametrize("bringing", [HELLO, w.Paged()], ids=["with hello", "later"])
def test_unsent_messages_are_counted_from_the_page(harness: SocketHarness, bringing: w.Word) -> None:
    """New ones are read at each look and when the observer closes; another descriptor is not taken for a page."""
    peer, fd = harness.peer(), page(3)
    socket.send_fds(peer, [encoded(bringing)], [fd])
    (word,) = harness.receive(1)
    assert isinstance(word, Heard)
    harness.server.look()
    assert harness.receive(1) == [NotSeen(word.key, 3)]
    harness.server.look()
    assert not harness.server.inbox
    os.pwrite(fd, struct.pack("<QQQ", w.PAGE_MAGIC, 1, 5), 0)
    peer.close()
    assert harness.receive(1) == [NotSeen(word.key, 2)]
    connection.close_all((*word.fds, fd))
    other = os.memfd_create("other")
    socket.send_fds(harness.peer(), [encoded(HELLO)], [other])
    (word,) = harness.receive(1)
    harness.server.look()
    assert not harness.server.inbox
    assert isinstance(word, Heard)
    connection.close_all((*word.fds, other))


def test_pidfd_of_an_ended_process_is_kept_until_its_messages_are_taken(harness: SocketHarness) -> None:
    """A process may end before its parent's report of it is read; it is dropped one turn later."""
    with subprocess.Popen([sys.executable, "-c", SEND_AND_EXIT, str(harness.path)]) as process:
        process.wait()
    (word,) = harness.receive(1)
    assert isinstance(word, Heard)
    assert word.key[0] == process.pid
    pidfd = harness.server.take_pidfd(process.pid)
    assert pidfd is not None or not _since(6, 16)
    connection.close_all([pidfd] if pidfd else [])
    with subprocess.Popen([sys.executable, "-c", SEND_AND_EXIT, str(harness.path)]) as process:
        process.wait()
    harness.receive(1)
    harness.server.new_turn()
    assert harness.server.take_pidfd(process.pid) is None


def test_a_process_that_is_gone_when_its_hello_is_read_has_no_start_time(harness: SocketHarness) -> None:
    """Even if it was alive when its connection was accepted: no end of it will be seen."""
    code = f"{SEND_AND_EXIT}\nsys.stdin.readline()\npeer.send({encoded(HELLO)!r})"
    with subprocess.Popen([sys.executable, "-c", code, str(harness.path)], stdin=subprocess.PIPE, text=True) as process:
        (first,) = harness.receive(1)
        process.communicate("\n")
    (hello,) = harness.receive(1)
    assert isinstance(first, Heard)
    assert isinstance(hello, Heard)
    assert (first.key[0], hello.key) == (process.pid, (process.pid, 0))
    assert first.key[1]


def test_pidfd_of_an_ended_process_stays_until_the_next_turn(harness: SocketHarness) -> None:
    """The messages of a turn may be taken in parts, and are decided about after all of them."""
    with subprocess.Popen([sys.executable, "-c", SEND_AND_EXIT, str(harness.path)]) as process:
        process.wait()
    harness.receive(1)
    harness.server.take(1)
    pidfd = harness.server.take_pidfd(process.pid)
    assert pidfd is not None or not _since(6, 16)
    connection.close_all([pidfd] if pidfd else [])


# Watching processes\n


@pytest.fixture
def watching() -> Iterator[tuple[Poller, Watching]]:
    poller = Poller()
    one = Watching(poller)
    yield poller, one
    one.close()
    poller.close()


#: Forks a child that ends with the given exit code when a line arrives, and then joins it or not.
PARENT = """
import os, signal, sys, time
pid = os.fork()
if pid == 0:
    sys.stdin.readline()
    if sys.argv[1].startswith("-"):
        os.kill(os.getpid(), -int(sys.argv[1]))
    os._exit(int(sys.argv[1]))
print(pid, flush=True)
if sys.argv[2] == "join":
    os.waitpid(pid, 0)
time.sleep(600)
"""


@contextlib.contextmanager
def grandchild(exitcode: int, what: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start a parent; yield it and the pid of its child, which ends when a line is written to the parent."""
    command = [sys.executable, "-c", PARENT, str(exitcode), what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        try:
            yield parent, int(parent.stdout.readline())
        finally:
            parent.kill()


@pytest.mark.parametrize("what", ["join", "leave"])
@pytest.mark.parametrize("exitcode", [0, 7, -signal.SIGTERM])
def test_exit_code_of_an_unrelated_process_is_known(
    watching: tuple[Poller, Watching], exitcode: int, what: str
) -> None:
    """It is read while the process is a zombie, and after its parent has reaped it."""
    poller, watcher = watching
    with grandchild(exitcode, what) as (parent, pid):
        key = watcher.watch("p1", pid)
        assert key
        assert key[0] == pid == watcher.pid_of("p1")
        assert parent.stdin
        parent.stdin.write("\n")
        parent.stdin.flush()
        if what == "join":
            wait_until(lambda: proc.stat(pid) is None, 10, "the process is joined")
        wait_until(lambda: poller.wait(0.1) and watcher.ended, 10, "the exit is noticed")
        assert watcher.exitcode("p1") == exitcode or (what == "join" and not _since(6, 15))
        assert not watcher.signal("p1", 0)
        assert not watcher.signal("p1", signal.SIGTERM)
        assert watcher.reaped() == (["p1"] if what == "join" else [])


def _since(*version: int) -> bool:
    """Return whether the kernel has that version: 6.15 keeps exit codes after reaping, 6.16 the pid of a dead peer."""
    numbers = [part.partition("-")[0] for part in os.uname().release.split(".")[:2]]
    return tuple(map(int, numbers)) >= version


def test_process_that_does_not_exist_cannot_be_watched(watching: tuple[Poller, Watching]) -> None:
    _, watcher = watching
    with subprocess.Popen(["true"]) as process:
        process.wait()
        assert watcher.watch("p1", process.pid) is None
    assert watcher.watch("p1", 2**40) is None
    assert watcher.watch("p1", -1) is None
