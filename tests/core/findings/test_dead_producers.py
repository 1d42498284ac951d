"""A process that polls a queue with a timeout, in which nobody who is left could put anything, and one failed."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.findings.diagnosis import Diagnosis
from app.core.scene.python_stack import Frame
from app.core.scene.surroundings import Line, Surroundings
from app.records.resource import ResourceKind
from app.records.waits import Edge, Finding, FindingKind
from tests.core.scene.scenes import MAIN, ONE, THREE, TWO, actor, after, edge, join, resource, scene

FAILED = actor(ONE, dead=1, cause="exit 1: ValueError: bad row")


def polls(*holders: int, pid: int = TWO, timed: bool = True) -> Edge:
    return edge(pid, "q", *holders, to="get", timed=timed)


def found(*things: Any, every_s: float = 0.5, missing: tuple[int, ...] = (), **more: Any) -> tuple[Finding, ...]:
    """Return what is told after 12 s; the polling process is not in its wait at the ``missing`` looks.

    ``more`` are facts of the queue, or ``stacks`` and ``sources`` of the scene.
    """
    seen = {name: more.pop(name) for name in ("stacks", "sources") if name in more}
    held = resource("q", ResourceKind.QUEUE, **{"ended_users": (ONE,), "size": 0, "pipe_bytes": 0} | more)
    diagnosis = Diagnosis()
    told: tuple[Finding, ...] = ()
    for look in range(int(12 / every_s)):
        shown = [one for one in things if not (isinstance(one, Edge) and one.timed and look in missing)]
        told = diagnosis.look(scene(FAILED, held, *shown, **seen), after(look * every_s)).findings
    return tuple(one for one in told if one.kind is FindingKind.DEAD_PRODUCERS)


def test_the_producers_are_dead() -> None:
    [one] = found(polls(MAIN), join(MAIN, TWO))
    assert one.text == (
        "worker-2 (pid 12) polls queue q, which is empty and stays empty. Those that could have filled it have ended: "
        "worker-1 (pid 11, exit code 1: ValueError: bad row)."
    )
    assert one.pids == (TWO, ONE)


def test_between_two_polls_it_does_something_else() -> None:
    assert found(polls(MAIN), join(MAIN, TWO), missing=(3, 8, 9, 14))
    assert found(polls(MAIN), join(MAIN, TWO), missing=tuple(range(12, 18))) == ()


def test_several_that_poll_cannot_help_each_other() -> None:
    assert len(found(polls(MAIN, THREE), polls(MAIN, TWO, pid=THREE), join(MAIN, TWO))) == 2


@pytest.mark.parametrize(
    "things",
    [
        (polls(MAIN),),
        (polls(THREE), join(MAIN, TWO)),
        (polls(MAIN), join(MAIN, THREE)),
    ],
    ids=["main is free", "another producer lives", "main waits for another process"],
)
def test_a_living_process_may_fill_it(things: tuple[Any, ...]) -> None:
    assert found(*things) == ()


@pytest.mark.parametrize(
    "queue",
    [{"size": 1}, {"pipe_bytes": 12}, {"put_per_s": 0.3}, {"get_per_s": 0.3}, {"buffered": {"12": 1}}],
    ids=str,
)
def test_a_queue_that_is_in_use_is_no_finding(queue: dict[str, Any]) -> None:
    assert found(polls(MAIN), join(MAIN, TWO), **queue) == ()


def test_producers_that_ended_well_are_no_finding() -> None:
    """An idle service polls until it is told to stop."""
    assert found(actor(ONE, dead=0), polls(MAIN), join(MAIN, TWO), ended_users=(THREE,)) == ()


@pytest.mark.parametrize("restarts", [True, False])
def test_a_loop_that_starts_a_process_may_start_another_producer(*, restarts: bool) -> None:
    here = Frame("main", "/srv/train.py", 9)
    around = {Line(TWO, here.file, here.line): Surroundings(restarts=restarts)}
    told = found(polls(MAIN), join(MAIN, TWO), stacks={TWO: {TWO: (here,)}}, sources=around)
    assert bool(told) is not restarts
