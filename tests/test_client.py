"""The client of the control socket, plain and with gevent's sockets, against a real server in a thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gevent
import gevent.socket
import pytest

from app.client import Connection, call
from app.linux.poller import Poller
from app.protocol.control import AnyCommand, Join, Refused, Subscribe, Workloads, refuse, reply
from app.protocol.frames import framed
from app.protocol.message import Message
from app.records import errors
from app.supervisor.control.peer import Client
from app.supervisor.control.server import ControlServer

Answer = Callable[[Client, AnyCommand], None]


class Supervisor:
    """A control server that answers each command with what the test wants."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.answer: Answer = lambda client, command: client.send(reply(command.request, {"ok": True}))
        self._poller = Poller()
        self._server = ControlServer(path, self._poller)
        self._ending = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def refuse_with(self, message: Callable[[int], Message]) -> None:
        """Answer every command so."""
        self.answer = lambda client, command: client.send(message(command.request))

    def close(self) -> None:
        """End the thread and remove the socket."""
        self._ending = True
        self._thread.join()
        self._server.close()
        self._poller.close()

    def _run(self) -> None:
        while not self._ending:
            self._poller.wait(0.01)
            for client, command in self._server.take():
                self.answer(client, command)


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    supervisor = Supervisor(tmp_path / "control.sock")
    yield supervisor
    supervisor.close()


@pytest.fixture(params=["plain", "gevent"])
def connection(request: pytest.FixtureRequest, supervisor: Supervisor) -> Iterator[Connection]:
    module = gevent.socket if request.param == "gevent" else socket
    connection = Connection(supervisor.path, 10, module)
    yield connection
    connection.close()


def test_call_returns_the_result_as_plain_json(connection: Connection) -> None:
    """One command, one result."""
    assert call(connection, Workloads(request=1)) == {"ok": True}
    assert call(connection, Workloads(request=2)) == {"ok": True}


def test_large_answer_arrives(supervisor: Supervisor, connection: Connection) -> None:
    """Answers may be larger than commands."""
    supervisor.refuse_with(lambda request: reply(request, "x" * 5_000_000))
    assert len(call(connection, Workloads(request=1))) == 5_000_000


def test_messages_of_others_are_passed_over(supervisor: Supervisor, connection: Connection) -> None:
    """A late answer to an earlier request is not taken for ours."""

    def answer(client: Client, command: AnyCommand) -> None:
        client.send(reply(99, "late"))
        client.send(Refused(request=98, kind="not_found", detail="late"))
        client.send(reply(command.request, "ours"))

    supervisor.answer = answer
    assert call(connection, Workloads(request=1)) == "ours"


@pytest.mark.parametrize(
    "error",
    [
        errors.NoSuchProcess("there is no process 9"),
        errors.NotPossible("start is not possible while the process is running"),
        errors.InvalidField("params.seconds", "must be a number from 0 to 60"),
        errors.JournalError("the disk is full"),
        errors.ProcessionError("something else"),
    ],
)
def test_refusal_is_raised_as_the_error_it_was(
    supervisor: Supervisor, connection: Connection, error: errors.ProcessionError
) -> None:
    """Class, text and field survive the way."""
    supervisor.refuse_with(lambda request: refuse(request, error))
    with pytest.raises(type(error)) as raised:
        call(connection, Workloads(request=1))
    assert str(raised.value) == str(error)
    assert getattr(raised.value, "field", None) == getattr(error, "field", None)


def test_command_that_is_too_large_is_refused_before_it_is_sent(connection: Connection) -> None:
    """And the connection is as good as before."""
    with pytest.raises(errors.InvalidField, match="must be at most"):
        connection.send(Join(request=1, process="x" * 2_000_000))
    assert call(connection, Workloads(request=2)) == {"ok": True}


def test_text_that_is_not_utf8_is_refused_before_it_is_sent(connection: Connection) -> None:
    """Python reads such bytes of an argument as lone surrogates."""
    with pytest.raises(errors.InvalidField, match="UTF-8"):
        call(connection, Subscribe(by="\udcff"))
    assert call(connection, Workloads()) == {"ok": True}


def test_after_a_timeout_nothing_is_lost(supervisor: Supervisor, connection: Connection) -> None:
    """A frame of which half had come is completed by the next receive."""
    frame = framed(b'{"type":"Reply","request":1,"result":"whole"}')
    supervisor.answer = lambda client, command: client.send_frame(frame[command.request :][:20])
    connection.timeout_s = 0.2
    connection.send(Subscribe(request=0))
    with pytest.raises(errors.SupervisorAway, match="did not answer within"):
        connection.receive()
    for offset in (20, 40):
        connection.send(Subscribe(request=offset))
    connection.timeout_s = 10
    assert bytes(getattr(connection.receive(), "result")) == b'"whole"'  # noqa: B009  any answer may come


@pytest.mark.parametrize("garbage", [b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", framed(b"{}"), framed(b"\xff")])
def test_what_is_no_answer_means_away(supervisor: Supervisor, connection: Connection, garbage: bytes) -> None:
    """Something else listens there, or another version."""
    supervisor.answer = lambda client, command: client.send_frame(garbage)
    with pytest.raises(errors.SupervisorAway, match="sent an invalid message"):
        call(connection, Workloads(request=1))


def test_closed_by_the_supervisor_means_away(supervisor: Supervisor, connection: Connection) -> None:
    """Receive and send say so alike."""
    supervisor.answer = lambda client, command: client.close()
    with pytest.raises(errors.SupervisorAway):
        call(connection, Workloads(request=1))
    with pytest.raises(errors.SupervisorAway):
        connection.send(Workloads(request=2))


def test_nobody_there_means_away(tmp_path: Path) -> None:
    """No file, a file that is no socket, a socket that nobody listens on."""
    (tmp_path / "file").touch()
    stale = Supervisor(tmp_path / "stale")
    kept = tmp_path / "kept"
    kept.hardlink_to(tmp_path / "stale")
    stale.close()
    for path in (tmp_path / "missing", tmp_path / "file", kept):
        with pytest.raises(errors.SupervisorAway, match=str(path)):
            Connection(path)


def test_deep_path_is_reached(tmp_path: Path) -> None:
    """A home longer than a socket address may be."""
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    supervisor = Supervisor(deep / "control.sock")
    connection = Connection(supervisor.path)
    assert call(connection, Workloads(request=1)) == {"ok": True}
    connection.close()
    supervisor.close()


def test_waiting_greenlet_lets_others_run(supervisor: Supervisor) -> None:
    """With gevent's sockets a receive holds up nobody, though nothing is patched."""
    supervisor.answer = lambda client, command: None
    connection = Connection(supervisor.path, 10, gevent.socket)
    answers: list[Any] = []
    waiting = gevent.spawn(lambda: answers.append(call(connection, Workloads(request=1))))
    ticks = 0
    while ticks < 20:
        gevent.sleep(0.001)
        ticks += 1
    assert not answers
    supervisor.answer = lambda client, command: client.send(reply(1, "now"))
    connection.send(Workloads(request=2))
    waiting.join(10)
    assert answers == ["now"]
    connection.close()
