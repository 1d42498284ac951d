"""The client's side of the control socket: for the web process (gevent) and the command line (plain sockets).

::

    Connection.send(command) ──▶ supervisor ──▶ Connection.receive() -> Reply | Refused | Snapshot… | Delta…
    call(connection, command): one command, its reply as plain JSON, its refusal as the error of `errors`

Only methods of the socket object are used, so ``gevent.socket`` serves as it is, without monkey patching.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any, Protocol, cast

import msgspec

from app.linux.unix_sockets import address
from app.protocol.control import MAX_ANSWER, MAX_FRAME, AnyAnswer, AnyCommand, Refused, Reply, decode_answer, encode
from app.protocol.frames import FrameError, Frames, framed
from app.records import errors

_CHUNK = 256 * 1024
_ERRORS: dict[str, type[errors.ProcessionError]] = {
    error.kind: error
    for error in (
        errors.NoSuchProcess,
        errors.NotPossible,
        errors.SupervisorAway,
        errors.JournalError,
    )
}


class SocketModule(Protocol):
    """What is used of `socket` or ``gevent.socket``."""

    def socket(self, family: int, kind: int) -> socket.socket:
        """A new socket."""


class Connection:
    """One connection to the supervisor; raises `SupervisorAway` where there is none or it breaks.

    ``timeout_s`` bounds each `send` and `receive` as a whole (None: no limit); it may be changed at any time.
    After a timeout `receive` may be called again: what had come is kept.
    """

    def __init__(self, path: Path, timeout_s: float | None = 10.0, socket_module: SocketModule | None = None) -> None:
        self.timeout_s = timeout_s
        self._frames = Frames(MAX_ANSWER)
        self._chunk = memoryview(bytearray(_CHUNK))
        module = socket_module or cast("SocketModule", socket)
        self._socket = module.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.settimeout(timeout_s)
            with address(path) as where:
                self._socket.connect(where)
        except OSError as error:
            self.close()
            raise errors.SupervisorAway(f"no supervisor answers at {path}: {error.strerror or error}") from error

    def send(self, command: AnyCommand) -> None:
        """Send one command; raises `InvalidField` for one that is too large."""
        payload = encode(command)
        if len(payload) > MAX_FRAME:
            raise errors.InvalidField("request", f"{len(payload)} bytes are too many, at most {MAX_FRAME} allowed")
        try:
            self._socket.settimeout(self.timeout_s)
            self._socket.sendall(framed(payload))
        except OSError as error:
            raise errors.SupervisorAway(f"the supervisor went away: {error.strerror or error}") from error

    def receive(self) -> AnyAnswer:
        """The next message of the supervisor."""
        frame = self._receive_frame()
        try:
            return decode_answer(frame)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise errors.SupervisorAway(f"the supervisor speaks otherwise: {error}") from error

    def close(self) -> None:
        """Close; the supervisor forgets what this connection waited for."""
        self._socket.close()

    def _receive_frame(self) -> bytes:
        deadline = None if self.timeout_s is None else time.monotonic() + self.timeout_s
        try:
            while (frame := self._frames.next()) is None:
                self._receive_some(deadline)
        except FrameError as error:
            raise errors.SupervisorAway(f"the supervisor speaks otherwise: {error}") from error
        return frame

    def _receive_some(self, deadline: float | None) -> None:
        try:
            self._socket.settimeout(None if deadline is None else max(deadline - time.monotonic(), 1e-3))
            count = self._socket.recv_into(self._chunk)
        except TimeoutError as error:
            raise errors.SupervisorAway(f"no answer within {self.timeout_s:g} s") from error
        except OSError as error:
            raise errors.SupervisorAway(f"the supervisor went away: {error.strerror or error}") from error
        if count == 0:
            raise errors.SupervisorAway("the supervisor closed the connection")
        self._frames.feed(self._chunk[:count])


def call(connection: Connection, command: AnyCommand) -> Any:
    """The result of one command as plain JSON; a refusal is raised as its error of `errors`.

    A `Join` needs a ``connection.timeout_s`` longer than its own.  Stream messages that come meanwhile are
    passed over.
    """
    connection.send(command)
    while True:
        match connection.receive():
            case Reply(request=command.request, result=result):
                return msgspec.json.decode(result)
            case Refused(request=command.request) as refused:
                raise error_of(refused)
            case Refused(request=0) as refused:  # so broken that its number could not be read
                raise error_of(refused)


def error_of(refused: Refused) -> errors.ProcessionError:
    """The error that the supervisor refused with."""
    if refused.kind == errors.InvalidField.kind:
        field = refused.field or "request"
        return errors.InvalidField(field, refused.detail.removeprefix(f"{field}: "))
    return _ERRORS.get(refused.kind, errors.ProcessionError)(refused.detail)
