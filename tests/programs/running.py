"""Runs catalogue programs alone, as a reader would: ``python file.py``."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import workers
from tests.waiting import wait_until

DEADLINE_S = 30


@dataclass(frozen=True)
class Ran:
    """How a script that ended by itself went."""

    exitcode: int
    output: str
    error: str


class Running:
    """A script that runs, and what it has said up to now."""

    def __init__(self, process: "subprocess.Popen[bytes]", output: Path, error: Path) -> None:
        self.process = process
        self._output = output
        self._error = error

    @property
    def output(self) -> str:
        return self._output.read_text()

    @property
    def error(self) -> str:
        return self._error.read_text()

    def wait_for(self, pattern: str) -> "re.Match[str]":
        """The first line of the output that is `pattern` from end to end."""
        return wait_until(lambda: line(pattern, self.output), DEADLINE_S, f"a line {pattern!r}")

    def wait(self) -> int:
        return self.process.wait(DEADLINE_S)


def line(pattern: str, output: str) -> "re.Match[str] | None":
    return re.search(f"^(?:{pattern})$", output, re.MULTILINE)


@contextmanager
def running(name: str, **params: Any) -> Iterator[Running]:
    """Starts a script of the catalogue in a session of its own, and ends what is left of that."""
    program = workers.programs()[name]
    command = [sys.executable, program.path, *program.arguments(params)]
    with tempfile.TemporaryDirectory() as folder:
        output, error = Path(folder, "output"), Path(folder, "error")
        with output.open("wb") as out, error.open("wb") as err:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                cwd=folder,
                env=_plain(),
                start_new_session=True,
            )
        try:
            yield Running(process, output, error)
        finally:
            end_session(process)


def _plain() -> dict[str, str]:
    # Unbuffered, each print is two writes, and the lines of several processes run into each other.
    return {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}


def end_session(process: "subprocess.Popen[bytes]") -> None:
    # No other group gets this id while a member of the session lives; orphans are members too.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(DEADLINE_S)


def run(name: str, **params: Any) -> Ran:
    """Runs a script of the catalogue to its end."""
    with running(name, **params) as script:
        exitcode = script.wait()
        return Ran(exitcode, script.output, script.error)
