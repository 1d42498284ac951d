"""The channel to a pool's host, over a real socket pair and poller; the host may send anything."""

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


class ChannelHarness:
    """A channel to a host, and the host's end of its socket."""

    def __init__(self) -> None:
        self.poller = Poller()
        self.inbox: deque[HostMessage | ChannelClosed] = deque()
        ours, self.host = socket.socketpair()
        self.host.settimeout(5)
        self.channel = Channel("p7", ours, self.poller, self.inbox.append)

    def send(self, **word: object) -> None:
        """Send a message from the host, in its frame."""
        self.host.sendall(framed(json.dumps(word).encode()))

    def turn(self) -> None:
        """Handle all events that are ready; fail if there is no end to them."""
        turns = 0
        while self.poller.wait(0):
            turns += 1
            assert turns < 10_000, "the loop spins"

    def take(self) -> list[object]:
        """Return the messages received so far, as the loop takes them."""
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
        """Close the channel, the socket and the poller."""
        self.channel.close()
        self.host.close()
        self.poller.close()


@pytest.fixture
def harness() -> Iterator[ChannelHarness]:
    harness = ChannelHarness()
    yield harness
    harness.close()


def test_messages_are_received_and_requests_are_sent(harness: ChannelHarness) -> None:
    """The framing is the one that the host's own code writes and reads."""
    harness.send(kind="state", pool={"state": "open", "workers": [{"pid": 5, "state": "idle"}]})
    harness.send(kind="reply", number=3, result={"joined": True})
    harness.turn()
    state, answer = harness.take()
    assert isinstance(state, HostState)
    assert isinstance(state.pool.workers, tuple)
    assert (state.pool.state, state.pool.workers[0].state) == (PoolState.OPEN, WorkerState.IDLE)
    assert answer == HostReply(number=3, result={"joined": True})
    assert harness.channel.ask(ASK) is None
    (length,) = HEADER.unpack(harness.host.recv(HEADER.size, socket.MSG_WAITALL))
    assert json.loads(harness.host.recv(length, socket.MSG_WAITALL)) == {
        "kind": "ask",
        "number": 3,
        "ask": {"type": "Close"},
    }


def test_message_sent_byte_by_byte_arrives_whole(harness: ChannelHarness) -> None:
    for byte in framed(b'{"kind":"note","event":"job","text":"x"}'):
        harness.host.sendall(bytes([byte]))
        harness.turn()
    assert harness.take() == [HostNote(event="job", text="x")]


@pytest.mark.parametrize(
    "invalid",
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
def test_invalid_message_is_reported_and_skipped(harness: ChannelHarness, invalid: bytes) -> None:
    """The message after it is received."""
    harness.host.sendall(framed(invalid))
    harness.send(kind="note", event="job", text="x")
    harness.turn()
    wrong, word = harness.take()
    assert isinstance(wrong, str)
    assert word == HostNote(event="job", text="x")


def test_unknown_fields_are_ignored(harness: ChannelHarness) -> None:
    """The host may run a later version."""
    harness.send(kind="state", pool={"queued": 1, "mood": "good"}, more=True)
    harness.turn()
    (state,) = harness.take()
    assert isinstance(state, HostState)
    assert state.pool.queued == 1


@pytest.mark.parametrize("length", [-1, MAX_WORD + 1])
def test_frame_of_invalid_length_closes_the_channel(harness: ChannelHarness, length: int) -> None:
    """The start of the next frame cannot be found."""
    harness.host.sendall(HEADER.pack(length))
    harness.turn()
    (silent,) = harness.take()
    assert isinstance(silent, ChannelClosed)
    assert silent.why == f"frame of {length:,} bytes; at most {MAX_WORD:,} are allowed"
    assert harness.channel.ask(ASK) == "its channel is closed"
    assert harness.host.recv(1) == b""


def test_too_many_invalid_messages_close_the_channel(harness: ChannelHarness) -> None:
    for _ in range(MAX_BROKEN + 5):
        harness.host.sendall(framed(b"rubbish"))
    harness.turn()
    taken = harness.take()
    assert len(taken) == MAX_BROKEN + 1
    assert isinstance(taken[-1], ChannelClosed)


def test_channel_stops_reading_while_too_many_messages_wait(harness: ChannelHarness) -> None:
    """Memory stays bounded, and no message is lost once the loop takes them again."""
    word = framed(b'{"kind":"note","event":"job","text":"x"}')
    harness.host.setblocking(False)
    said = 0
    while True:
        try:
            harness.host.sendall(word * 10)
        except BlockingIOError:
            break
        said += 10
        harness.turn()
        assert len(harness.inbox) <= MAX_WAITING
    assert said > MAX_WAITING
    harness.turn()
    assert len(harness.inbox) == MAX_WAITING
    taken = 0
    while got := len(harness.take()):
        taken += got
        harness.turn()
    assert taken >= said


def test_requests_are_refused_while_the_host_does_not_read(harness: ChannelHarness) -> None:
    """The unsent bytes are bounded, and are sent once the host reads again."""
    large = framed(b'{"kind":"ask"}' + b" " * 1_000_000)
    asked = 0
    while (obstacle := harness.channel.ask(large)) is None:
        asked += 1
        assert asked * len(large) <= MAX_UNSENT + 2 * len(large)
    assert obstacle == "it does not read its requests"
    received = 0
    while received < asked * len(large):
        harness.turn()
        received += len(harness.host.recv(1_000_000))
    harness.turn()
    assert harness.channel.ask(ASK) is None


def test_closing_is_reported_after_the_last_messages(harness: ChannelHarness) -> None:
    harness.host.sendall(framed(b'{"kind":"note","event":"job","text":"x"}') * 3 * MAX_WAITING)
    harness.host.close()
    harness.channel.read_rest()
    taken = harness.take()
    assert taken[:-1] == [HostNote(event="job", text="x")] * 3 * MAX_WAITING
    assert taken[-1] == ChannelClosed("p7", None)
    harness.turn()


def test_request_to_a_closed_host_is_refused(harness: ChannelHarness) -> None:
    harness.host.close()
    harness.channel.ask(ASK)
    harness.turn()
    assert harness.channel.ask(ASK) == "its channel is closed"
    assert harness.take() == [ChannelClosed("p7", None)]
