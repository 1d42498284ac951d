"""The command line's connection to the running instance, found through PROCESSION_HOME."""

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from typing import Any, TypeVar

from msgspec.structs import replace

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
# While the launcher lives, the supervisor is about to be started or restarted.
RESTART_S = 10.0
RETRY_S = 0.05
IDS_SHOWN = 5


class NoInstance(ProcessionError):
    """No instance is running for this home."""


class AmbiguousName(ProcessionError):
    """Several processes, pools or programs have that name."""


class Session:
    """One connection for commands and one for each stream, so that neither has to skip messages of the other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._numbers = itertools.count(1)
        self._connections = ExitStack()
        self._commands = self._connect()
        self._wall_minus_monotonic_s: float | None = None

    def close(self) -> None:
        self._connections.close()

    def ask(self, command: AnyCommand, timeout_s: float | None = ANSWER_S) -> Any:
        """Send a command; return its result or raise the refusal."""
        self._commands.timeout_s = timeout_s
        return call(self._commands, replace(command, request=next(self._numbers), by=BY))

    def stream(self, turn_s: float | None = None) -> Iterator[AnyAnswer | None]:
        """Yield the snapshot, then every delta; None after each ``turn_s`` without one."""
        connection = self._connect()
        connection.send(Subscribe(by=BY))
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
        """Return everything as it is now."""
        found = next(each.snapshot for each in self.stream() if isinstance(each, SnapshotMessage))
        self._wall_minus_monotonic_s = found.at - time.monotonic()
        return found

    def now(self) -> float:
        """Return the wall clock as the supervisor counts it."""
        if self._wall_minus_monotonic_s is None:
            self.snapshot()
        return time.monotonic() + (self._wall_minus_monotonic_s or 0.0)

    def find(self, wanted: str) -> Process:
        """Return the process with that id, or the only one with that name."""
        return _only(self.snapshot().processes, wanted, "process", "processes")

    def find_pool(self, wanted: str) -> Pool:
        """Return the pool with that id, or the only one with that name."""
        return _only(self.snapshot().pools, wanted, "pool", "pools")

    @staticmethod
    def find_program(wanted: str, snapshot: Snapshot) -> Program:
        """Return the program of a snapshot with that id, or the only one with that name."""
        return _only(snapshot.programs, wanted, "program", "programs")

    def _connect(self) -> Connection:
        until = time.monotonic() + RESTART_S
        while True:
            try:
                return self._connections.enter_context(closing(Connection(self.settings.control_path, ANSWER_S)))
            except SupervisorAway:
                self._check_launcher(until)
                time.sleep(RETRY_S)

    def _check_launcher(self, until: float) -> None:
        if not is_served(self.settings.home):
            raise NoInstance(
                f"no instance is running for {self.settings.home}; start one with `procession serve`, "
                "or set PROCESSION_HOME to the home of another"
            ) from None
        if time.monotonic() > until:
            raise SupervisorAway(f"the supervisor of {self.settings.home} does not respond") from None


def _only(things: Iterable[Thing], wanted: str, one: str, many: str) -> Thing:
    known = list(things)
    if exact := [thing for thing in known if thing.id == wanted]:
        return exact[0]
    match [thing for thing in known if thing.name == wanted]:
        case [thing]:
            return thing
        case []:
            raise NoSuchProcess(f"{one} not found: {wanted}")
        case several:
            ids = ", ".join(sorted((thing.id for thing in several), key=lambda each: (len(each), each))[:IDS_SHOWN])
            ids += ", …" if len(several) > IDS_SHOWN else ""
            raise AmbiguousName(f"{len(several)} {many} have the name {wanted}; use an id: {ids}")
