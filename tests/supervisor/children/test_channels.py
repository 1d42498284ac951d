"""The channel to the host of a pool: a real socket pair in a real poller, and a host that may say what it likes."""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Iterator

import pytest

from app.linux.poller import Poller
from app.protocol.frames import HEADER, framed
from app.protocol.pool_host import MAX_WORD, Close, HostAsk, HostNote, HostReply, HostState, encode_ask
from app.records.pool import PoolState, WorkerState
from app.supervisor.children.channels import MAX_BROKEN, MAX_UNSENT, MAX_WAITING, Channel, ChannelClosed, HostMessage

ASK = framed(encode_ask(HostAsk(number=3, ask=Close())))


class Line:
    """A channel, and the host's end of it."""

    def __init__(self) -> None:
        self.poller = Poller()
        self.inbox: deque[HostMessage | ChannelClosed] = deque()
        ours, self.host = socket.socketpair()
        self.host.settimeout(5)
        self.channel = Channel("p7", ours, self.poller, self.inbox.append)

    def says(self, **word: object) -> None:
        """A word in its frame."""
        self.host.sendall(framed(json.dumps(word).encode()))

    def turn(self) -> None:
        """Turn until nothing is ready; it must not spin."""
        turns = 0
        while self.poller.wait(0):
            turns += 1
            assert turns < 10_000, "the loop spins"

    def take(self) -> list[object]:
        """What was said, as the loop takes it."""
        taken: list[object] = []
        while self.inbox:
            match self.inbox.popleft():
                case HostMessage(word=word):
                    self.channel.taken()
                    taken.append(word)
                case silent:
                    taken.append(silent)
        return taken

    def close(self) -> None:
        """Leave nothing."""
        self.channel.close()
        self.host.close()
        self.poller.close()


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.close()


def test_words_come_in_and_asks_go_out(line: Line) -> None:
    """Each in its frame, as the host's own code writes and reads them."""
    line.says(kind="state", pool={"state": "open", "workers": [{"pid": 5, "state": "idle"}]})
    line.says(kind="reply", number=3, result={"joined": True})
    line.turn()
    state, answer = line.take()
    assert isinstance(state, HostState)
    assert isinstance(state.pool.workers, tuple)
    assert (state.pool.state, state.pool.workers[0].state) == (PoolState.OPEN, WorkerState.IDLE)
    assert answer == HostReply(number=3, result={"joined": True})
    assert line.channel.ask(ASK) is None
    (length,) = HEADER.unpack(line.host.recv(HEADER.size, socket.MSG_WAITALL))
    assert json.loads(line.host.recv(length, socket.MSG_WAITALL)) == {
        "kind": "ask",
        "number": 3,
        "ask": {"type": "Close"},
    }


def test_words_arrive_whole_however_they_were_cut(line: Line) -> None:
    """Byte by byte, and over many turns."""
    for byte in framed(b'{"kind":"note","event":"job","text":"x"}'):
        line.host.sendall(bytes([byte]))
        line.turn()
    assert line.take() == [HostNote(event="job", text="x")]


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"no JSON",
        b"[" * 10_000,
        b'{"kind":"shout"}',
        b'{"kind":"note","event":"whatever","text":"x"}',
        b'{"kind":"state","pool":{"workers":[{"pid":"five"}]}}',
        b'{"kind":"reply","number":1,"result":NaN}',
        b'{"kind":"note","event":"job","text":"\xff"}',
    ],
)
def test_what_is_no_word_is_left_out(line: Line, rubbish: bytes) -> None:
    """It is told what is wrong, and the words after it count."""
    line.host.sendall(framed(rubbish))
    line.says(kind="note", event="job", text="x")
    line.turn()
    wrong, word = line.take()
    assert isinstance(wrong, str)
    assert word == HostNote(event="job", text="x")


def test_fields_of_a_later_version_are_left_out(line: Line) -> None:
    """A host may know more than we do."""
    line.says(kind="state", pool={"queued": 1, "mood": "good"}, more=True)
    line.turn()
    (state,) = line.take()
    assert isinstance(state, HostState)
    assert state.pool.queued == 1


@pytest.mark.parametrize("length", [-1, MAX_WORD + 1])
def test_broken_frame_closes_the_channel(line: Line, length: int) -> None:
    """After it nothing could be understood."""
    line.host.sendall(HEADER.pack(length))
    line.turn()
    (silent,) = line.take()
    assert isinstance(silent, ChannelClosed)
    assert silent.why == f"frame of {length:,} bytes; at most {MAX_WORD:,} are allowed"
    assert line.channel.ask(ASK) == "its channel is closed"
    assert line.host.recv(1) == b""


def test_host_that_says_only_rubbish_is_not_heard_any_more(line: Line) -> None:
    """After so many it is no slip."""
    for _ in range(MAX_BROKEN + 5):
        line.host.sendall(framed(b"rubbish"))
    line.turn()
    taken = line.take()
    assert len(taken) == MAX_BROKEN + 1
    assert isinstance(taken[-1], ChannelClosed)


def test_host_that_says_more_than_is_taken_is_not_read(line: Line) -> None:
    """Nothing grows; once the loop takes again all of it comes."""
    word = framed(b'{"kind":"note","event":"job","text":"x"}')
    line.host.setblocking(False)
    said = 0
    while True:
        try:
            line.host.sendall(word * 10)
        except BlockingIOError:
            break
        said += 10
        line.turn()
        assert len(line.inbox) <= MAX_WAITING
    assert said > MAX_WAITING
    line.turn()
    assert len(line.inbox) == MAX_WAITING
    taken = 0
    while got := len(line.take()):
        taken += got
        line.turn()
    assert taken >= said


def test_host_that_takes_nothing_is_asked_nothing_more(line: Line) -> None:
    """Its asks are bounded, and go out when it takes them after all."""
    large = framed(b'{"kind":"ask"}' + b" " * 1_000_000)
    asked = 0
    while (obstacle := line.channel.ask(large)) is None:
        asked += 1
        assert asked * len(large) <= MAX_UNSENT + 2 * len(large)
    assert obstacle == "it does not read its requests"
    received = 0
    while received < asked * len(large):
        line.turn()
        received += len(line.host.recv(1_000_000))
    line.turn()
    assert line.channel.ask(ASK) is None


def test_end_of_the_host_comes_after_its_last_words(line: Line) -> None:
    """Whatever it had said is taken first."""
    line.host.sendall(framed(b'{"kind":"note","event":"job","text":"x"}') * 3 * MAX_WAITING)
    line.host.close()
    line.channel.read_rest()
    taken = line.take()
    assert taken[:-1] == [HostNote(event="job", text="x")] * 3 * MAX_WAITING
    assert taken[-1] == ChannelClosed("p7", None)
    line.turn()


def test_ask_of_a_host_that_has_gone_says_so(line: Line) -> None:
    """Be it before or after its end was seen."""
    line.host.close()
    line.channel.ask(ASK)
    line.turn()
    assert line.channel.ask(ASK) == "its channel is closed"
    assert line.take() == [ChannelClosed("p7", None)]
