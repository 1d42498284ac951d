"""A whole Procession in a home of its own: `procession serve` as a user starts it, on a free port.

Whatever it starts, however deep, inherits a variable of the environment, by which `Instance.alive` finds it.
"""

import contextlib
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

from app.cli import main as cli
from app.client import Connection, call
from app.protocol.control import Act, AnyCommand, Join, Launch, SnapshotMessage, Subscribe
from app.records.errors import NoSuchProcess, NotPossible
from app.records.process import LaunchSpec, Process
from app.records.stream import Snapshot
from app.records.verbs import Verb
from tests.waiting import POLL_S, wait_until

READY_WITHIN_S = 40
GONE_WITHIN_S = 30
MARK = "INSTANCE_OF_TEST"


def kill_at_once(*pids: int) -> None:
    """SIGKILL all of these before any of them can act on the end of another one."""
    for signum in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            os.kill(pid, signum)


class Instance:
    """Starts on entry and stops on exit; ``line`` is what it printed."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        given = {f"PROCESSION_{name.upper()}": value for name, value in settings.items()}
        outside = {name: value for name, value in os.environ.items() if not name.startswith("PROCESSION_")}
        # Strict: an error of the supervisor ends it, instead of being dropped and shown.
        ours = {"PROCESSION_HOME": str(home), "PROCESSION_PORT": "0", "PROCESSION_STRICT": "1", MARK: str(home)}
        self.environ = outside | ours | given
        self.stderr_path = home.parent / f"{home.name}.stderr"
        self.line = ""
        self._serve: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        try:
            self.wait_ready()
        except BaseException:
            self.kill_all()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                sys.stderr.write(f"--- standard error of the instance\n{self.stderr()[-8000:]}\n---\n")
            self.stop()
        finally:
            self.kill_all()

    @property
    def serve(self) -> subprocess.Popen[bytes]:
        """Return the process of `procession serve`: the guardian."""
        assert self._serve, "not started"
        return self._serve

    @property
    def url(self) -> str:
        """Return the address with the token, as printed."""
        return self.line.split()[-1]

    @property
    def base(self) -> str:
        """Return the address without path and token."""
        return f"http://{self.port_and_host}"

    @property
    def port_and_host(self) -> str:
        return urlsplit(self.url).netloc

    @property
    def token(self) -> str:
        return parse_qs(urlsplit(self.url).query)["token"][0]

    @property
    def launcher_pid(self) -> int:
        return self._noted_pids()[3]

    @property
    def supervisor_pid(self) -> int:
        return self._noted_pids()[1]

    @property
    def web_pid(self) -> int:
        return self._noted_pids()[2]

    def start(self, *command: str) -> None:
        """Start `procession serve`; it is not ready yet."""
        with self.stderr_path.open("a") as stderr:
            self._serve = subprocess.Popen(
                command or (sys.executable, "-m", "app", "serve"),
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=True,
            )
        os.set_blocking(self._out.fileno(), False)

    def wait_ready(self) -> None:
        """Wait for the one line on standard output."""
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.line.endswith("\n"):
            self.line += self._read()
            if self.serve.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"not ready ({self.serve.returncode}):\n{self.stderr()[-8000:]}")
            time.sleep(POLL_S)

    def stop(self) -> int:
        """Send SIGTERM and wait for the exit; return the exit code."""
        if self.serve.poll() is None:
            self.serve.send_signal(signal.SIGTERM)
        return self.wait_ended()

    def wait_ended(self) -> int:
        """Wait for the launcher to exit; return its exit code."""
        try:
            code = self.serve.wait(GONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"serve does not end:\n{self.stderr()[-4000:]}") from None
        if not self._out.closed:
            self.line += self._read()
            self._out.close()
        return code

    def stderr(self) -> str:
        return self.stderr_path.read_text(errors="replace")

    def alive(self) -> dict[int, str]:
        """Return the processes of this instance that are alive: pid and command line."""
        mark = f"{MARK}={self.home}".encode()
        found = {}
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    found[int(folder.name)] = command
            except OSError:
                continue
        return found

    def wait_nothing_alive(self) -> None:
        """Wait until no process of this instance lives, by whatever parent."""
        wait_until(lambda: not self.alive(), GONE_WITHIN_S, f"still alive: {self.alive()}")

    def kill_all(self) -> None:
        """Kill whatever is left; for the end of a test that failed."""
        if self._serve and self._serve.poll() is None:
            self._serve.kill()
            self._serve.wait()
        if self._serve:
            self._out.close()
        for pid in self.alive():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def cli(self, *arguments: str, timeout_s: float = 30) -> subprocess.CompletedProcess[str]:
        """Run one command of `procession` against this instance, here: a process of its own would mostly import."""
        if arguments[:1] == ("run",):  # it waits for signals, and ends as its program does
            return self._cli_process(arguments, timeout_s)
        out, error = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in range(2))
        with (
            patch.dict(os.environ, self.environ, clear=True),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(error),
        ):
            try:
                code = cli.main(arguments)
            except SystemExit as leaving:
                code = leaving.code
        said = (stream.buffer.getvalue().decode() for stream in (out, error))
        return subprocess.CompletedProcess(arguments, code, *said)

    def _cli_process(self, arguments: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            (sys.executable, "-m", "app", *arguments),
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def ask(self, *arguments: str) -> Any:
        """The JSON of one command that must succeed."""
        done = self.cli(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def launch(self, spec: LaunchSpec | str, count: int = 1, **params: object) -> Process:
        """Launch a spec, or a workload with its parameters; returns the record of the last once its code runs."""
        spec = LaunchSpec(workload=spec, params=params) if isinstance(spec, str) else spec
        made = self.call(Launch(request=1, by="test", spec=spec, count=count))["processes"]
        return self.wait_state(made[-1]["id"], "running")

    def call(self, command: AnyCommand) -> Any:
        """The result of one command, by the control socket; raises the refusal."""
        with closing(Connection(self.home / "control.sock", READY_WITHIN_S)) as connection:
            return call(connection, command)

    def snapshot(self) -> Snapshot:
        """Everything as it is now."""
        with closing(Connection(self.home / "control.sock", READY_WITHIN_S)) as connection:
            connection.send(Subscribe(request=1, by="test"))
            answer = connection.receive()
        assert isinstance(answer, SnapshotMessage)
        return answer.snapshot

    def process(self, process_id: str) -> Process | None:
        """The record as it is now; None where there is none."""
        return next((each for each in self.snapshot().processes if each.id == process_id), None)

    def wait_state(self, process_id: str, *states: str) -> Process:
        """The record, once it is in one of the states."""
        found = wait_until(
            lambda: (each := self.process(process_id)) and each.state in states and each,
            20,
            f"{process_id} is never {' or '.join(states)}",
        )
        assert found
        return found

    def end(self, process_id: str) -> None:
        """Kill a process, if it lives, and wait until it is over."""
        with suppress(NotPossible, NoSuchProcess):
            self.call(Act(request=1, by="test", process=process_id, verb=Verb.KILL))
            self.call(Join(request=1, by="test", process=process_id, timeout_s=20))

    def get(self, path: str, timeout_s: float = 10) -> int:
        """The status of one GET as the operator; 0 where nothing answers."""
        request = urllib.request.Request(f"{self.base}{path}", headers={"Authorization": f"Bearer {self.token}"})
        try:
            with urllib.request.urlopen(request, timeout=timeout_s) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code
        except OSError:
            return 0

    def _read(self) -> str:
        """What has arrived on standard output; a text wrapper fails where a non-blocking pipe has nothing yet."""
        try:
            return os.read(self._out.fileno(), 65536).decode()
        except BlockingIOError:
            return ""

    def _noted_pids(self) -> list[int]:
        lines = (self.home / "lock").read_text().splitlines()
        return [int(line.split()[0]) for line in lines]

    def _new_output(self) -> str:
        try:
            return os.read(self._out.fileno(), 65536).decode()
        except BlockingIOError:
            return ""

    @property
    def _out(self) -> Any:
        return self.serve.stdout


def wait_until_well(home: Path) -> None:
    """Wait until the supervisor counts as running well: after three that die before, the next takes over nothing."""
    with closing(sqlite3.connect(home / "journal.sqlite3")) as journal:
        unsettled = "SELECT value FROM numbers WHERE name = 'unsettled'"
        wait_until(lambda: not journal.execute(unsettled).fetchall(), message="it does not count as running well")
