"""How long findings are told of a program that has ended."""

from __future__ import annotations

import signal

from app.core.fleet import events as e
from app.records.process import Descendant, Verb
from app.records.waits import FindingKind
from app.supervisor.analysis import Analysis
from app.supervisor.resources.resources import Resources
from tests.core.programs.program_driver import Programs, w


def found(driver: Programs, analysis: Analysis, *, after_s: float) -> set[FindingKind]:
    """What is told when so long has passed."""
    driver.passes(after_s)
    driver.passes(0.0)
    for _ in range(8):
        driver.passes(0.4)
        analysis.look(driver.now(), watched=True)
    return {one.kind for one in analysis.waits.findings}


def forked_from_threads(driver: Programs) -> str:
    """A program with a finding about how it started a child."""
    program = driver.run()
    child = driver.child(program, driver.pid(program))
    driver.says(child, w.Booted(name="Process-1", parent=driver.pid(program), daemon=False, threads=3))
    return program


def ends_whole(driver: Programs, program: str, exitcode: int = 0) -> None:
    """Each of its processes, the first one last."""
    for process_id in sorted(driver.fleet.programs.entries[program].living, reverse=True):
        driver.ends(process_id, exitcode)
    driver.passes(0.0)


def test_findings_go_soon_after_the_program_has_ended() -> None:
    """Time to read them, and no more."""
    driver = Programs()
    analysis = Analysis(driver.fleet, Resources())
    program = forked_from_threads(driver)
    assert found(driver, analysis, after_s=100) == {FindingKind.FORK_FROM_THREADS}
    ends_whole(driver, program)
    assert found(driver, analysis, after_s=5) == {FindingKind.FORK_FROM_THREADS}
    assert not found(driver, analysis, after_s=20)


def test_a_fork_is_judged_when_its_parent_has_told_what_it_was_for() -> None:
    """A pool replaces its workers from a thread, which is no finding; the child's own word may come before that."""
    driver = Programs()
    analysis = Analysis(driver.fleet, Resources())
    program = driver.run()
    parent = driver.pid(program)
    child = parent + 1000
    driver.hello(child, program, ppid=parent, forked=True)
    driver.says(child, w.Booted(name="Process-1", parent=parent, daemon=True, threads=4))
    assert not found(driver, analysis, after_s=1)
    driver.starts(parent, child, role="pool:7-1")
    assert not found(driver, analysis, after_s=1)


def test_findings_go_at_once_with_a_program_that_is_closed() -> None:
    driver = Programs()
    analysis = Analysis(driver.fleet, Resources())
    program = forked_from_threads(driver)
    ends_whole(driver, program)
    assert found(driver, analysis, after_s=1)
    driver.act(program, Verb.CLOSE)
    assert not found(driver, analysis, after_s=1)


def test_orphans_are_told_of_for_as_long_as_they_live() -> None:
    """Their program is over, they are not."""
    driver = Programs()
    analysis = Analysis(driver.fleet, Resources())
    program = driver.run()
    ends_whole(driver, program, -signal.SIGKILL)
    orphan = Descendant(
        id="9000-1", pid=9000, ppid=1, root=program, name="sleep", command="sleep", state="S", orphan=True
    )
    driver.happens(e.Sampled({}, (orphan,)))
    assert found(driver, analysis, after_s=100) == {FindingKind.ORPHAN}
