"""What one supervisor hands over to the next about the processes of a program that runs on."""

from __future__ import annotations

from collections.abc import Container

import pytest

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.programs import handover as inheritance
from app.core.programs.handover_facts import OfProcess, decode, encode
from app.protocol import observer as w
from app.protocol.programs import ProgramEnded, ProgramStarted
from app.records.process import Process, State
from tests.core.programs.program_driver import RUNNER, Programs

FIRST = 2000


def attached(driver: Programs) -> str:
    """Return a program in a terminal whose first process runs."""
    program = driver.register()
    driver.runner_says(ProgramStarted, program=program, pid=FIRST)
    driver.hello(FIRST, program, ppid=RUNNER)
    return program


def left(driver: Programs) -> list[OfProcess]:
    """Return all facts, as they come out of the journal."""
    found = (inheritance.of_process(driver.fleet, one) for one in driver.fleet.members)
    facts = [decode(encode(fact) or b"") for fact in found if fact]
    return [fact for fact in facts if isinstance(fact, OfProcess)]


def inherited(facts: list[OfProcess], there: Container[int]) -> tuple[Programs, list[a.Action]]:
    """Return the fleet of the next supervisor, if only these pids still exist."""
    heir = Programs()
    _, out = inheritance.take_over(heir.fleet, facts, lambda key: key[0] in there, heir.now())
    return heir, out


def processes(driver: Programs) -> list[Process]:
    """All records, in the order of creation."""
    return [member.process for member in driver.fleet.members.values()]


def test_all_that_was_reported_of_a_process_is_taken_over() -> None:
    """Under its old id, with what it and its parent reported; it is watched by its pid."""
    driver = Programs()
    program = attached(driver)
    child = driver.child(program, FIRST, "one", "fork")
    driver.says(FIRST, w.Joining(child=child, at=5))
    heir, out = inherited(left(driver), {FIRST, child})
    for before in processes(driver):
        after = heir.fleet.members[before.id].process
        assert (after, after.state) == (before, State.RUNNING)
    assert {(one.process, one.pid) for one in out if isinstance(one, a.Watch)} == {
        (program, FIRST),
        (driver.fleet.programs.by_pid[child], child),
    }
    heir.deciding.tick(heir.now())
    assert heir.fleet.programs.entries[program].program == driver.fleet.programs.entries[program].program
    assert heir.fleet.programs.reported == driver.fleet.programs.reported
    # And it goes on: its words are those of a known process.
    for one in out:
        if isinstance(one, a.Watch):
            heir.happens(e.Watching(one.process, (one.pid, 7)))
    grandchild = heir.child(program, child)
    assert heir.fleet.programs.by_pid[grandchild] in heir.fleet.members
    assert heir.fleet.programs.unknown_words == 0


def test_a_process_that_is_gone_is_lost_and_a_zombie_stays_exited() -> None:
    """The end of the first was not seen; the other is not joined yet."""
    driver = Programs()
    program = attached(driver)
    _gone, zombie, stays = range(3001, 3004)
    ids = driver.fleet.programs.by_pid
    for number, name in enumerate(("gone", "zombie", "stays"), 1):
        driver.starts(FIRST, 3000 + number, name, sentinel=10 + number)
        driver.hello(3000 + number, program, ppid=FIRST, method="fork")
    driver.happens(e.Ended(ids[zombie], 3))
    heir, out = inherited(left(driver), {FIRST, zombie, stays})
    states = {one.name: (one.state, one.exitcode, one.alive) for one in processes(heir)}
    assert states["gone"] == ("lost", None, False)
    assert states["zombie"] == ("exited", 3, False)
    assert states["stays"] == ("running", None, True)
    sentinels = {one.name: (one.sentinel.fd, one.sentinel.ready) for one in processes(heir) if one.sentinel}
    assert sentinels == {"gone": (11, True), "zombie": (12, True), "stays": (13, False)}
    told = [one.draft.text for one in out if isinstance(one, a.Note)]
    assert any("ran on while the supervisor was away" in text for text in told)
    assert "exit not seen: the supervisor was away" in told
    heir.happens(e.Reaped(ids[zombie]))
    assert heir.fleet.members[ids[zombie]].process.state is State.JOINED


def test_a_program_runs_while_a_child_of_it_lives() -> None:
    """Its first process was joined long ago."""
    driver = Programs()
    program = attached(driver)
    child = driver.child(program, FIRST)
    driver.happens(e.Ended(program, 0))
    driver.runner_says(ProgramEnded, program=program, exitcode=0)
    heir, _ = inherited(left(driver), {child})
    heir.deciding.tick(heir.now())
    assert heir.fleet.programs.entries[program].program.state == "running"
    assert heir.fleet.members[program].process.state is State.JOINED
    heir.happens(e.Ended(driver.fleet.programs.by_pid[child], 0))
    assert heir.fleet.programs.entries[program].program.state == "ended"


@pytest.mark.parametrize("there", [(), ("zombie",)])
def test_nothing_of_a_program_that_is_over_is_taken_over(there: tuple[str, ...]) -> None:
    """A zombie alone is no program."""
    driver = Programs()
    program = attached(driver)
    zombie = driver.child(program, FIRST, "zombie")
    driver.happens(e.Ended(driver.fleet.programs.by_pid[zombie], 0))
    heir, out = inherited(left(driver), {zombie} if there else ())
    assert (heir.fleet.members, out) == ({}, [])


def test_processes_that_end_with_the_supervisor_are_not_handed_over() -> None:
    """Programs that the supervisor started itself, and processes that have ended."""
    driver = Programs()
    ours = driver.run()
    driver.child(ours, driver.pid(ours))
    program = attached(driver)
    child = driver.child(program, FIRST)
    driver.happens(e.Ended(driver.fleet.programs.by_pid[child], 0))
    driver.says(FIRST, w.Joined(child=child, exitcode=0))
    assert [fact.process.id for fact in left(driver)] == [program]


def test_facts_that_another_version_wrote_are_left_out() -> None:
    """Their programs are watched again by the journal's own facts."""
    assert decode(b'{"of":"process","program":"p1","process":{"unheard":1}}') is None
    assert decode(b'{"of":"something"}') is None
