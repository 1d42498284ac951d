"""The command line's side of the control socket: the running instance, found through its home."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from app.client import Connection, call
from app.launcher.home_lock import is_served
from app.protocol.control import AnyAnswer, AnyCommand, SnapshotMessage, Subscribe
from app.records.errors import NoSuchProcess, ProcessionError, SupervisorAway
from app.records.pool import Pool
from app.records.process import Process
from app.records.program import Program
from app.records.stream import Snapshot
from app.settings import Settings

Thing = TypeVar("Thing", Process, Pool, Program)

BY = "cli"
ANSWER_S = 30.0
# A launcher that lives is about to start its supervisor, for the first time or again.
RESTART_S = 10.0
RETRY_S = 0.05


class NoInstance(ProcessionError):
    """Nothing serves this home."""


class AmbiguousName(ProcessionError):
    """Several processes, pools or programs have that name."""


class Session:
    """One connection for commands and one for each stream: neither has to skip the other's messages."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._numbers = itertools.count(1)
        self._commands = self._connect()

    def ask(self, make: Callable[[int], AnyCommand], timeout_s: float | None = ANSWER_S) -> Any:
        """The result of the command that ``make`` builds around its number; raises the refusal."""
        self._commands.timeout_s = timeout_s
        return call(self._commands, make(next(self._numbers)))

    def stream(self, turn_s: float | None = None) -> Iterator[AnyAnswer | None]:
        """The snapshot, then every delta as it comes; None after each ``turn_s`` without one."""
        connection = self._connect()
        connection.send(Subscribe(request=next(self._numbers), by=BY))
        while True:
            try:
                answer = connection.receive()
            except SupervisorAway as error:
                if not isinstance(error.__cause__, TimeoutError):
                    raise
                yield None
            else:
                connection.timeout_s = turn_s
                yield answer

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        return next(each.snapshot for each in self.stream() if isinstance(each, SnapshotMessage))

    def find(self, wanted: str) -> Process:
        """The process of that id, else the only one of that name."""
        return _only(self.snapshot().processes, wanted, "process", "processes")

    def find_pool(self, wanted: str) -> Pool:
        """The pool of that id, else the only one of that name."""
        return _only(self.snapshot().pools, wanted, "pool", "pools")

    @staticmethod
    def find_program(wanted: str, snapshot: Snapshot) -> Program:
        """The program of that id in a snapshot, else the only one of that name."""
        return _only(snapshot.programs, wanted, "program", "programs")

    def _connect(self) -> Connection:
        until = time.monotonic() + RESTART_S
        while True:
            try:
                return Connection(self.settings.control_path, ANSWER_S)
            except SupervisorAway:
                self._check_that_it_comes_back(until)
                time.sleep(RETRY_S)

    def _check_that_it_comes_back(self, until: float) -> None:
        if not is_served(self.settings.home):
            raise NoInstance(
                f"no instance is running for {self.settings.home}; `procession serve` starts one, "
                "and PROCESSION_HOME chooses another home"
            ) from None
        if time.monotonic() > until:
            raise SupervisorAway(f"the supervisor of {self.settings.home} does not answer") from None


def _only(things: Iterable[Thing], wanted: str, one: str, many: str) -> Thing:
    known = list(things)
    if exact := [thing for thing in known if thing.id == wanted]:
        return exact[0]
    match [thing for thing in known if thing.name == wanted]:
        case [thing]:
            return thing
        case []:
            raise NoSuchProcess(f"there is no {one} with the id or the name {wanted}")
        case several:
            ids = ", ".join(sorted((thing.id for thing in several), key=lambda each: (len(each), each))[:5])
            ids += ", …" if len(several) > 5 else ""
            raise AmbiguousName(f"{len(several)} {many} are called {wanted}: name one by its id, {ids}")
