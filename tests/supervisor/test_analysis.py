"""When findings about a program appear, and how long they are shown after it has ended."""

from __future__ import annotations

import os
import signal
import subprocess

import pytest

from app.core.fleet import events as e
from app.records.guard import Guard
from app.records.process import Descendant
from app.records.verbs import Verb
from app.records.waits import FindingKind
from app.supervisor.analysis import Analysis
from app.supervisor.resources.resources import Resources
from app.supervisor.suspects import Suspects
from tests.core.programs.program_driver import Programs, w
from tests.waiting import wait_until


def analysis_of(driver: Programs) -> Analysis:
    """Return an analysis of the fleet that drops no error."""
    return Analysis(driver.fleet, Resources(), Suspects(), Guard(driver.now, print, reraises=True))


def kinds_found(driver: Programs, analysis: Analysis, *, after_s: float) -> set[FindingKind]:
    """Return the kinds of findings shown after that many seconds."""
    driver.passes(after_s)
    driver.passes(0.0)
    for _ in range(8):
        driver.passes(0.4)
        analysis.look(driver.now(), watched=True)
    return {one.kind for one in analysis.waits.findings}


def refused(driver: Programs) -> str:
    """Run a program with a finding: it could not start a child."""
    program = driver.run()
    driver.child(program, driver.pid(program))
    driver.says(driver.pid(program), w.Refused(name="Process-2", error="TypeError: cannot pickle"))
    return program


def titles_noted(driver: Programs, analysis: Analysis, *, after_s: float) -> set[str]:
    """Return the titles of the notes shown after that many seconds."""
    kinds_found(driver, analysis, after_s=after_s)
    return {one.title for one in analysis.waits.notes}


FORKED = "a process with threads was forked"


def end_program(driver: Programs, program: str, exitcode: int = 0) -> None:
    """End each process of the program, the first one last."""
    for process_id in sorted(driver.fleet.programs.entries[program].living, reverse=True):
        driver.ends(process_id, exitcode)
    driver.passes(0.0)


def test_findings_disappear_soon_after_the_program_has_ended() -> None:
    """They stay for some seconds, to be read."""
    driver = Programs()
    analysis = analysis_of(driver)
    program = refused(driver)
    assert kinds_found(driver, analysis, after_s=100) == {FindingKind.START_REFUSED}
    end_program(driver, program)
    assert kinds_found(driver, analysis, after_s=5) == {FindingKind.START_REFUSED}
    assert not kinds_found(driver, analysis, after_s=20)


def test_fork_is_judged_once_its_parent_has_reported_the_purpose() -> None:
    """A pool replaces its workers from a thread, which is no note; the child's report may arrive first."""
    driver = Programs()
    analysis = analysis_of(driver)
    program = driver.run()
    parent = driver.pid(program)
    child = parent + 1000
    driver.hello(child, program, ppid=parent, forked=True)
    driver.says(child, w.Booted(name="Process-1", parent=parent, daemon=True, threads=4))
    assert FORKED not in titles_noted(driver, analysis, after_s=1)
    driver.starts(parent, child, role="pool:7-1")
    assert FORKED not in titles_noted(driver, analysis, after_s=1)


@pytest.mark.parametrize("executes", [False, True])
def test_a_fork_that_executes_another_program_needs_no_threads(executes: bool) -> None:  # noqa: FBT001
    """The program forked it by os.fork(), and nobody else reports it."""
    driver = Programs()
    analysis = analysis_of(driver)
    program = driver.run()
    with subprocess.Popen(["sleep", "600"] if executes else ["/proc/self/exe"], stdin=subprocess.PIPE) as other:
        driver.hello(other.pid, program, ppid=os.getpid(), forked=True)
        driver.says(other.pid, w.Booted(name="x fork 1", parent=os.getpid(), daemon=False, threads=3, by_os_fork=True))
        # On a busy machine, what it executes may be readable a moment later only.
        wait_until(lambda: (FORKED in titles_noted(driver, analysis, after_s=0)) is not executes)
        other.kill()


def test_findings_disappear_at_once_when_the_program_is_closed() -> None:
    driver = Programs()
    analysis = analysis_of(driver)
    program = refused(driver)
    end_program(driver, program)
    assert kinds_found(driver, analysis, after_s=1)
    driver.act(program, Verb.CLOSE)
    assert not kinds_found(driver, analysis, after_s=1)


def test_orphan_finding_stays_while_the_orphan_is_alive() -> None:
    """Its program has ended."""
    driver = Programs()
    analysis = analysis_of(driver)
    program = driver.run()
    end_program(driver, program, -signal.SIGKILL)
    orphan = Descendant(
        id="9000-1", pid=9000, ppid=1, root=program, name="sleep", command="sleep", state="S", orphan=True
    )
    driver.happens(e.Sampled({}, (orphan,)))
    assert kinds_found(driver, analysis, after_s=100) == {FindingKind.ORPHAN}
