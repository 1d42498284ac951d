"""Whatever processes send, in any order, the records stay consistent: words are untrusted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.fleet import events as e
from app.records.verbs import Verb
from tests.core.programs.program_driver import RUNNER, Programs, pm, w
from tests.examples import examples

PIDS = st.sampled_from([2000, 2001, 2002, 2003])
TICKS = st.sampled_from([0, 7, 8])
PROGRAMS = st.sampled_from(["p1", "p2", "p3", "p9"])
CODES = st.none() | st.integers(-15, 3)
METHODS = st.sampled_from(["fork", "spawn", "forkserver", "teleport"])
NAMES = st.text(max_size=3)
WORDS = st.one_of(
    st.builds(
        w.Hello,
        program=PROGRAMS,
        ppid=PIDS | st.just(RUNNER),
        python=NAMES,
        executable=NAMES,
        forked=st.booleans(),
        start_method=st.none() | METHODS,
    ),
    st.builds(w.Started, child=PIDS, name=NAMES, daemon=st.booleans(), start_method=METHODS),
    st.builds(w.Refused, name=NAMES, error=NAMES),
    st.builds(w.Booted, name=NAMES, parent=PIDS, daemon=st.booleans(), threads=st.none() | st.integers(-1, 3)),
    st.builds(w.Exiting, exitcode=st.integers(-15, 3)),
    st.builds(w.Joined, child=PIDS, exitcode=CODES),
    st.builds(w.Joining, child=PIDS, over=st.booleans()),
)
STEPS = st.one_of(
    st.tuples(st.just("says"), PIDS, TICKS, WORDS),
    st.tuples(st.just("dies"), PIDS, CODES),
    st.tuples(st.just("reaped"), PIDS),
    st.tuples(st.just("verb"), PIDS, st.sampled_from(Verb)),
    st.tuples(st.just("program verb"), PROGRAMS, st.sampled_from(Verb)),
    st.tuples(st.just("runner"), PROGRAMS, PIDS | st.none(), CODES),
    st.tuples(st.just("vanishes"), PIDS),
    st.tuples(st.just("passes"), st.sampled_from([0.1, 6.0])),
    st.tuples(st.just("stop")),
)


def take(driver: Programs, step: tuple[object, ...]) -> None:
    """One step, whatever it leads to; the driver checks its invariants after each event."""
    fleet = driver.fleet
    match step:
        case ("says", int(pid), int(ticks), word):
            driver.happens(e.Heard((pid, ticks), word))  # type: ignore[arg-type]
        case ("dies", int(pid), exitcode):
            member = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
            if member and member.key and member.process.observed:
                driver.ends(member.id, exitcode)  # type: ignore[arg-type]
        case ("reaped", int(pid)):
            member = fleet.members.get(fleet.programs.by_pid.get(pid, ""))
            if member and member.process.observed and not member.key:
                driver.happens(e.Reaped(member.id))
        case ("verb", int(pid), Verb() as verb):
            if process_id := fleet.programs.by_pid.get(pid):
                driver.act(process_id, verb)
        case ("program verb", str(program), Verb() as verb):
            driver.act(program, verb)
        case ("runner", str(program), int(pid), _):
            driver.runner_says(pm.ProgramStarted, program=program, pid=pid)
        case ("runner", str(program), None, exitcode):
            driver.runner_says(pm.ProgramEnded, program=program, exitcode=exitcode)
        case ("vanishes", int(pid)):
            driver.vanished ^= {pid}
        case ("passes", float(seconds)):
            driver.passes(seconds)
        case ("stop",):
            driver.happens(e.StopAll(by="supervisor"))


@examples(300)
@given(st.lists(STEPS, max_size=30))
def test_any_words_in_any_order_leave_the_records_consistent(steps: list[tuple[object, ...]]) -> None:
    """No exception, no record that contradicts another, and every program counts what it has."""
    driver = Programs()
    driver.run()
    driver.register()
    for step in steps:
        take(driver, step)
    for program, held in driver.fleet.programs.entries.items():
        shown = driver.program(program)
        assert shown.observed <= shown.processes == len(held.living)
        assert (shown.state == "ended") == (shown.ended_at is not None)
