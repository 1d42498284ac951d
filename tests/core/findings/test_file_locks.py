"""Locks on files: a wait is no finding, a deadlock is one, and so is a lock that nobody alive has taken."""

from __future__ import annotations

import pytest

from app.core.scene.scene import Actor
from app.records.wait_words import worded
from app.records.waits import Edge, FindingKind
from tests.core.scene.scenes import MAIN, ONE, THREE, TWO, actor, edge, only, resource, scene, settled

PATH = "/srv/gateway.lock"


def wait(*holders: int, taken_by: int | None = None, pid: int = MAIN, main: bool = True) -> Edge:
    return edge(pid, None, *holders, to="flock", file=PATH, taken_by=taken_by, main=main, tid=0 if main else 99)


def test_a_lock_that_a_living_process_has_taken_is_a_wait() -> None:
    assert settled(scene(wait(ONE))).findings == ()
    shown = worded(wait(ONE), None)
    assert shown.phrase == "waits for the lock on /srv/gateway.lock, held by"
    assert shown.label == "in flock()"


def test_a_lock_that_a_process_has_itself() -> None:
    found = only(scene(wait(MAIN)), FindingKind.DEADLOCK)
    assert found.text.startswith(
        "main (pid 10) waits for the lock on /srv/gateway.lock, which it holds itself through another descriptor"
    )


def test_a_deadlock_through_a_file() -> None:
    found = only(scene(wait(ONE), resource("a"), edge(ONE, "a", MAIN)), FindingKind.DEADLOCK)
    assert (
        "main (pid 10) holds lock a and waits for the lock on /srv/gateway.lock, held by worker-1 (pid 11)"
        in found.text
    )
    assert set(found.pids) == {MAIN, ONE}


@pytest.mark.parametrize(
    ("taker", "taken_by", "words"),
    [
        (
            actor(TWO, dead=-9, cause="SIGKILL by operator"),
            TWO,
            "worker-2 (pid 12), which has ended: SIGKILL by operator",
        ),
        (actor(TWO), TWO, "worker-2 (pid 12), which has closed it"),
        (actor(TWO), 99, "a process that has exited (pid 99)"),
        (actor(TWO), 0, "a process that has exited"),
    ],
    ids=["dead", "alive", "not known", "unknown"],
)
def test_a_lock_that_its_holder_has_only_inherited(taker: Actor, taken_by: int, words: str) -> None:
    found = only(scene(taker, wait(THREE, taken_by=taken_by)), FindingKind.FILE_LOCK)
    assert found.text == (
        "main (pid 10) is blocked in flock() on /srv/gateway.lock. Its lock is held by worker-3 (pid 13), "
        f"inherited from {words}."
    )
    assert found.pids == (THREE, MAIN)
    assert "fork()" in found.why


def test_a_thread_is_named() -> None:
    found = only(scene(wait(THREE, taken_by=0, main=False)), FindingKind.FILE_LOCK)
    assert found.text.startswith("thread 99 of main (pid 10) is blocked in flock() on ")
