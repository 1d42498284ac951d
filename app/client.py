"""The client side of the control socket, for the web process (gevent) and the command line (plain sockets).

::

    Connection.send(command) ──▶ supervisor ──▶ Connection.receive() -> Reply | Refused | Snapshot… | Delta…
    call(connection, command): one command; its reply as plain JSON, a refusal as an exception of `errors`

Only methods of the socket object and ``sleep`` are used, so gevent's work without monkey patching.
"""

import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from app.linux.unix_sockets import address
from app.protocol.control import MAX_ANSWER, MAX_FRAME, AnyAnswer, AnyCommand, Refused, Reply, decode_answer, encode
from app.protocol.frames import FrameError, Frames, framed
from app.records import errors
from app.records.primitives import UNDECODABLE

_CHUNK_BYTES = 256 * 1024
_MIN_TIMEOUT_S = 1e-3
_RETRY_S = 0.02
_ERRORS: dict[str, type[errors.ProcessionError]] = {
    error.kind: error
    for error in (
        errors.NoSuchProcess,
        errors.NotPossible,
        errors.SupervisorAway,
        errors.JournalError,
    )
}


class Connection:
    """One connection to the supervisor; raises `SupervisorAway` if there is none, or the connection breaks.

    ``timeout_s`` limits each `send` and `receive` (None: no limit); it may be changed at any time.  After a timeout
    `receive` may be called again: what was received is kept.
    """

    def __init__(
        self,
        path: Path,
        timeout_s: float | None = 10.0,
        socket_module: ModuleType = socket,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.timeout_s = timeout_s
        self._frames = Frames(MAX_ANSWER)
        self._chunk = memoryview(bytearray(_CHUNK_BYTES))
        self._socket: socket.socket = socket_module.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(path, sleep)
        except OSError as error:
            self.close()
            raise errors.SupervisorAway(f"cannot connect to the supervisor at {path}: {_reason(error)}") from error

    def _connect(self, path: Path, sleep: Callable[[float], object]) -> None:
        until = float("inf") if self.timeout_s is None else time.monotonic() + self.timeout_s
        # A connect() to a Unix socket waits only for room in the queue, and that of gevent spins until there is some.
        self._socket.settimeout(0.0)
        with address(path) as where:
            while True:
                try:
                    return self._socket.connect(where)
                except BlockingIOError:
                    if time.monotonic() >= until:
                        raise
                    sleep(_RETRY_S)

    def send(self, command: AnyCommand) -> None:
        """Send one command; raise `InvalidField` if it is too large, or has text that is not UTF-8."""
        try:
            payload = encode(command)
        except UnicodeEncodeError:
            raise errors.InvalidField("request", "must be UTF-8") from None
        if len(payload) > MAX_FRAME:
            raise errors.InvalidField("request", f"must be at most {MAX_FRAME:,} bytes, not {len(payload):,}")
        try:
            self._socket.settimeout(self.timeout_s)
            self._socket.sendall(framed(payload))
        except OSError as error:
            raise errors.SupervisorAway(f"lost the connection to the supervisor: {_reason(error)}") from error

    def receive(self) -> AnyAnswer:
        """Return the next message of the supervisor."""
        frame = self._receive_frame()
        try:
            return decode_answer(frame)
        except UNDECODABLE as error:
            raise errors.SupervisorAway(f"the supervisor sent an invalid message: {error}") from error

    def close(self) -> None:
        """Close the connection; the supervisor drops what it was waiting for."""
        self._socket.close()

    def _receive_frame(self) -> bytes:
        deadline = None if self.timeout_s is None else time.monotonic() + self.timeout_s
        try:
            while (frame := self._frames.next()) is None:
                self._receive_some(deadline)
        except FrameError as error:
            raise errors.SupervisorAway(f"the supervisor sent an invalid message: {error}") from error
        return frame

    def _receive_some(self, deadline: float | None) -> None:
        try:
            self._socket.settimeout(None if deadline is None else max(deadline - time.monotonic(), _MIN_TIMEOUT_S))
            count = self._socket.recv_into(self._chunk)
        except TimeoutError as error:
            raise errors.SupervisorSilent(f"the supervisor did not answer within {self.timeout_s:g} s") from error
        except OSError as error:
            raise errors.SupervisorAway(f"lost the connection to the supervisor: {_reason(error)}") from error
        if count == 0:
            raise errors.SupervisorAway("the supervisor closed the connection")
        self._frames.feed(self._chunk[:count])


def call(connection: Connection, command: AnyCommand) -> Any:
    """Send one command and return its result as plain JSON; raise a refusal as its exception of `errors`.

    For a `Join` the ``timeout_s`` of the connection must be longer than that of the join.  Stream messages that
    arrive before the reply are skipped.
    """
    connection.send(command)
    while True:
        match connection.receive():
            case Reply(request=command.request, result=result):
                return msgspec.json.decode(result)
            case Refused(request=command.request) as refused:
                raise error_of(refused)
            case Refused(request=0) as refused:  # the supervisor could not read the request number
                raise error_of(refused)


def error_of(refused: Refused) -> errors.ProcessionError:
    if refused.kind == errors.InvalidField.kind:
        field = refused.field or "request"
        return errors.InvalidField(field, refused.detail.removeprefix(f"{field}: "))
    return _ERRORS.get(refused.kind, errors.ProcessionError)(refused.detail)


def _reason(error: OSError) -> str:
    return error.strerror or str(error)
