"""One connection of the control socket as the supervisor sees it: `Client`, with its `Outbox`.

A slow client costs nobody but itself.  One that sends faster than the loop takes is not read (256 commands waiting);
one that reads more slowly than we publish gets no deltas (8 MiB unsent), and a fresh snapshot once it has caught up;
one that does not even read its replies (64 MiB unsent), or sends what cannot be decoded, is disconnected.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from typing import Protocol

import msgspec

from app.linux.outbox import Outbox
from app.linux.poller import READABLE, WRITABLE, Poller
from app.protocol.control import MAX_FRAME, AnyCommand, Refused, decode_command, encode
from app.protocol.frames import FrameError, Frames, framed
from app.protocol.message import Message
from app.records.primitives import UNDECODABLE, Int64

MAX_WAITING = 256
MAX_BROKEN = 32
READ_PER_TURN = 64 * 1024  # bytes
# Over twice a snapshot of 2,000 processes: with a smaller cap the deltas that follow a snapshot would be dropped.
DELTA_CAP = 8 * 1024 * 1024  # bytes
HARD_CAP = 64 * 1024 * 1024  # bytes


class Server(Protocol):
    """What a client uses of `server.ControlServer`."""

    poller: Poller
    inbox: deque[tuple[Client, AnyCommand]]

    def gone(self, client: Client) -> None:
        """Forget a client that was closed."""


class _Numbered(msgspec.Struct):
    request: Int64 = 0


class Client:
    """One connection.  ``id`` is unique; ``pid`` is that of the peer; ``dropped`` counts the deltas that it missed."""

    def __init__(self, server: Server, peer: socket.socket, number: int, pid: int) -> None:
        self.id = number
        self.pid = pid
        self.closed = False
        self.needs_snapshot = False
        self.dropped = 0
        self.waiting = 0
        self.outbox = Outbox(peer)
        self._server = server
        self._socket = peer
        self._frames = Frames(MAX_FRAME)
        self._broken = 0
        self._watched = READABLE
        server.poller.watch(peer.fileno(), self._ready, READABLE, close=self.close)

    def fileno(self) -> int:
        """Return the fd of the connection; −1 once it is closed."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a reply; replies are never dropped, but a client that does not read them is disconnected."""
        self.send_frame(framed(encode(message)))

    def send_frame(self, frame: bytes) -> None:
        """Send a frame that is encoded already (`frames.framed`)."""
        if self.closed:
            return
        try:
            self.outbox.append(frame)
        except OSError:
            self.close()
        if self.outbox.size > HARD_CAP:
            self.close()
        self._watch()

    def offer_frame(self, frame: bytes) -> None:
        """Send a delta; over the cap drop it instead, and let a snapshot follow later."""
        if self.needs_snapshot or self.outbox.size + len(frame) > DELTA_CAP:
            self.needs_snapshot = True
            self.dropped += 1
        else:
            self.send_frame(frame)

    def close(self) -> None:
        """Close the connection and drop what is unsent; the client is added to ``server.closed``."""
        if self.closed:
            return
        self.closed = True
        self._server.poller.forget(self.fileno())
        self._socket.close()
        self.outbox = Outbox(self._socket)
        self._server.gone(self)

    def flush_and_close(self) -> None:
        """Send what can be sent at once, and close the connection."""
        with contextlib.suppress(OSError):
            self.outbox.flush()
        self.close()

    def taken(self) -> None:
        """Note that the loop took one command; once half of them are taken, reading goes on."""
        self.waiting -= 1
        if not self.closed and not self._watched & READABLE and self.waiting <= MAX_WAITING // 2:
            self._decode_frames()
            self._watch()

    def _ready(self, events: int) -> None:
        try:
            if events & WRITABLE:
                self.outbox.flush()
            if events & ~WRITABLE and self.waiting < MAX_WAITING:
                self._read()
        except BlockingIOError:
            pass
        except OSError:
            self.close()
        self._watch()

    def _read(self) -> None:
        chunk = self._socket.recv(READ_PER_TURN)
        if chunk:
            self._frames.feed(chunk)
            self._decode_frames()
        else:
            self.close()

    def _decode_frames(self) -> None:
        try:
            while not self.closed and self.waiting < MAX_WAITING and (frame := self._frames.next()) is not None:
                self._decode(frame)
        except FrameError:
            self.close()

    def _decode(self, frame: bytes) -> None:
        try:
            command = decode_command(frame)
        except UNDECODABLE as error:
            self._refuse(frame, error)
        else:
            self.waiting += 1
            self._server.inbox.append((self, command))

    def _refuse(self, frame: bytes, error: Exception) -> None:
        self.send(Refused(request=_number_of(frame), kind="invalid", detail=f"invalid command: {error}"))
        self._broken += 1
        if self._broken > MAX_BROKEN:
            self.close()

    def _watch(self) -> None:
        """Register for the events that matter now; with none unregister, because EPOLLHUP would spin the loop."""
        if self.closed:
            return
        events = READABLE * (self.waiting < MAX_WAITING) | WRITABLE * bool(self.outbox.size)
        if events == self._watched:
            return
        if not events:
            self._server.poller.forget(self.fileno())
        elif not self._watched:
            self._server.poller.watch(self.fileno(), self._ready, events, close=self.close)
        else:
            self._server.poller.change(self.fileno(), events)
        self._watched = events


def _number_of(frame: bytes) -> int:
    try:
        return msgspec.json.decode(frame, type=_Numbered).request
    except UNDECODABLE:
        return 0
