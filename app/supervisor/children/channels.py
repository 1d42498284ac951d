"""The channels to the hosts of pools: words in, asks out; they never block and decide nothing.

One unix stream for each host, whose other end it gets when it is started::

    host ──frames──▶ Channel ──▶ inbox (that of `children`, so that its last words come before its end)
         ◀─frames─── Outbox ◀── channel.ask ◀── loop

A user's code runs in the host's process, so it is trusted with nothing: one that says more than the loop takes is no
longer read (64 words waiting), one that does not take its asks (8 MiB) gets no more of them, and one that breaks the
framing, or 32 times says what is no word, is closed.  The pool goes on without; only the dashboard cannot see it.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass

from app.linux.outbox import Outbox
from app.linux.poller import READABLE, WRITABLE, Poller
from app.protocol.frames import FrameError, Frames
from app.protocol.pool_host import MAX_WORD, AnyHostWord, decode_word

MAX_WAITING = 64
MAX_BROKEN = 32
MAX_UNSENT = 8 * 1024 * 1024
_READ_PER_TURN = 64 * 1024
_LAST_READS = 64
_ALL = 1_000_000


@dataclass(frozen=True, slots=True)
class Said:
    """A word of a host; or, where it is none, what is wrong with it."""

    process: str
    word: AnyHostWord | str


@dataclass(frozen=True, slots=True)
class Silent:
    """A channel was closed; ``why`` None: the host has closed its end, as it does when it dies."""

    process: str
    why: str | None


class Channel:
    """Our end of the channel to the host of the pool ``process_id``."""

    def __init__(
        self, process_id: str, ours: socket.socket, poller: Poller, tell: Callable[[Said | Silent], None]
    ) -> None:
        self._process = process_id
        self._socket = ours
        self._poller = poller
        self._tell = tell
        self._frames = Frames(MAX_WORD)
        self._outbox = Outbox(ours)
        self._waiting = self._broken = 0
        self._closed = False
        self._watched = READABLE
        ours.setblocking(False)
        poller.watch(ours.fileno(), self._ready)

    def ask(self, frame: bytes) -> str | None:
        """Say it; else why it cannot be said."""
        if self._closed:
            return "its channel is closed"
        if self._outbox.size > MAX_UNSENT:
            return "it does not take what it is asked"
        self._send(frame)
        return None

    def taken(self) -> None:
        """The loop took one of the words; once half of them are taken it is read again."""
        self._waiting -= 1
        if not self._closed and not self._watched & READABLE and self._waiting <= MAX_WAITING // 2:
            self._decode(MAX_WAITING)
            self._watch()

    def last_words(self) -> None:
        """Take all that a dead host has left behind, and close."""
        for _ in range(_LAST_READS):
            if self._closed or not self._read(_ALL):
                break
        self.close()

    def close(self) -> None:
        """Close it, and drop what was not said."""
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
            self._end(None)
        self._watch()

    def _read(self, limit: int) -> bool:
        """Whether something came."""
        try:
            chunk = self._socket.recv(_READ_PER_TURN)
        except BlockingIOError:
            return False
        except OSError:
            chunk = b""
        self._frames.feed(chunk)
        self._decode(limit if chunk else _ALL)
        if not chunk:
            self._end(None)
        return bool(chunk)

    def _decode(self, limit: int) -> None:
        try:
            while not self._closed and self._waiting < limit and (frame := self._frames.next()) is not None:
                self._take(frame)
        except FrameError as error:
            self._end(str(error))

    def _take(self, frame: bytes) -> None:
        try:
            word: AnyHostWord | str = decode_word(frame)
        except (ValueError, RecursionError) as error:
            word = str(error)[:200]
            self._broken += 1
        self._waiting += 1
        self._tell(Said(self._process, word))
        if self._broken >= MAX_BROKEN:
            self._end(f"{MAX_BROKEN} of its words could not be read")

    def _end(self, why: str | None) -> None:
        if not self._closed:
            self.close()
            self._tell(Silent(self._process, why))

    def _watch(self) -> None:
        events = READABLE * (self._waiting < MAX_WAITING) | WRITABLE * bool(self._outbox.size)
        if not self._closed and events != self._watched:
            self._poller.change(self._socket.fileno(), events)
            self._watched = events
