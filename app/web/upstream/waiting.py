"""Send commands that may take long, such as a join: all of them share one connection.

    views ──command, numbered──▶ one connection ──▶ supervisor
      ▲──── AsyncResult ◀── one greenlet ◀── replies, in any order

Each other command has a connection of its own (`control`), whose number is limited: with joins among them, a few
hundred would keep a kill from being sent.
"""

import itertools
from pathlib import Path
from typing import Any

import gevent
import msgspec
from gevent import socket
from gevent.event import AsyncResult
from gevent.lock import BoundedSemaphore
from msgspec.structs import replace

from app.client import Connection, error_of
from app.protocol import control as m
from app.records.errors import SupervisorAway


class Waiting:
    """The commands that wait; the connection is opened with the first, and again after it broke."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers = itertools.count(1)
        self._connection: Connection | None = None
        self._answers: dict[int, AsyncResult[Any]] = {}
        self._one_at_a_time = BoundedSemaphore(1)

    def ask(self, command: m.AnyCommand, timeout_s: float) -> Any:
        """Send a command and return the reply as plain JSON; raise the errors of `app.records.errors`."""
        number = next(self._numbers)
        answer = self._answers[number] = AsyncResult()
        try:
            with self._one_at_a_time:
                self._connected().send(replace(command, request=number))
            return answer.get(timeout=timeout_s)
        except gevent.Timeout:
            raise SupervisorAway(f"the supervisor did not answer within {timeout_s:g} s") from None
        finally:
            del self._answers[number]

    def _connected(self) -> Connection:
        if self._connection is None:
            # Replies come after hours; a supervisor that dies closes the connection.
            self._connection = Connection(self._path, None, socket_module=socket)
            gevent.spawn(self._read, self._connection)
        return self._connection

    def _read(self, connection: Connection) -> None:
        try:
            while True:
                self._take(connection.receive())
        except SupervisorAway as error:
            self._connection = None
            connection.close()
            for answer in self._answers.values():
                answer.set_exception(error)

    def _take(self, answer: m.AnyAnswer) -> None:
        match answer:
            case m.Reply(request=number, result=result) if number in self._answers:
                self._answers[number].set(msgspec.json.decode(result))
            case m.Refused(request=number) if number in self._answers:
                self._answers[number].set_exception(error_of(answer))
            case _:
                return  # its client has gone
