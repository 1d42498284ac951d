"""Follow logs: one tail for each watched log, shared by its watchers.

A tail checks its file a few times a second, with one stat() if nothing was written.  Output that comes faster than
anybody can read is skipped: then the ``offset`` of a message is later than the ``next`` of the one before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import gevent
import msgspec
from msgspec import structs

from app.linux import own_files
from app.web.present.processes import LogMessage, LogPart
from app.web.upstream import logs

from .clients import Client, Packet, packet

PERIOD_S = 0.2
MAX_BYTES = 64 * 1024

Topic: TypeAlias = str
Offer: TypeAlias = Callable[[Client, Packet], bool]

log = logging.getLogger(__name__)


class LogTails:
    """The tails by process id."""

    def __init__(self, path_of: Callable[[str], Path]) -> None:
        self._path_of = path_of
        self._tails: dict[Topic, _Tail] = {}
        self.offer: Offer = lambda _client, _packet: False

    def watch(self, process_id: Topic, client: Client) -> None:
        """Send a client what is appended from now on; an empty message tells the offset at once."""
        tail = self._tails.get(process_id)
        if tail is None:
            tail = self._tails[process_id] = _Tail(process_id, self._path_of(process_id), self._send)
        if client not in tail.watchers:
            tail.watchers.append(client)
        here = LogPart(offset=tail.position, next=tail.position, size=tail.position, text="")
        self.offer(client, _message(process_id, here))

    def unwatch(self, process_id: Topic, client: Client) -> None:
        """Stop sending to a client; the tail ends with its last watcher."""
        tail = self._tails.get(process_id)
        if tail and client in tail.watchers:
            tail.watchers.remove(client)
            if not tail.watchers:
                del self._tails[process_id]
                tail.end()

    def _send(self, tail: _Tail, part: LogPart) -> None:
        message = _message(tail.process_id, part)
        for client in list(tail.watchers):
            self.offer(client, message)


class _Tail:
    def __init__(self, process_id: str, path: Path, send: Callable[[_Tail, LogPart], None]) -> None:
        self.process_id = process_id
        self.position = own_files.size(path)
        self.watchers: list[Client] = []
        self._path = path
        self._send = send
        self._greenlet = gevent.spawn(self._run)

    def end(self) -> None:
        self._greenlet.kill(block=False)

    def _run(self) -> None:
        while True:
            gevent.sleep(PERIOD_S)
            try:
                self._look()
            except OSError:
                log.exception("cannot read %s", self._path)

    def _look(self) -> None:
        size = own_files.size(self._path)
        if size == self.position:
            return
        if size < self.position:
            self.position = 0
        too_fast = size - self.position > MAX_BYTES
        part = logs.read(self._path, -MAX_BYTES if too_fast else self.position, MAX_BYTES)
        self.position = part.next
        self._send(self, part)


def _message(process_id: str, part: LogPart) -> Packet:
    message = LogMessage(id=process_id, **structs.asdict(part))
    return packet("log", msgspec.json.encode(message))
