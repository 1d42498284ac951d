"""Push the state, and the logs that they watch, to browsers over Socket.IO.

    Feed ──on_snapshot, on_delta, on_away──▶ Live ──▶ clients
    browser ──resync, watch, unwatch───────▶ Live ──▶ LogTails

Commands do not come this way.  A client gets a snapshot first, then every delta; one that missed a delta gets a new
snapshot, never a replay.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

import gevent
import msgspec
from flask import Flask, request
from flask_socketio import SocketIO
from socketio.exceptions import ConnectionRefusedError as SocketRefused  # type: ignore[import-untyped]

from app.records.stream import Delta
from app.web.http.access import Access
from app.web.http.problems import Problem
from app.web.present import processes as present
from app.web.upstream.feed import Feed

from .clients import MAX_TOPICS, SNAPSHOT_EVERY_S, Client, Clients, Packet, packet
from .tails import LogTails, Topic
from .websocket import MAX_MESSAGE_BYTES, BoundedWebSocket

MAX_CLIENTS = 1000
PING_INTERVAL_S = 5
PING_TIMEOUT_S = 10
SWEEP_S = 5.0
LOG_TOPIC = "log:"
# Malformed messages of clients are not logged; errors of our own handlers are logged anyway.
QUIET = logging.getLogger("procession.web.quiet")


class Live:
    """The listener of the feed and the handler of all Socket.IO events."""

    def __init__(self, app: Flask, access: Access, feed: Feed, tails: LogTails) -> None:
        QUIET.setLevel(logging.CRITICAL)
        self.socketio = SocketIO(
            app,
            async_mode="gevent",
            # Handle one message of a client at a time, so that a flood waits in its own socket.
            async_handlers=False,
            # `gate` checks the origin of every request; engineio would only add CORS headers.
            cors_allowed_origins=[],
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            logger=QUIET,
            engineio_logger=QUIET,
        )
        # The stubs do not know this attribute.
        self._sessions: Any = vars(self.socketio)["server"]
        self._engine = self._sessions.eio
        # engineio has no option for this: it looks the class up in this table.
        self._engine._async = self._engine._async | {"websocket": BoundedWebSocket}  # noqa: SLF001
        self.clients = Clients(self._engine)
        self._access = access
        self._feed = feed
        self._tails = tails
        self._snapshot: Packet | None = None
        self._admit = self._engine.handlers["connect"]
        self._engine.on("connect", self._on_connection)
        handlers: dict[str, Callable[..., Any]] = {
            "connect": self._on_connect,
            "disconnect": self._on_disconnect,
            "resync": self._on_resync,
            "watch": self._on_watch,
            "unwatch": self._on_unwatch,
        }
        for name, handler in handlers.items():
            self.socketio.on_event(name, handler)

    def on_snapshot(self) -> None:
        """Send the new state to all clients."""
        self._snapshot = None
        for client in list(self.clients.connected.values()):
            client.behind = True
            client.refreshed_at = float("-inf")
            self._refresh(client)

    def on_delta(self, delta: Delta) -> None:
        """Send a delta to all clients, or a snapshot to those that missed an earlier delta."""
        self._snapshot = None
        if not self.clients.connected:
            return
        step = packet("delta", msgspec.json.encode(delta))
        for client in list(self.clients.connected.values()):
            if client.behind:
                self._refresh(client)
            elif not self.clients.offer(client, step):
                client.behind = True

    def on_away(self) -> None:
        """Tell all clients that the supervisor is not available."""
        self._snapshot = None
        self.clients.offer_all(self._away())

    def run(self) -> None:
        """Close connections without authentication, or whose session has ended, every few seconds; never returns."""
        while True:
            gevent.sleep(SWEEP_S)
            self.clients.sweep()
            self.clients.close_ended(self._access.lives)

    def _refresh(self, client: Client) -> None:
        """Send the state to a client that is behind; if it got a snapshot just now, the next delta calls this again."""
        now = time.monotonic()
        if not self._feed.live:
            self.clients.offer(client, self._away())
        elif now - client.refreshed_at >= SNAPSHOT_EVERY_S and self.clients.offer(client, self._whole()):
            client.behind, client.refreshed_at = False, now

    def _whole(self) -> Packet:
        if self._snapshot is None:
            state = present.snapshot(self._feed.mirror())
            self._snapshot = packet("snapshot", msgspec.json.encode(state))
        return self._snapshot

    def _away(self) -> Packet:
        return packet("supervisor_away", msgspec.json.encode({"detail": self._feed.away_because}))

    def _on_connection(self, engine_id: str, environ: Any) -> Any:
        self.clients.limit_strangers()
        return self._admit(engine_id, environ)

    def _on_connect(self, auth: Any = None) -> None:
        given = auth.get("token") if isinstance(auth, dict) else None
        token = given if isinstance(given, str) else None
        try:
            role = self._access.role_of_socket(token)
        except Problem as problem:
            raise SocketRefused(problem.detail) from problem
        if role is None:
            raise SocketRefused("A valid token is required.")
        if len(self.clients.connected) >= MAX_CLIENTS:
            raise SocketRefused(f"Too many connections: the limit is {MAX_CLIENTS:,}.")
        engine_id = self._sessions.manager.eio_sid_from_sid(_sid(), "/")
        session = self._access.session_of_socket(token)
        client = self.clients.connected[_sid()] = Client(engine_id, role, session)
        # The answer to the handshake is queued when this returns; the snapshot must come after it.
        gevent.spawn(self._refresh, client)

    def _on_disconnect(self, *_reason: Any) -> None:
        if client := self.clients.connected.pop(_sid(), None):
            for topic in client.topics:
                self._tails.unwatch(topic, client)

    def _on_resync(self, *_ignored: Any) -> None:
        if client := self.clients.connected.get(_sid()):
            client.behind = True
            self._refresh(client)

    def _on_watch(self, wanted: Any = None, *_ignored: Any) -> None:
        client, topic = self.clients.connected.get(_sid()), _topic(wanted)
        if client and topic and len(client.topics) < MAX_TOPICS and self._exists(topic):
            client.topics.add(topic)
            self._tails.watch(topic, client)

    def _on_unwatch(self, wanted: Any = None, *_ignored: Any) -> None:
        client, topic = self.clients.connected.get(_sid()), _topic(wanted)
        if client and topic in client.topics:
            client.topics.discard(topic)
            self._tails.unwatch(topic, client)

    def _exists(self, process_id: str) -> bool:
        return self._feed.live and process_id in self._feed.mirror().processes


def _topic(wanted: Any) -> Topic | None:
    topic = wanted.get("topic") if isinstance(wanted, dict) else None
    if isinstance(topic, str) and topic.startswith(LOG_TOPIC):
        return topic.removeprefix(LOG_TOPIC)
    return None


def _sid() -> str:
    return str(request.sid)  # type: ignore[attr-defined]  # set by Flask-SocketIO
