"""Send commands to the supervisor, each on its own connection, so that a slow one does not block others.

A connection takes about a millisecond.  Those that may take long (`waiting`) share one.
"""

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import gevent
from gevent import socket
from gevent.lock import BoundedSemaphore
from msgspec.structs import replace

from app.client import Connection, call, error_of
from app.protocol import control as m
from app.protocol.delta import Mirror
from app.protocol.pool_host import ReadJob
from app.protocol.programs import BreakLock, RunProgram
from app.records.errors import ProcessionError, SupervisorAway

from .waiting import Waiting

TIMEOUT_S = 15.0
# The supervisor takes 256 clients; leave some for the command line.
MAX_CONNECTIONS = 160
#: Commands that were sent and not answered yet, on one connection.
MAX_PENDING = 100
# A change reaches the feed within about 20 ms.
SETTLED_AFTER_S = 1.0

CHANGING = (m.Act, m.AskPool, BreakLock, m.EndDescendant, m.Join, m.Launch, m.OpenPool, RunProgram, m.SendSignal)


class Control:
    """Sends commands to the supervisor; every method raises the errors of `app.records.errors`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._free = BoundedSemaphore(MAX_CONNECTIONS)
        self._waiting = Waiting(path)
        self._asked_at = float("-inf")

    @property
    def settled(self) -> bool:
        """Whether the feed must have received the effect of all commands by now."""
        return time.monotonic() > self._asked_at + SETTLED_AFTER_S

    def ask(self, command: m.AnyCommand, wait_s: float = 0.0) -> Any:
        """Send a command and return the reply as plain JSON; ``wait_s`` is how long the command itself may take."""
        try:
            if wait_s:
                return self._waiting.ask(command, TIMEOUT_S + wait_s)
            with self.connection() as connection:
                return call(connection, command)
        finally:
            if isinstance(command, CHANGING) and not _only_reads(command):
                self._asked_at = time.monotonic()

    def ask_many(self, commands: Sequence[m.AnyCommand]) -> list[ProcessionError | None]:
        """Send many commands on one connection; return the refusal, or None, of each.

        Several are pending at a time, so that the supervisor handles them, and writes its journal, in groups.
        """
        results: dict[int, ProcessionError | None] = {}
        waiting = (replace(command, request=number) for number, command in enumerate(commands, 1))
        with self.connection() as connection:
            sent = _send(connection, itertools.islice(waiting, MAX_PENDING))
            while len(results) < sent:
                match connection.receive():
                    case m.Reply(request=number):
                        results[number] = None
                    case m.Refused(request=number) as refused:
                        results[number] = error_of(refused)
                    case _:
                        continue
                sent += _send(connection, itertools.islice(waiting, 1))
        self._asked_at = time.monotonic()
        return [results[number] for number in range(1, len(commands) + 1)]

    def mirror(self) -> Mirror:
        """Return the current state, requested from the supervisor."""
        with self.connection() as connection:
            connection.send(m.Subscribe())
            while not isinstance(answer := connection.receive(), m.SnapshotMessage):
                pass
        mirror = Mirror()
        mirror.load(answer.snapshot)
        return mirror

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield a connection for one or more commands."""
        if not self._free.acquire(timeout=TIMEOUT_S):
            raise SupervisorAway(f"too many requests: {MAX_CONNECTIONS} are waiting for the supervisor")
        try:
            with closing(Connection(self._path, TIMEOUT_S, socket_module=socket, sleep=gevent.sleep)) as connection:
                yield connection
        finally:
            self._free.release()


def _only_reads(command: m.AnyCommand) -> bool:
    return isinstance(command, m.AskPool) and isinstance(command.ask, ReadJob)


def _send(connection: Connection, commands: Iterable[m.AnyCommand]) -> int:
    count = 0
    for command in commands:
        connection.send(command)
        count += 1
    return count
