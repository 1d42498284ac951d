"""Notes about forks of processes with threads."""

from __future__ import annotations

import pytest

from app.core.scene.scene import Actor
from tests.core.scene.scenes import ONE, START, TWO, actor, scene, settled

TITLE = "a process with threads was forked"


def told(*actors: Actor) -> list[str]:
    """Return the texts of the notes about forks; nothing of it is a finding."""
    seen = settled(scene(*actors))
    assert seen.findings == ()
    return [note.text for note in seen.notes if note.title == TITLE]


def test_a_fork_from_a_process_with_threads() -> None:
    [text] = told(actor(ONE, threads_at_fork=2), actor(TWO, threads_at_fork=1))
    assert text.startswith("main (pid 10) had 2 other threads when it forked worker-1 (pid 11) and worker-2 (pid 12). ")
    assert "Use the start method forkserver or spawn" in text


def test_a_fork_that_has_ended_is_no_note() -> None:
    assert told(actor(ONE, threads_at_fork=2, dead=0)) == []


@pytest.mark.parametrize(
    ("count", "names", "named"),
    [
        (1, ("importer",), "1 other thread (importer)"),
        (3, ("importer",), "3 other threads (importer and 2 more)"),
        (2, ("QueueFeederThread", "importer"), "1 other thread (importer)"),
        (6, tuple("abcdef"), "6 other threads (a, b, c, d and 2 more)"),
    ],
)
def test_a_fork_names_the_threads_that_the_child_lacks(count: int, names: tuple[str, ...], named: str) -> None:
    [text] = told(actor(ONE, threads_at_fork=count, threads_of_parent=names))
    assert text.startswith(f"main (pid 10) had {named} when it forked worker-1 (pid 11). ")


FEEDER, OF_POOL = "QueueFeederThread", "multiprocessing.pool"


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (None, [FEEDER] * 2),
        (None, [OF_POOL] * 3),
        ("pool:2", [OF_POOL] * 6),
        ("pool:2", ["MainThread", *[OF_POOL] * 5]),
    ],
)
def test_the_threads_of_queues_and_pools_are_no_note(role: str | None, names: list[str]) -> None:
    """A child makes the locks of its queues anew, and does not use the pools of its parent."""
    seen = actor(ONE, threads_at_fork=len(names), threads_of_parent=tuple(names), role=role)
    assert told(seen) == []
    seen = actor(ONE, threads_at_fork=len(names) + 1, threads_of_parent=("importer", *names), role=role)
    [text] = told(seen)
    assert "had 1 other thread (importer" in text


def test_the_threads_of_a_pool_are_its_own_business() -> None:
    """It starts a new worker from one of them; before its first workers they were not there."""
    assert told(actor(ONE, threads_at_fork=3, role="pool:1")) == []
    for threads in (1, 4):
        [text] = told(actor(ONE, threads_at_fork=threads, role="pool:1"))
        assert text.startswith("main (pid 10) had 1 other thread when")


@pytest.mark.parametrize(("started_at", "count"), [(START - 60, 1), (START + 1, 0)])
def test_a_pool_that_is_closed_replaces_a_worker_with_fewer_threads(started_at: float, count: int) -> None:
    """Known by the worker before, which ended before this one was started."""
    ended = actor(ONE, dead=0, role="pool:1", exited_at=START)
    new = actor(TWO, threads_at_fork=2, role="pool:1", start_time=started_at)
    assert len(told(ended, new)) == count
