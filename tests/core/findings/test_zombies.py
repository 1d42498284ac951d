"""Exited children that nobody waited for: a finding if they grow or are many, a note if one failed."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.findings.diagnosis import Diagnosis
from app.core.findings.zombies import MANY
from app.core.scene.scene import Actor, Scene
from app.records.process import Descendant, State
from app.records.resource import ResourceKind
from app.records.waits import Finding, FindingKind
from tests.core.scene.scenes import (
    MAIN,
    ONE,
    START,
    THREE,
    TWO,
    actor,
    after,
    edge,
    join,
    only,
    resource,
    scene,
    settled,
)

LONG_AGO = START - 3600


def exited(number: int, *, started_at: float, parent: int = ONE, name: str = "true") -> Descendant:
    """A process that is not observed, and whose parent has not waited for it."""
    return Descendant(
        id=f"{1000 + number}-1", pid=1000 + number, ppid=parent, root="p1", name=name, command=f"[{name}]", state="Z",
        start_time=started_at,
    )  # fmt: skip


def with_exited(*those: Descendant) -> Scene:
    return scene(others={one.pid: one for one in those})


def told(*looks: Scene) -> tuple[Finding, ...]:
    """Return the findings after one look a second."""
    diagnosis = Diagnosis()
    for second, seen in enumerate(looks):
        found = diagnosis.look(seen, after(second)).findings
    return found


def growing(*, seconds: int = 14, each_s: int = 1, name: str = "true") -> list[Scene]:
    """worker-1 starts a command now and then, which ends at once."""
    all_of_them = [exited(at, started_at=START + 60 + at - 0.5, name=name) for at in range(0, seconds, each_s)]
    return [with_exited(*all_of_them[: second // each_s + 1]) for second in range(seconds)]


def test_children_of_subprocess_that_grow() -> None:
    [found] = told(*growing())
    assert found.kind is FindingKind.ZOMBIE
    assert found.text == ("worker-1 (pid 11) has not waited for 14 exited children (true ×14), one more every 1 s.")
    assert found.pids == (ONE,)
    assert found.program == "p1"
    assert "wait()" in found.cure


def test_different_commands_are_counted() -> None:
    looks = growing()
    more = tuple(exited(50 + n, started_at=START + 70, name=name) for n, name in enumerate(("a", "b", "sh", "sh", "c")))
    [found] = told(*looks[:-1], with_exited(*looks[-1].others.values(), *more))
    assert "19 exited children (true ×14, sh ×2, a, 2 more)" in found.text


def test_children_of_fork_are_counted_without_their_numbers() -> None:
    looks = growing()
    forks = tuple(exited(50 + n, started_at=START + 70, name=f"train.py fork {n}") for n in range(20))
    [found] = told(*looks[:-1], with_exited(*looks[-1].others.values(), *forks))
    assert "34 exited children (train.py fork ×20, true ×14)" in found.text


def test_commands_that_were_started_together_and_end_one_by_one_are_joined_late() -> None:
    all_of_them = [exited(number, started_at=START) for number in range(20)]
    assert told(*(with_exited(*all_of_them[:count]) for count in range(20))) == ()


def test_a_fixed_number_of_them_is_no_finding() -> None:
    those = tuple(exited(number, started_at=LONG_AGO) for number in range(20))
    assert settled(with_exited(*those)).findings == ()


def test_those_of_an_unobserved_parent_are_no_finding_of_the_program() -> None:
    looks = [with_exited(*(exited(n, started_at=START + 60 + n, parent=99) for n in range(s))) for s in range(14)]
    assert told(*looks) == ()


def unjoined(count: int, **facts: Any) -> list[Actor]:
    return [actor(100 + n, **{"dead": 0, "state": State.EXITED, "started_by": MAIN} | facts) for n in range(count)]


def test_observed_children_that_are_joined_late_are_no_finding() -> None:
    """Their results are read meanwhile."""
    results = resource("results", ResourceKind.QUEUE)
    assert settled(scene(*unjoined(10), results, edge(MAIN, "results", THREE, to="get"))).findings == ()
    assert settled(scene(*unjoined(10, dead=1))).findings == ()


def test_very_many_are_a_finding() -> None:
    found = only(scene(*unjoined(MANY)), FindingKind.ZOMBIE)
    assert found.text.startswith(f"main (pid 10) has not joined {MANY} exited child processes: other-100 (pid 100), ")
    assert len(found.pids) == MANY + 1
    assert found.since == START


def test_a_child_that_failed_is_noted_where_its_parent_waits_without_a_timeout() -> None:
    failed = actor(ONE, dead=1, state=State.EXITED, cause="exit 1: KeyError: 'x'")
    ended = actor(TWO, dead=0, state=State.EXITED)
    results = resource("results", ResourceKind.QUEUE)
    seen = settled(scene(failed, ended, results, edge(MAIN, "results", THREE, to="get")))
    assert seen.findings == ()
    [note] = seen.notes
    assert (note.program, note.title) == ("p1", "a child has failed, and its parent waits")
    assert note.text.startswith(
        "main (pid 10) waits, and has not joined worker-1 (pid 11, exit code 1: KeyError: 'x') and worker-2 (pid 12)."
    )


@pytest.mark.parametrize(
    "wait",
    [
        edge(MAIN, "results", THREE, to="get", timed=True),
        edge(MAIN, "results", THREE, to="get", since=START + 55),
        edge(MAIN, "results", THREE, to="get", main=False),
        join(MAIN, THREE),
    ],
    ids=["with a timeout", "not for long", "of another thread", "in a join of another child"],
)
def test_a_parent_that_will_continue_is_given_time(wait: Any) -> None:
    failed = actor(ONE, dead=1, state=State.EXITED)
    seen = settled(scene(failed, resource("results", ResourceKind.QUEUE), wait))
    assert (seen.findings, seen.notes) == ((), ())


def test_what_is_joined_or_has_lost_its_parent_is_no_zombie() -> None:
    waits = edge(MAIN, "results", THREE, to="get")
    results = resource("results", ResourceKind.QUEUE)
    assert settled(scene(results, waits, actor(ONE, dead=1, state=State.JOINED))).findings == ()
    alone = scene(actor(MAIN, dead=0), *unjoined(MANY), actor(ONE, dead=0), actor(TWO, dead=0), actor(THREE, dead=0))
    assert settled(alone).findings == ()


def test_a_child_that_failed_is_told_once() -> None:
    """As the cause of the deadlock."""
    failed = actor(ONE, dead=1, state=State.EXITED)
    results = resource("results", ResourceKind.QUEUE, ended_users=(ONE,))
    [found] = settled(scene(failed, results, edge(MAIN, "results", MAIN, to="get"))).findings
    assert found.kind is FindingKind.DEADLOCK
    assert "worker-1 (pid 11), exit code 1" in found.text
