"""The channels to the hosts of pools: messages in, requests out; they never block and decide nothing.

One unix stream for each host, which gets the other end when it is started::

    host ──frames──▶ Channel ──▶ inbox (that of `children`, so that the last messages come before the end)
         ◀─frames─── Outbox ◀── channel.ask ◀── loop

A user's code runs in the host's process, so it is not trusted.  A host that sends more than the loop takes is not read
any more (64 messages waiting); one that does not read its requests (8 MiB) gets no more; one that breaks the framing,
or sends 32 messages that cannot be decoded, is disconnected.  Its pool goes on; only the dashboard cannot see it.
"""

import socket
from collections.abc import Callable

from msgspec import Struct

from app.linux.outbox import Outbox
from app.linux.poller import READABLE, WRITABLE, Poller
from app.protocol.frames import FrameError, Frames
from app.protocol.pool_host import MAX_WORD, AnyHostWord, decode_word
from app.records.primitives import UNDECODABLE

MAX_WAITING = 64
MAX_BROKEN = 32
MAX_UNSENT = 8 * 1024 * 1024  # bytes
_READ_PER_TURN = 64 * 1024  # bytes
_LAST_READS = 64
_REASON_CHARACTERS = 200
_UNLIMITED = 1_000_000
#: Why a channel is closed after a fault of ours.
FAILED = "its message led to an internal error"


class HostMessage(Struct, frozen=True):
    """A message of a host; if it could not be decoded, a string that says why."""

    process: str
    word: AnyHostWord | str


class ChannelClosed(Struct, frozen=True):
    """A channel was closed; ``why`` is None if the host closed its end, as it does when it dies."""

    process: str
    why: str | None


class Channel:
    """The supervisor's end of the channel to the host of the pool ``process_id``."""

    def __init__(
        self, process_id: str, ours: socket.socket, poller: Poller, tell: Callable[[HostMessage | ChannelClosed], None]
    ) -> None:
        self._process = process_id
        self._socket = ours
        self._poller = poller
        self._tell = tell
        self._frames = Frames(MAX_WORD)
        self._outbox = Outbox(ours)
        self._waiting = self._undecodable = 0
        self._closed = False
        self._watched = READABLE
        ours.setblocking(False)
        poller.watch(ours.fileno(), self._ready, close=lambda: self.end(FAILED))

    def ask(self, frame: bytes) -> str | None:
        """Send a request; return None, or the reason why it cannot be sent."""
        if self._closed:
            return "its channel is closed"
        if self._outbox.size > MAX_UNSENT:
            return "it does not read its requests"
        self._send(frame)
        return None

    def taken(self) -> None:
        """Note that the loop took one message; once half of them are taken, reading goes on."""
        self._waiting -= 1
        if not self._closed and not self._watched & READABLE and self._waiting <= MAX_WAITING // 2:
            self._decode(MAX_WAITING)
            self._watch()

    def read_rest(self) -> None:
        """Read everything that a dead host has sent, and close."""
        for _ in range(_LAST_READS):
            if self._closed or not self._read(_UNLIMITED):
                break
        self.close()

    def close(self) -> None:
        """Close the channel and drop what was not sent."""
        if not self._closed:
            self._closed = True
            self._poller.forget(self._socket.fileno())
            self._socket.close()

    def _ready(self, events: int) -> None:
        if events & WRITABLE:
            self._send(b"")
        if events & ~WRITABLE and not self._closed and self._waiting < MAX_WAITING:
            self._read(MAX_WAITING)
        self._watch()

    def _send(self, frame: bytes) -> None:
        try:
            if frame:
                self._outbox.append(frame)
            else:
                self._outbox.flush()
        except OSError:
            self.end(None)
        self._watch()

    def _read(self, limit: int) -> bool:
        """Read once; return whether anything came."""
        try:
            chunk = self._socket.recv(_READ_PER_TURN)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        self._frames.feed(chunk)
        self._decode(limit if chunk else _UNLIMITED)
        if not chunk:
            self.end(None)
        return bool(chunk)

    def _decode(self, limit: int) -> None:
        try:
            while not self._closed and self._waiting < limit and (frame := self._frames.next()) is not None:
                self._take(frame)
        except FrameError as error:
            self.end(str(error))

    def _take(self, frame: bytes) -> None:
        try:
            word: AnyHostWord | str = decode_word(frame)
        except UNDECODABLE as error:
            word = str(error)[:_REASON_CHARACTERS]
            self._undecodable += 1
        self._waiting += 1
        self._tell(HostMessage(self._process, word))
        if self._undecodable >= MAX_BROKEN:
            self.end(f"{MAX_BROKEN} of its messages could not be decoded")

    def end(self, why: str | None) -> None:
        """Close the channel, and say ``why``; None if the host closed it."""
        if not self._closed:
            self.close()
            self._tell(ChannelClosed(self._process, why))

    def _watch(self) -> None:
        events = READABLE * (self._waiting < MAX_WAITING) | WRITABLE * bool(self._outbox.size)
        if not self._closed and events != self._watched:
            self._poller.change(self._socket.fileno(), events)
            self._watched = events
