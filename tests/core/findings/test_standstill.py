"""A program in which nothing moves is never called well: what is known of it is said, until a finding says why."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.findings.diagnosis import Diagnosis
from app.core.findings.standstill import QUIET_S
from app.core.scene.scene import Scene
from app.records.process import Descendant, State
from app.records.resource import ResourceKind
from app.records.waits import Note
from tests.core.scene.scenes import MAIN, ONE, START, THREE, TWO, actor, after, edge, resource, scene

JOBS = resource("jobs", ResourceKind.QUEUE, size=0)
#: worker-1 waits for main, which sleeps.
IDLE = edge(ONE, "jobs", MAIN, to="get")


def stranger(**facts: Any) -> Descendant:
    """A process of the program that is not observed."""
    given = {"id": "77-1", "pid": 77, "ppid": MAIN, "root": "p1", "name": "sleep", "command": "sleep 9", "state": "S"}
    return Descendant(**given | facts)


def told(*looks: Scene, every_s: float = 1.0) -> tuple[Note, ...]:
    diagnosis = Diagnosis()
    notes: tuple[Note, ...] = ()
    for number, seen in enumerate(looks):
        notes = diagnosis.look(seen, after(number * every_s)).notes
    return notes


def quiet(*things: Any, **more: Any) -> tuple[Note, ...]:
    """What is said of a scene that stays as it is."""
    return told(*[scene(*things, **more)] * 15)


def test_who_waits_is_said() -> None:
    [note] = quiet(JOBS, IDLE)
    assert note == Note(
        program="p1",
        since=START + 60,
        title="nothing moves, and no finding says why: it may be idle",
        text="1 of 4 processes waits without a timeout: worker-1 (pid 11) waits to get from queue jobs. "
        "To see where a process stands: procession stack p11.",
    )


def test_what_is_not_observed_is_said() -> None:
    [note] = quiet(JOBS, IDLE, actor(TWO, reports=False), others={77: stranger(), 78: stranger(pid=78, root="p9")})
    assert "2 of 5 processes are not observed: worker-2 (pid 12) and sleep (pid 77)." in note.text


def test_without_a_known_wait_that_is_said() -> None:
    [note] = quiet(edge(ONE, "jobs", MAIN, to="get", timed=True), JOBS)
    assert note.text.startswith("No process is known to wait without a timeout.")


def test_who_has_failed_or_is_suspended_is_said() -> None:
    """It may be what the others wait for in a way that cannot be seen, such as by polling."""
    failed = actor(TWO, dead=1, state=State.EXITED, cause="exit 1: KeyError: 3, at a.py:3 in f()")
    [note] = quiet(failed, actor(THREE, state=State.SUSPENDED))
    assert "worker-3 (pid 13) is suspended (SIGSTOP); SIGCONT resumes it." in note.text
    assert "Failed and not yet joined: worker-2 (pid 12), exit code 1: KeyError: 3, at a.py:3 in f()." in note.text


def test_a_short_pause_is_none() -> None:
    assert told(*[scene(JOBS, IDLE)] * int(QUIET_S)) == ()


@pytest.mark.parametrize(
    "moving",
    [
        lambda look: scene(JOBS, IDLE, actor(TWO, cpu_percent=30.0)),
        lambda look: scene(JOBS, IDLE, actor(TWO, log_bytes=look)),
        lambda look: scene(JOBS, IDLE, others={77: stranger(cpu_percent=30.0)}),
        lambda look: scene(resource("jobs", ResourceKind.QUEUE, size=look), IDLE),
        lambda look: scene(JOBS, edge(ONE, "jobs", MAIN, to="get", since=START + look)),
        lambda look: scene(JOBS, IDLE, actor(100 + look)),
        lambda look: scene(JOBS, IDLE, others={100 + n: stranger(pid=100 + n, state="Z") for n in range(look)}),
    ],
    ids=[
        "CPU",
        "output",
        "CPU of one that is not observed",
        "items",
        "a new wait",
        "a new process",
        "a subprocess that ends",
    ],
)
def test_a_program_in_which_something_moves_is_not_mentioned(moving: Any) -> None:
    assert told(*map(moving, range(15))) == ()


def test_the_last_movement_counts() -> None:
    looks = [scene(JOBS, IDLE, actor(TWO, log_bytes=min(look, 20))) for look in range(40)]
    [note] = told(*looks)
    assert note.since == START + 60 + 20


def test_a_finding_that_says_why_takes_its_place() -> None:
    deadlock = (resource("a"), resource("b"), edge(ONE, "b", TWO), edge(TWO, "a", ONE))
    assert quiet(*deadlock) == ()


def test_a_finding_that_only_informs_does_not() -> None:
    assert len(quiet(JOBS, IDLE, actor(THREE, refused=("TypeError: cannot pickle",)))) == 1


def test_a_program_that_has_ended_is_not_mentioned() -> None:
    assert quiet(*(actor(pid, dead=0) for pid in (MAIN, ONE, TWO, THREE))) == ()
