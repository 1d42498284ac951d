"""Descriptors: a finding near the limit, and before it for those that grow; in words what they are."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.findings.diagnosis import Diagnosis
from app.core.scene.scene import HeldFiles, OpenFiles, Scene
from app.records.waits import Finding, FindingKind
from tests.core.scene.scenes import ONE, actor, after, only, scene, settled

QUEUES = HeldFiles(what="pipe", of="queue", place="train.py:17", count=100)
FILES = HeldFiles(what="file", of="/tmp/parts/", place="", count=10)


def seen(count: int, *held: HeldFiles, limit: int = 128, **facts: Any) -> Scene:
    """worker-1 has so many descriptors open."""
    return scene(actor(ONE, fds=count, **facts), open_files={ONE: OpenFiles(limit=limit, held=held)})


def growing(*counts: int, each_s: float = 1.0, **facts: Any) -> tuple[Finding, ...]:
    diagnosis = Diagnosis()
    for number, count in enumerate(counts):
        found = diagnosis.look(seen(count, QUEUES, FILES, **facts), after(number * each_s)).findings
    return found


def test_most_of_the_limit_is_open() -> None:
    found = only(seen(118, QUEUES, FILES), FindingKind.FILE_LIMIT)
    assert found.text == (
        "worker-1 (pid 11) has 118 of 128 descriptors open; most are pipes of queues made at train.py:17."
    )
    assert "Too many open files" in found.why
    assert "Make the queue once" in found.cure
    assert found.pids == (ONE,)


def test_those_that_grow_are_found_before() -> None:
    [found] = growing(*range(50, 80, 2))
    assert found.text == (
        "worker-1 (pid 11) has 78 of 128 descriptors open, one more every 0.5 s; "
        "most are pipes of queues made at train.py:17."
    )


def test_a_large_limit_that_is_reached_soon() -> None:
    """Not before it has grown for a minute: a program may start many processes."""
    counts = range(100, 340, 2)
    assert growing(*counts[:60], limit=1024) == ()
    [found] = growing(*counts[:70], limit=1024)
    assert "238 of 1,024 descriptors open" in found.text
    assert growing(*counts[:70], limit=1_000_000) == ()


@pytest.mark.parametrize("count", [40, 64, 100])
def test_a_number_that_stays_below_most_of_the_limit_is_no_finding(count: int) -> None:
    assert settled(seen(count, QUEUES)).findings == ()


def test_the_open_files_of_the_dead_are_closed() -> None:
    assert settled(seen(120, QUEUES, dead=0)).findings == ()


@pytest.mark.parametrize(
    ("held", "words"),
    [
        ((FILES,), "most are files in /tmp/parts/"),
        ((HeldFiles(what="file", of="/var/log/a.log", place="", count=9),), "most are /var/log/a.log"),
        ((HeldFiles(what="socket", of="", place="", count=9),), "most are sockets"),
        ((HeldFiles(what="socket", of="pipe", place="a.py:3", count=9),), "most are ends of pipes made at a.py:3"),
        ((HeldFiles(what="pipe", of="sentinel", place="", count=9),), "most are sentinels of child processes"),
        ((HeldFiles(what="other", of="eventpoll", place="", count=9),), "most are eventpoll descriptors"),
        (
            (HeldFiles(what="pipe", of="", place="", count=9), FILES),
            "of the newest 19, 9 pipes and 10 files in /tmp/parts/",
        ),
    ],
    ids=str,
)
def test_what_they_are(held: tuple[HeldFiles, ...], words: str) -> None:
    assert only(seen(120, *held), FindingKind.FILE_LIMIT).text.endswith(f"descriptors open; {words}.")
