"""Commands to the supervisor: each on a connection of its own, so that one that waits holds up nobody.

Connecting costs about a millisecond; a join that takes an hour costs one idle greenlet and one socket.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gevent import socket
from gevent.lock import BoundedSemaphore

from app.client import Connection, call, error_of
from app.protocol.control import (
    Act,
    AnyCommand,
    AskPool,
    EndDescendant,
    Join,
    Launch,
    OpenPool,
    Refused,
    Reply,
    SendSignal,
    SnapshotMessage,
    Subscribe,
)
from app.protocol.delta import Mirror
from app.protocol.pool_host import ReadJob
from app.protocol.programs import BreakLock, RunProgram
from app.records.errors import ProcessionError, SupervisorAway

TIMEOUT_S = 15.0
# The supervisor takes 256 clients; leave some for the command line.
MAX_CONNECTIONS = 160
MAX_UNDER_WAY = 100
# A change reaches the feed within some 20 ms; this is far beyond it.
SETTLED_AFTER_S = 1.0

CHANGING = (Act, AskPool, BreakLock, EndDescendant, Join, Launch, OpenPool, RunProgram, SendSignal)


class Control:
    """Asks the supervisor; every method raises the errors of `app.records.errors`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free = BoundedSemaphore(MAX_CONNECTIONS)
        self._numbers = itertools.count(1)
        self._asked_at = float("-inf")

    @property
    def settled(self) -> bool:
        """Whether the feed has surely seen the effect of all commands that were given here."""
        return time.monotonic() > self._asked_at + SETTLED_AFTER_S

    def number(self) -> int:
        """A request number for the next command."""
        return next(self._numbers)

    def ask(self, command: AnyCommand, wait_s: float = 0.0) -> Any:
        """The reply as plain JSON; ``wait_s`` is how long the command itself may take."""
        try:
            with self.connection(wait_s) as connection:
                return call(connection, command)
        finally:
            if isinstance(command, CHANGING) and not _only_reads(command):
                self._asked_at = time.monotonic()

    def tell(self, commands: Iterable[AnyCommand]) -> dict[int, ProcessionError | None]:
        """Give many commands on one connection; by request number, None or why it was refused.

        Some are always under way, so that the supervisor can take them, and write its journal, in groups.
        """
        told: dict[int, ProcessionError | None] = {}
        waiting = iter(commands)
        with self.connection() as connection:
            sent = _send(connection, itertools.islice(waiting, MAX_UNDER_WAY))
            while len(told) < sent:
                match connection.receive():
                    case Reply(request=number):
                        told[number] = None
                    case Refused(request=number) as refused:
                        told[number] = error_of(refused)
                    case _:
                        continue
                sent += _send(connection, itertools.islice(waiting, 1))
        self._asked_at = time.monotonic()
        return told

    def mirror(self) -> Mirror:
        """The state as it is now, asked afresh."""
        with self.connection() as connection:
            connection.send(Subscribe(request=self.number()))
            while True:
                answer = connection.receive()
                if isinstance(answer, SnapshotMessage):
                    mirror = Mirror()
                    mirror.load(answer.snapshot)
                    return mirror

    @contextmanager
    def connection(self, wait_s: float = 0.0) -> Iterator[Connection]:
        """A connection for one or several commands in a row."""
        if not self._free.acquire(timeout=TIMEOUT_S):
            raise SupervisorAway(f"{MAX_CONNECTIONS} requests wait for the supervisor already")
        try:
            connection = Connection(self._path, TIMEOUT_S + wait_s, socket_module=socket)
            try:
                yield connection
            finally:
                connection.close()
        finally:
            self._free.release()


def _only_reads(command: AnyCommand) -> bool:
    return isinstance(command, AskPool) and isinstance(command.ask, ReadJob)


def _send(connection: Connection, commands: Iterable[AnyCommand]) -> int:
    count = 0
    for command in commands:
        connection.send(command)
        count += 1
    return count
