"""Scripts that run as programs of a real supervisor, and what it shows of them."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.protocol.programs import RunProgram
from app.records.errors import NotPossible
from app.records.program import ProgramSpec
from app.records.waits import Finding, Note
from tests.supervisor.supervised import Supervised
from tests.waiting import wait_until


class Programs:
    """Runs scripts as programs of the supervisor."""

    def __init__(self, supervisor: Supervised, folder: Path) -> None:
        self.supervisor, self.folder = supervisor, folder
        self.ids: list[str] = []

    def run(self, code: str, *arguments: str, **spec: Any) -> str:
        """Run a script and return the id of its program."""
        (self.folder / "script.py").write_text(code)
        return self.command(sys.executable, "script.py", *arguments, **spec)

    def command(self, *command: str, **spec: Any) -> str:
        """Run any command and return the id of its program."""
        told = self.supervisor.ask(RunProgram, spec=ProgramSpec(command=command, cwd=str(self.folder), **spec))
        self.ids.append(told["program"]["id"])
        assert told["process"]["id"] == told["program"]["id"]
        return self.ids[-1]

    def until(self, program: str, text: str) -> str:
        """Return the log once it contains the text."""
        return wait_until(lambda: self.log_with(program, text), 20, f"{text!r} in the log of {program}")

    def log_with(self, program: str, text: str, times: int = 1) -> str:
        """Return the log, without a line that is not complete yet, if it contains the text that many times."""
        path = self.supervisor.home / "logs" / f"{program}.log"
        lines, end, _ = (path.read_text() if path.exists() else "").rpartition("\n")
        log = lines + end
        return log if log.count(text) >= times else ""

    def named(self, program: str) -> dict[str, Any]:
        """Return the records of the program's processes by name."""
        found = self.supervisor.snapshot().snapshot.processes
        return {one.name: one for one in found if one.program == program}

    def wait_for(self, program: str, name: str, state: str) -> Any:
        """Return the record of the named process once it is in this state."""
        found: dict[str, Any] = {}

        def look() -> bool:
            found.update(self.named(program))
            return name in found and found[name].state == state

        wait_until(look, 20, f"{name} is {state}")
        return found[name]

    def record(self, program: str) -> Any:
        """Return the record of the program."""
        return next(one for one in self.supervisor.snapshot().snapshot.programs if one.id == program)

    def wait_state(self, program: str, state: str) -> Any:
        """Return the record of the program once it is in this state."""
        wait_until(lambda: self.record(program).state == state, 20, f"program {program} is {state}")
        return self.record(program)

    def findings(self, program: str) -> list[Finding]:
        """Return the findings about the program."""
        return [one for one in self.supervisor.snapshot().snapshot.waits.findings if one.program == program]

    def notes(self, program: str) -> list[Note]:
        """Return the notes about the program."""
        return [one for one in self.supervisor.snapshot().snapshot.waits.notes if one.program == program]

    def descendants(self, program: str) -> list[Any]:
        """Return the descendants of the program that are not observed."""
        return [one for one in self.supervisor.snapshot().snapshot.descendants if one.root == program]


def end_program(programs: Programs, program: str) -> bool:
    if programs.record(program).state == "ended":
        return not programs.descendants(program)
    living = [one for one in programs.named(program).values() if one.alive]
    # Killing the first process ends them all; if it has ended, each of the others is killed.
    for one in [each for each in living if each.id == program] or living:
        if one.state != "stopping":
            with suppress(NotPossible):
                programs.supervisor.act(one.id, "kill")
    return False
