"""The program in the screenshots of README.md: two processes that wait for each other."""

from __future__ import annotations

import tempfile
import time

from playwright.sync_api import Page, expect

from app.protocol.programs import RunProgram
from app.records.program import ProgramSpec
from app.records.waits import FindingKind
from tests.instance import Instance
from tests.waiting import wait_until

NAME = "transfers"
WITHIN_S = 60.0
# So much for the deadlock to have a story.
PLAYED_S = 20.0


def run_program(instance: Instance) -> str:
    """Run the program until it is deadlocked; return its id."""
    spec = ProgramSpec(workload="synchronisation-deadlock", name=NAME, cwd=tempfile.gettempdir())
    program = str(instance.call(RunProgram(request=1, by="operator", spec=spec))["program"]["id"])
    wait_until(lambda: _is_deadlocked(instance, program), WITHIN_S, "no deadlock is found")
    return program


def expect_all(page: Page) -> None:
    """Wait until the page shows what the screenshot is for."""
    expect(page.locator("#connection")).to_have_text("live")
    for text in ("deadlock", "Wait graph", "held by"):
        expect(page.locator("main")).to_contain_text(text)


def _is_deadlocked(instance: Instance, program: str) -> bool:
    waits = instance.snapshot().waits
    return any(
        one.kind is FindingKind.DEADLOCK and one.program == program and time.time() - one.since > PLAYED_S
        for one in waits.findings
    )
