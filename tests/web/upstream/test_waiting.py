"""The connection that all joins share: nothing that happens to one of them, or to the supervisor, blocks the others."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import gevent
import msgspec
import pytest

from app.linux.poller import Poller
from app.protocol import control as m
from app.records.errors import InvalidField, NotPossible, ProcessionError, SupervisorAway
from app.supervisor.control.server import ControlServer
from app.web.upstream.waiting import Waiting

#: More than fits into the buffers of a socket.
LARGE = "x" * 900_000


class Supervisor:
    """A control server in a greenlet; ``taken`` has the clients and commands that nobody has answered."""

    def __init__(self, path: Path) -> None:
        self._poller = Poller()
        self.server = ControlServer(path, self._poller)
        self.taken: list[Any] = []
        self._greenlet = gevent.spawn(self._run)

    def close(self) -> None:
        """End the greenlet, and remove the socket."""
        self._greenlet.kill()
        self.server.close()
        self._poller.close()

    def _run(self) -> None:
        while True:
            self._poller.wait(0)
            self.taken += self.server.take()
            gevent.sleep(0.005)

    def received(self, count: int) -> list[Any]:
        """Return the clients and commands once there are so many."""
        with gevent.Timeout(10):
            while len(self.taken) < count:
                gevent.sleep(0.005)
        return self.taken


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "control.sock"


@pytest.fixture
def supervisor(path: Path) -> Iterator[Supervisor]:
    with closing(Supervisor(path)) as one:
        yield one


@pytest.fixture
def suspended(path: Path) -> Iterator[socket.socket]:
    """A supervisor that does not run: the kernel takes its connections until the queue is full."""
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(path))
        listening.listen(0)
        yield listening


def asked(waiting: Waiting, process: str = "p1", timeout_s: float = 10.0) -> Any:
    return gevent.spawn(waiting.ask, m.Join(request=0, process=process), timeout_s)


def outcome(greenlet: Any) -> Any:
    """Return the result of a join, or its error; it must end within some seconds."""
    try:
        return greenlet.get(timeout=5)
    except ProcessionError as error:
        return error


def test_each_reply_and_refusal_reaches_its_join(supervisor: Supervisor, path: Path) -> None:
    """In any order."""
    waiting = Waiting(path)
    joins = [asked(waiting, f"p{number}") for number in range(3)]
    for client, command in reversed(supervisor.received(3)):
        if command.process == "p1":
            client.send(m.refuse(command.request, NotPossible("no")))
        else:
            client.send(m.reply(command.request, {"id": command.process}))
    first, second, third = map(outcome, joins)
    assert (first, third) == ({"id": "p0"}, {"id": "p2"})
    assert isinstance(second, NotPossible)


@pytest.mark.usefixtures("suspended")
def test_a_join_ends_in_time_while_the_supervisor_is_suspended(path: Path) -> None:
    """Whether it waits to connect, to send, or for its turn."""
    waiting, began = Waiting(path), time.monotonic()
    joins = [asked(waiting, LARGE if number == 0 else "p1", 0.5) for number in range(3)]
    assert all(isinstance(outcome(one), SupervisorAway) for one in joins)
    assert time.monotonic() - began < 4


def test_a_join_ends_in_time_while_no_connection_is_accepted(suspended: socket.socket, path: Path) -> None:
    """Nor does it use the CPU while it waits, and it succeeds if that is over in time."""
    fillers = [socket.socket(socket.AF_UNIX) for _ in range(4)]
    for one in fillers:
        one.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            one.connect(str(path))
    waiting, used = Waiting(path), time.process_time()
    joins = [asked(waiting, timeout_s=0.5) for _ in range(3)]
    assert all(isinstance(outcome(one), SupervisorAway) for one in joins)
    assert time.process_time() - used < 0.3
    late = asked(waiting)
    gevent.sleep(0.1)
    suspended.setblocking(False)
    while not late.ready():
        with contextlib.suppress(BlockingIOError):
            suspended.accept()[0].close()
        gevent.sleep(0.005)
    assert "cannot connect" not in str(outcome(late))
    for one in fillers:
        one.close()


def test_a_join_that_cannot_be_sent_leaves_the_others_alone(supervisor: Supervisor, path: Path) -> None:
    """It is refused before anything of it is sent."""
    waiting = Waiting(path)
    good = asked(waiting)
    ((client, command),) = supervisor.received(1)
    assert isinstance(outcome(asked(waiting, "x" * 2_000_000)), InvalidField)
    client.send(m.reply(command.request, 1))
    assert outcome(good) == 1


def test_an_error_of_the_supervisor_about_one_join_leaves_the_others_alone(supervisor: Supervisor, path: Path) -> None:
    """They share the connection, which stays open."""
    waiting = Waiting(path)
    joins = [asked(waiting, f"p{number}") for number in range(2)]
    (client, failed), (_, other) = supervisor.received(2)
    supervisor.server.fail(client.id, failed.request)
    error = outcome(joins[0])
    assert type(error) is ProcessionError
    assert "internal error" in str(error)
    client.send(m.reply(other.request, 1))
    assert outcome(joins[1]) == 1


def test_a_refusal_reaches_its_join_though_the_connection_closes(supervisor: Supervisor, path: Path) -> None:
    """The other ones on the connection fail, and the next has a new connection."""
    waiting = Waiting(path)
    joins = [asked(waiting, f"p{number}") for number in range(2)]
    (client, command), _ = supervisor.received(2)
    client.send(m.refuse(command.request, NotPossible("no")))
    client.flush_and_close()
    assert isinstance(outcome(joins[0]), NotPossible)
    assert isinstance(outcome(joins[1]), SupervisorAway)
    again = asked(waiting)
    client, command = supervisor.received(3)[2]
    client.send(m.reply(command.request, 1))
    assert outcome(again) == 1


@pytest.mark.parametrize(
    "answer",
    [
        m.Refused(request=0, kind="invalid", detail="invalid command"),
        m.Reply(request=1, result=msgspec.Raw(b'"\xff"')),
    ],
    ids=["without number", "unreadable"],
)
def test_an_answer_that_cannot_be_handled_ends_all_joins(supervisor: Supervisor, path: Path, answer: Any) -> None:
    """It may be the answer of any of them; the next has a new connection."""
    waiting = Waiting(path)
    joins = [asked(waiting) for _ in range(2)]
    client, _ = supervisor.received(2)[0]
    client.send(answer)
    assert all(isinstance(outcome(one), ProcessionError) for one in joins)
    again = asked(waiting)
    client, command = supervisor.received(3)[2]
    client.send(m.reply(command.request, 1))
    assert outcome(again) == 1
