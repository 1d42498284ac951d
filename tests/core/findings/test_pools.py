"""Pools without progress: workers that die at once, again and again, and jobs for which no worker is left."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.scene.python_stack import Frame
from app.core.scene.scene import Actor
from app.records.resource import Resource, ResourceKind
from app.records.waits import Edge, Finding, FindingKind
from tests.core.scene.scenes import MAIN, ONE, START, TWO, actor, edge, only, resource, scene, settled

#: When the scene is looked at.
NOW = START + 60


def worker(number: int, *, lived_s: float = 0.1, ago_s: float = 1.0, **facts: Any) -> Actor:
    """A worker of the pool that failed a moment ago."""
    ended_at = NOW - ago_s
    given: dict[str, Any] = {
        "dead": 1,
        "role": "pool:1-2",
        "cause": "exit 1: RuntimeError: no GPU",
        "exited_at": ended_at,
        "start_time": ended_at - lived_s,
    }
    return actor(100 + number, **given | facts)


def pool(**facts: Any) -> Resource:
    return resource("pool-1", ResourceKind.POOL, **facts)


def test_workers_that_die_at_their_start() -> None:
    workers = [worker(number, ago_s=number / 10) for number in range(12)]
    found = only(scene(*workers, pool(initializer="load_model")), FindingKind.CRASH_LOOP)
    assert found.text == (
        "Pool pool-1 of main (pid 10) makes no progress: its workers die right after their start, 12 "
        "within the last 4.1 s, none with a task (exit code 1: RuntimeError: no GPU). Its initializer is load_model()."
    )
    assert "initializer" in found.cure


@pytest.mark.parametrize(
    "facts",
    [
        {"dead": 0, "cause": "finished"},
        {"task": "fit(3)"},
        {"lived_s": 20.0},
        {"ago_s": 30.0},
        {"ended_by_pool": True},
        {"role": None},
    ],
    ids=["after their tasks", "in a task", "after a while", "long ago", "by the pool", "of no pool"],
)
def test_other_ends_of_workers_are_no_crash_loop(facts: dict[str, Any]) -> None:
    told = settled(scene(*(worker(number, **facts) for number in range(12)), pool())).findings
    assert [one for one in told if one.kind is FindingKind.CRASH_LOOP] == []


def test_a_few_failures_are_no_crash_loop() -> None:
    assert settled(scene(*map(worker, range(3)), pool())).findings == ()


def no_workers(*things: Any) -> list[Any]:
    found = settled(scene(*things), seconds=9).findings
    return [one for one in found if one.kind is FindingKind.NO_WORKERS]


def test_jobs_without_a_worker() -> None:
    [found] = no_workers(worker(1, lived_s=30.0, dead=0, cause="finished"), pool(queued=3, workers=()))
    assert found.text == (
        "Pool pool-1 of main (pid 10) has 3 pending jobs, but no worker is left: the last to end was "
        "other-101 (pid 101, finished)."
    )


@pytest.mark.parametrize(
    "facts",
    [{"queued": 0, "workers": ()}, {"queued": 3, "workers": (11,)}, {"queued": None, "workers": ()}],
    ids=["no job", "a worker", "unknown"],
)
def test_a_pool_with_workers_or_without_jobs_is_no_finding(facts: dict[str, Any]) -> None:
    assert no_workers(worker(1, lived_s=30.0, dead=0), pool(**facts)) == []


def test_a_pool_that_has_not_started_its_workers_is_no_finding() -> None:
    assert no_workers(pool(queued=3, workers=())) == []


def test_a_crash_loop_is_told_once() -> None:
    """Between the end of a worker and the start of the next there is none."""
    found = settled(scene(*map(worker, range(12)), pool(queued=3, workers=())), seconds=9).findings
    assert [one.kind for one in found] == [FindingKind.CRASH_LOOP]


POOL_FILE = "/usr/lib/python3.11/multiprocessing/pool.py"
CALLBACK = (
    Frame("get", POOL_FILE, 770),
    Frame("apply", POOL_FILE, 360),
    Frame("done", "/srv/train.py", 8),
    Frame("_handle_results", POOL_FILE, 600),
)


def stuck_callbacks(*more: Resource | Edge, **facts: Any) -> list[Finding]:
    """Return the findings about a callback that waits, of a pool in which nothing moves."""
    seen = scene(pool(queued=2, running=(), workers=(ONE,)), *more, **{"stacks": {MAIN: {7: CALLBACK}}, **facts})
    return [one for one in settled(seen).findings if one.kind is FindingKind.DEADLOCK]


def another_pool(**facts: Any) -> Resource:
    return resource("pool-2", ResourceKind.POOL, **{"queued": 0, "running": (), "workers": (TWO,), **facts})


def test_a_callback_that_waits_for_a_pool() -> None:
    (found,) = stuck_callbacks(another_pool())
    assert found.text.startswith(
        "The thread of main (pid 10) that receives all results of pool pool-1 executes a callback, which waits in "
        "apply() of multiprocessing.pool at train.py:8 in done(): "
    )


def test_a_callback_that_waits_while_two_pools_have_jobs() -> None:
    """Which of the two it belongs to is not known."""
    (found,) = stuck_callbacks(another_pool(queued=1))
    assert "all results of one of its pools executes a callback" in found.text
    assert "3 jobs are pending" in found.text


def test_a_callback_that_may_wait_for_another_pool() -> None:
    """For one that is at work, for threads, or for an event loop; or not for long."""
    assert stuck_callbacks(another_pool(running=({"pid": 12, "what": "f", "since": START},))) == []
    assert stuck_callbacks(edge(MAIN, "c", tid=7, timed=True)) == []
    for function, file in (
        ("worker", POOL_FILE),
        ("_worker", "/usr/lib/python3.11/concurrent/futures/thread.py"),
        ("run_forever", "/usr/lib/python3.11/asyncio/base_events.py"),
    ):
        assert stuck_callbacks(stacks={MAIN: {7: CALLBACK, 8: (Frame(function, file, 1),)}}) == []
