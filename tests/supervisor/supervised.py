"""A real supervisor with its own home, used over its control socket."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.client import Connection, call
from app.protocol import control as m
from app.protocol.programs import RegisterProgram
from app.records.errors import ProcessionError
from app.records.process import LaunchSpec
from app.records.verbs import Verb
from tests.waiting import wait_until

ENDS_WITHIN_S = 20


class Supervised:
    """A `python -m app.supervisor` process, started on entry and stopped on exit."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        given = {f"PROCESSION_{name.upper()}": value for name, value in settings.items()}
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PROCESSION_")}
        # Strict: an error of the supervisor ends it, instead of being dropped and shown.
        self.environ = {**outside, "PROCESSION_HOME": str(home), "PROCESSION_STRICT": "1", **given}
        self.command = [sys.executable, "-P", "-m", "app.supervisor"]
        self.stderr_path: Path | None = None
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.stop()

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process
        return self._process

    def start(self) -> None:
        """Start it and wait until it answers."""
        with contextlib.ExitStack() as files:
            stderr = files.enter_context(self.stderr_path.open("ab")) if self.stderr_path else None
            self._process = subprocess.Popen(self.command, env=self.environ, stderr=stderr, start_new_session=True)
        try:
            wait_until(self.answers, 20, "the supervisor answers")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> int:
        """Send SIGTERM and return the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(ENDS_WITHIN_S)

    def ask(self, make: Callable[..., m.AnyCommand], **fields: Any) -> Any:
        """Send one command on its own connection; return the result or raise the refusal."""
        with closing(Connection(self.home / "control.sock", 20.0)) as connection:
            return call(connection, make(request=next(self._numbers), **fields))

    def launch(self, workload: str | None = None, count: int = 1, **spec: Any) -> str:
        """Launch processes and return the id of the first."""
        answer = self.ask(m.Launch, spec=LaunchSpec(workload=workload, **spec), count=count)
        return str(answer["processes"][0]["id"])

    def act(self, process_id: str, verb: str, **more: Any) -> Any:
        """Apply a verb to a process and return its record."""
        return self.ask(m.Act, process=process_id, verb=Verb(verb), **more)

    def join(self, process_id: str, timeout_s: float | None = 15.0) -> Any:
        """Join a process; return ``{joined, exitcode}``."""
        return self.ask(m.Join, process=process_id, timeout_s=timeout_s)

    def snapshot(self) -> m.SnapshotMessage:
        """Return a snapshot of the whole state."""
        with closing(Connection(self.home / "control.sock", 20.0)) as connection:
            connection.send(m.Subscribe(request=next(self._numbers)))
            answer = connection.receive()
        assert isinstance(answer, m.SnapshotMessage)
        return answer

    def record(self, process_id: str) -> Any:
        """Return the current record."""
        return next(one for one in self.snapshot().snapshot.processes if one.id == process_id)

    def wait_for(self, process_id: str, is_it: Callable[[Any], bool], what: str) -> Any:
        """Return the record once ``is_it`` is true of it."""
        found: list[Any] = []

        def look() -> bool:
            found[:] = [self.record(process_id)]
            return is_it(found[0])

        try:
            wait_until(look, 20, what)
        except AssertionError:
            raise AssertionError(f"not within 20 s: {what}; found {found}") from None
        return found[0]

    def wait_state(self, process_id: str, state: str) -> Any:
        """Return the record once it is in that state."""
        return self.wait_for(process_id, lambda record: record.state == state, f"{process_id} is {state}")

    def running(self, workload: str | None = None, **spec: Any) -> str:
        """Launch a process and wait until it is running; return its id."""
        process_id = self.launch(workload, **spec)
        self.wait_state(process_id, "running")
        return process_id

    def events(self, process_id: str | None = None) -> list[Any]:
        """Return the events, oldest first."""
        found: list[Any] = self.ask(m.Events, process=process_id, limit=1000)["events"]
        return found

    def log(self, process_id: str) -> str:
        """Return the log of the process."""
        return (self.home / "logs" / f"{process_id}.log").read_text()

    def answers(self) -> bool:
        """Return whether a supervisor answers in this home."""
        try:
            self.ask(m.Workloads)
        except ProcessionError:
            return False
        return True


@contextmanager
def in_terminal(supervisor: Supervised, folder: Path, *command: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start a command as `procession run` does; yield the program's id and the process."""
    told = supervisor.ask(RegisterProgram, command=command, cwd=str(folder), pid=os.getpid())
    environ = {**supervisor.environ, **told["environment"]}
    with subprocess.Popen(command, cwd=folder, env=environ, start_new_session=True, stdout=subprocess.PIPE) as process:
        try:
            yield told["program"]["id"], process
        finally:
            with contextlib.suppress(ProcessLookupError):  # it may have ended
                os.killpg(process.pid, signal.SIGKILL)
