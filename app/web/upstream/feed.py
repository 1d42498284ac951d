"""Read the supervisor's stream in one greenlet, on one connection, and keep the current state.

    supervisor ──Snapshot, Delta──▶ Feed ──▶ mirror (for HTTP reads)
                                      └────▶ listener (live) ──▶ browsers

If the supervisor is not available, the feed reconnects with a short back-off, and tells the listener.  It never
replays: every connection begins with a fresh snapshot.  The socket is gevent's; a plain recv() would block the whole
server, which has one thread.
"""

import logging
from contextlib import closing
from pathlib import Path
from typing import Protocol

import gevent
from gevent import socket

from app.client import Connection
from app.linux.heartbeat import FROZEN_S, Heartbeat
from app.protocol.control import AnyAnswer, DeltaMessage, SnapshotMessage, Subscribe
from app.protocol.delta import Mirror
from app.records.errors import SequenceGap, SupervisorAway, SupervisorSilent
from app.records.stream import Delta

FIRST_DELAY_S = 0.05
MAX_DELAY_S = 1.0
# The supervisor samples once a second; a stream that is silent for this long is broken.
SILENCE_S = 10.0
#: Between two checks of its heartbeat while it sends nothing.
HEARTBEAT_CHECK_S = 1.0

log = logging.getLogger(__name__)


class Listener(Protocol):
    """What is called for each message of the stream; nothing here may block."""

    def on_snapshot(self) -> None:
        """Handle a new snapshot, which the mirror already has."""

    def on_delta(self, delta: Delta) -> None:
        """Handle a delta, which the mirror already has."""

    def on_away(self) -> None:
        """Handle the loss of the supervisor."""


class Feed:
    """Has the current state while ``live``; otherwise ``away_because`` says why not."""

    def __init__(self, path: Path, heartbeat: Heartbeat | None = None) -> None:
        self._path, self._heartbeat = path, heartbeat
        self._mirror = Mirror()
        self.live = False
        self.away_because = "not yet connected to the supervisor"

    def start(self, listener: Listener) -> None:
        """Begin to read, in a greenlet that never ends."""
        gevent.spawn(self._run, listener)

    def mirror(self) -> Mirror:
        """Return the state as of the last delta; raise `SupervisorAway` while there is none."""
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
                self.away_because = "internal error; the traceback is in the log of `procession serve`"
            delay = FIRST_DELAY_S if self.live else min(delay * 2, MAX_DELAY_S)
            if self.live:
                self.live = False
                listener.on_away()
            gevent.sleep(delay)

    def _read_one_connection(self, listener: Listener) -> None:
        silence_s = SILENCE_S if self._heartbeat is None else HEARTBEAT_CHECK_S
        with closing(Connection(self._path, silence_s, socket_module=socket, sleep=gevent.sleep)) as connection:
            connection.send(Subscribe())
            while True:
                try:
                    self._take(connection.receive(), listener)
                except SequenceGap:
                    connection.send(Subscribe())
                except SupervisorSilent:
                    self._check_heartbeat()

    def _check_heartbeat(self) -> None:
        """Raise `SupervisorAway` if the supervisor is frozen; one that has nothing to send is not."""
        if self._heartbeat is None:
            raise SupervisorAway(f"the supervisor has sent nothing for {SILENCE_S:.0f} s")
        if (silent_s := self._heartbeat.age_s()) >= FROZEN_S:
            text = f"the supervisor has not responded for {silent_s:.0f} s (suspended, or in an endless loop)"
            raise SupervisorAway(f"{text}; the launcher replaces it if it does not recover")

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
