"""The observer socket and the watching of strangers, with real sockets and processes."""

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

#: Says hello and is gone.
SPEAKS = """
import socket, sys
peer = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
peer.connect(sys.argv[1])
peer.send(b'{"kind": "exiting", "exitcode": 0}')
"""
HELLO = w.Hello(program="p1", ppid=1, python="3.12", executable="/python")


class House:
    """A listening observer socket, and a process that speaks on it: this one."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "observer.sock"
        self.poller = Poller()
        self.door = ObserverSocket(self.path, self.poller)
        self.peers: list[socket.socket] = []

    def peer(self) -> socket.socket:
        """A connection, as an observer makes it."""
        one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        one.setblocking(False)
        one.connect(str(self.path))
        self.peers.append(one)
        return one

    def heard(self, count: int) -> list[Heard | NotSeen]:
        """The next so many of what came in."""
        found: list[Heard | NotSeen] = []

        def look() -> bool:
            self.poller.wait(0)
            found.extend(self.door.take(count - len(found)))
            return len(found) >= count

        wait_until(look, 10, f"{count} words")
        return found

    def close(self) -> None:
        for one in self.peers:
            one.close()
        self.door.close()
        self.poller.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    before = open_files()
    one = House(tmp_path)
    yield one
    one.close()
    assert not open_files() - before


def encoded(word: w.Word) -> bytes:
    return msgspec.json.encode(word)


def page(unsent: int) -> int:
    """A page in memory, as an observer passes it."""
    fd = os.memfd_create("page", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, w.PAGE_BYTES)
    os.pwrite(fd, struct.pack("<QQQ", w.PAGE_MAGIC, 1, unsent), 0)
    return fd


def test_only_our_user_may_come_in(house: House) -> None:
    """The door is 0600."""
    assert stat.S_IMODE(house.path.stat().st_mode) == 0o600


def test_the_kernel_says_who_speaks(house: House) -> None:
    """Pid and start time, whatever the word claims."""
    house.peer().send(encoded(HELLO))
    (word,) = house.heard(1)
    me = proc.stat(os.getpid())
    assert me
    assert word == Heard((os.getpid(), me.start_ticks), HELLO)


def test_the_first_word_of_a_forked_process_is_two(house: House) -> None:
    """It says at once that it is there and that it runs its target."""
    house.peer().send(encoded(w.Born(at=5, program="p1", name="worker", parent=1, daemon=True, threads=2)))
    hello, booted = house.heard(2)
    assert isinstance(hello, Heard)
    assert isinstance(booted, Heard)
    assert hello.word == w.Hello(at=5, program="p1", ppid=1, forked=True)
    assert booted.word == w.Booted(at=5, name="worker", parent=1, daemon=True, threads=2)


def test_fds_come_with_their_word_and_are_the_takers(house: House) -> None:
    """Closed on exec, and counted as ours until they are closed."""
    peer, (read, write) = house.peer(), os.pipe()
    socket.send_fds(peer, [encoded(w.Made(key="sem:1", resource="lock"))], [read, write])
    (word,) = house.heard(1)
    assert isinstance(word, Heard)
    assert [os.fstat(fd).st_ino for fd in word.fds] == [os.fstat(fd).st_ino for fd in (read, write)]
    assert not any(os.get_inheritable(fd) for fd in word.fds)
    connection.close_all((*word.fds, read, write))


@pytest.mark.parametrize(
    "data", [b"no JSON", b'{"kind": "unheard-of"}', b'{"kind": "hello"}', b"[" * 4000, b"\xff\xfe", b"x" * 6000]
)
def test_what_cannot_be_read_is_counted(house: House, data: bytes) -> None:
    """Fds that came with it are closed, and the next word is read."""
    peer, null = house.peer(), os.open(os.devnull, os.O_RDONLY)
    socket.send_fds(peer, [data], [null])
    os.close(null)
    peer.send(encoded(HELLO))
    garbage, word = house.heard(2)
    assert isinstance(garbage, NotSeen)
    assert garbage.count == 1
    assert isinstance(word, Heard)


def test_more_fds_than_there_is_room_for_are_closed(house: House) -> None:
    """The word is garbage then."""
    peer, null = house.peer(), os.open(os.devnull, os.O_RDONLY)
    fds = array.array("i", [null] * (connection.MAX_FDS + 4))
    peer.sendmsg([encoded(HELLO)], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    os.close(null)
    (garbage,) = house.heard(1)
    assert isinstance(garbage, NotSeen)


def test_a_flood_waits_in_the_sockets_and_nothing_is_lost(house: House) -> None:
    """Peers are not read while too much waits; whoever cannot send counts that itself."""
    peers = [house.peer() for _ in range(40)]
    sent = 0
    for number, peer in enumerate(peers):
        with contextlib.suppress(BlockingIOError):
            while True:
                peer.send(encoded(w.Exiting(exitcode=number)))
                sent += 1
    for _ in range(200):
        house.poller.wait(0)
    assert sent > len(house.door.inbox) + 1000
    assert len(house.door.inbox) <= observing.MAX_WAITING + 64
    assert house.poller.wait(0) == 0, "those that are held back do not wake the loop"
    assert len(house.heard(sent)) == sent


def test_last_words_are_read_after_the_end(house: House) -> None:
    """All of them, however many are in the socket."""
    peer = house.peer()
    house.poller.wait(1)
    for _ in range(200):
        peer.send(encoded(w.Exiting(exitcode=0)))
    peer.close()
    house.door.drain(os.getpid())
    assert len(house.heard(200)) == 200


@pytest.mark.parametrize("bringing", [HELLO, w.Paged()], ids=["with hello", "later"])
def test_what_an_observer_could_not_send_is_read_from_its_page(house: House, bringing: w.Word) -> None:
    """At every look what is new, and at its end; whatever else may have been passed is no page."""
    peer, fd = house.peer(), page(3)
    socket.send_fds(peer, [encoded(bringing)], [fd])
    (word,) = house.heard(1)
    assert isinstance(word, Heard)
    house.door.look()
    assert house.heard(1) == [NotSeen(word.key, 3)]
    house.door.look()
    assert not house.door.inbox
    os.pwrite(fd, struct.pack("<QQQ", w.PAGE_MAGIC, 1, 5), 0)
    peer.close()
    assert house.heard(1) == [NotSeen(word.key, 2)]
    connection.close_all((*word.fds, fd))
    read, write = os.pipe()
    socket.send_fds(house.peer(), [encoded(HELLO)], [read])
    (word,) = house.heard(1)
    house.door.look()
    assert not house.door.inbox
    assert isinstance(word, Heard)
    connection.close_all((*word.fds, read, write))


def test_the_pidfd_of_one_that_left_is_there_until_its_words_are_taken(house: House) -> None:
    """A life may be over before its parent's word of it is read; a turn later nobody wants it any more."""
    with subprocess.Popen([sys.executable, "-c", SPEAKS, str(house.path)]) as process:
        process.wait()
    (word,) = house.heard(1)
    assert isinstance(word, Heard)
    assert word.key[0] == process.pid
    pidfd = house.door.take_pidfd(process.pid)
    assert pidfd is not None or not _since(6, 16)
    connection.close_all([pidfd] if pidfd else [])
    with subprocess.Popen([sys.executable, "-c", SPEAKS, str(house.path)]) as process:
        process.wait()
    house.heard(1)
    house.door.take(1)
    assert house.door.take_pidfd(process.pid) is None


# Watching


@pytest.fixture
def watching() -> Iterator[tuple[Poller, Watching]]:
    poller = Poller()
    one = Watching(poller)
    yield poller, one
    one.close()
    poller.close()


#: Forks a child that ends as told, lets us watch it, and then joins it or not.
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
    """A parent, and the pid of its child, which ends when a line is written to the parent's input."""
    command = [sys.executable, "-c", PARENT, str(exitcode), what]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        try:
            yield parent, int(parent.stdout.readline())
        finally:
            parent.kill()


@pytest.mark.parametrize("what", ["join", "leave"])
@pytest.mark.parametrize("exitcode", [0, 7, -signal.SIGTERM])
def test_the_exit_code_of_a_stranger_is_known(watching: tuple[Poller, Watching], exitcode: int, what: str) -> None:
    """As a zombie, and after its parent has reaped it."""
    poller, watcher = watching
    with grandchild(exitcode, what) as (parent, pid):
        key = watcher.watch("p1", pid)
        assert key
        assert key[0] == pid == watcher.pid_of("p1")
        assert parent.stdin
        parent.stdin.write("\n")
        parent.stdin.flush()
        if what == "join":
            wait_until(lambda: proc.stat(pid) is None, 10, "it is joined")
        wait_until(lambda: poller.wait(0.1) and watcher.ended, 10, "its end is seen")
        assert watcher.exitcode("p1") == exitcode or (what == "join" and not _since(6, 15))
        assert not watcher.signal("p1", 0)
        assert not watcher.signal("p1", signal.SIGTERM)
        assert watcher.reaped() == (["p1"] if what == "join" else [])


def _since(*version: int) -> bool:
    """Whether the kernel is so new: 6.15 keeps the exit code of what was reaped, 6.16 tells who a dead peer was."""
    numbers = [part.partition("-")[0] for part in os.uname().release.split(".")[:2]]
    return tuple(map(int, numbers)) >= version


def test_a_stranger_that_is_gone_cannot_be_watched(watching: tuple[Poller, Watching]) -> None:
    """Nor can a pid that is none."""
    _, watcher = watching
    with subprocess.Popen(["true"]) as process:
        process.wait()
        assert watcher.watch("p1", process.pid) is None
    assert watcher.watch("p1", 2**40) is None
    assert watcher.watch("p1", -1) is None
