"""The reader of the supervisor's stream: one greenlet, one connection, the state as it is now.

    supervisor ──Snapshot, Delta──▶ Feed ──▶ mirror (for REST reads)
                                      └────▶ listener (live) ──▶ browsers

The supervisor may be away: then the feed tries again with a short back-off, and says so to the listener.  It
never replays: every new connection begins with a fresh snapshot.  The socket is gevent's; a plain recv() here
would freeze the whole server, which has one thread.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol

import gevent
from gevent import socket

from app.client import Connection
from app.protocol.control import AnyAnswer, DeltaMessage, SnapshotMessage, Subscribe
from app.protocol.delta import Mirror
from app.records.errors import SequenceGap, SupervisorAway
from app.records.stream import Delta

FIRST_DELAY_S = 0.05
MAX_DELAY_S = 1.0
# The supervisor samples at 1 Hz; a stream this silent is broken.
SILENCE_S = 10.0

log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told about the stream; nothing here may block."""

    def on_snapshot(self) -> None:
        """There is a new whole state."""

    def on_delta(self, delta: Delta) -> None:
        """The state took one step; the mirror has it already."""

    def on_away(self) -> None:
        """The supervisor does not answer any more."""


class Feed:
    """The present state while ``live``; else ``away_because`` says why there is none."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mirror = Mirror()
        self.live = False
        self.away_because = "the supervisor has not answered yet"

    def start(self, listener: Listener) -> None:
        """Begin to read, in a greenlet of its own, for ever."""
        gevent.spawn(self._run, listener)

    def mirror(self) -> Mirror:
        """The state as of the last delta; raises `SupervisorAway` while there is none."""
        if not self.live:
            raise SupervisorAway(self.away_because)
        return self._mirror

    def _run(self, listener: Listener) -> None:
        delay = FIRST_DELAY_S
        while True:
            try:
                self._read_one_connection(listener)
            except SupervisorAway as error:
                self.away_because = str(error)
            except Exception:
                log.exception("the feed failed")
                self.away_because = "the feed failed; the log of the web process has the traceback"
            delay = FIRST_DELAY_S if self.live else min(delay * 2, MAX_DELAY_S)
            if self.live:
                self.live = False
                listener.on_away()
            gevent.sleep(delay)

    def _read_one_connection(self, listener: Listener) -> None:
        connection = Connection(self._path, SILENCE_S, socket_module=socket)
        try:
            connection.send(Subscribe(request=1))
            while True:
                try:
                    self._take(connection.receive(), listener)
                except SequenceGap:
                    connection.send(Subscribe(request=1))
        finally:
            connection.close()

    def _take(self, answer: AnyAnswer, listener: Listener) -> None:
        match answer:
            case SnapshotMessage(snapshot=snapshot):
                self._mirror.load(snapshot)
                self.live = True
                listener.on_snapshot()
            case DeltaMessage(delta=delta) if self.live:
                self._mirror.apply(delta)
                listener.on_delta(delta)
            case _:
                raise SupervisorAway("the supervisor refused the subscription")
