"""Send commands that may take long, such as a join: all of them share one connection.

    views ──command, numbered──▶ one connection ──▶ supervisor
      ▲──── AsyncResult ◀── one greenlet ◀── replies, in any order

Each other command has a connection of its own (`control`), whose number is limited: with joins among them, a few
hundred would keep a kill from being sent.
"""

import itertools
import logging
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
from app.records.errors import InvalidField, ProcessionError, SupervisorAway, SupervisorSilent

#: For the connection, and for each command to be sent.
SEND_S = 15.0

log = logging.getLogger(__name__)


class _Shared:
    """The connection, and the answers that are expected on it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.answers: dict[int, AsyncResult[Any]] = {}

    def fail(self, error: ProcessionError) -> None:
        """Close the connection; every command on it fails."""
        self.connection.close()
        for answer in self.answers.values():
            if not answer.ready():
                answer.set_exception(error)


class Waiting:
    """The commands that wait; the connection is opened with the first, and again after it broke."""

    def __init__(self, path: Path, send_s: float = SEND_S) -> None:
        self._path, self._send_s = path, send_s
        self._numbers = itertools.count(1)
        self._shared: _Shared | None = None
        self._one_at_a_time = BoundedSemaphore(1)

    def ask(self, command: m.AnyCommand, timeout_s: float) -> Any:
        """Send a command and return the reply as plain JSON; raise the errors of `app.records.errors`."""
        late = f"the supervisor did not answer within {timeout_s:g} s"
        try:
            # Over everything: connecting and sending wait for a supervisor that is suspended.
            with gevent.Timeout(timeout_s, TimeoutError(late)):
                return self._answer(replace(command, request=next(self._numbers)))
        except TimeoutError:
            raise SupervisorAway(late) from None

    def _answer(self, command: m.AnyCommand) -> Any:
        with self._one_at_a_time:
            shared = self._connected()
            answer = shared.answers[command.request] = AsyncResult()
            try:
                shared.connection.send(command)
            except InvalidField:
                del shared.answers[command.request]
                raise
            except SupervisorAway as error:
                # A part of it may have been sent: what followed would be read as the rest.
                self._lose(shared, error)
        try:
            return answer.get()
        finally:
            del shared.answers[command.request]

    def _connected(self) -> _Shared:
        if self._shared is None:
            self._shared = _Shared(Connection(self._path, self._send_s, socket_module=socket, sleep=gevent.sleep))
            gevent.spawn(self._read, self._shared)
        return self._shared

    def _lose(self, shared: _Shared, error: ProcessionError) -> None:
        if self._shared is shared:
            self._shared = None
        shared.fail(error)

    def _read(self, shared: _Shared) -> None:
        try:
            while True:
                try:
                    _take(shared.connection.receive(), shared)
                except SupervisorSilent:
                    continue  # replies come after hours; a supervisor that dies closes the connection
        except ProcessionError as error:
            self._lose(shared, error)
        except Exception:
            log.exception("an answer of the supervisor could not be handled")
            text = "internal error; the traceback is in the log of `procession serve`"
            self._lose(shared, SupervisorAway(text))


def _take(answer: m.AnyAnswer, shared: _Shared) -> None:
    match answer:
        case m.Reply(request=number, result=result) if number in shared.answers:
            shared.answers[number].set(msgspec.json.decode(result))
        case m.Refused(request=number) if number in shared.answers:
            shared.answers[number].set_exception(error_of(answer))
        case m.Refused(request=0):  # the supervisor could not read the request number: it may be any of them
            raise error_of(answer)
        case _:
            return  # its client has gone
