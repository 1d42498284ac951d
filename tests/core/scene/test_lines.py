"""Findings say which lines of the program are in the wrong order, where its source could be read."""

from __future__ import annotations

from app.core.scene.python_stack import Frame
from app.core.scene.scene import Scene
from app.core.scene.surroundings import Call, Line, Surroundings
from app.records.resource import ResourceKind
from app.records.waits import Finding, FindingKind
from tests.core.scene.scenes import MAIN, ONE, edge, join, only, resource, scene, settled

FILE = "/srv/train.py"


def at(line: int, function: str = "main") -> Frame:
    return Frame(function, FILE, line)


def source(pid: int, line: int, *later: Call, acquired: tuple[Call, ...] = ()) -> dict[Line, Surroundings]:
    return {Line(pid, FILE, line): Surroundings(later, acquired)}


def joined_too_early(*later: Call, name: str = "stop (train.py:5)") -> Scene:
    """Main joins a worker, in line 26 and 8 of its callers, that waits for an event which main would set."""
    event = resource("e", ResourceKind.EVENT, name=name, users=(MAIN, ONE))
    return scene(
        event,
        edge(ONE, "e", MAIN, to="wait"),
        join(MAIN, ONE),
        stacks={
            MAIN: {MAIN: (Frame("join", "/usr/lib/python3.11/multiprocessing/process.py", 9), at(8, "end"), at(26))}
        },
        sources=source(MAIN, 8) | source(MAIN, 26, *later),
    )


def cure(seen: Scene) -> str:
    found: Finding = only(seen, FindingKind.DEADLOCK)
    return found.cure


def test_the_call_that_comes_too_late_is_named() -> None:
    """Also if the line that waits is in a function that the one with the call has called."""
    told = cure(joined_too_early(Call("other", "set", 27), Call("stop", "clear", 28), Call("stop", "set", 29)))
    assert told == (
        "Kill one of the processes. In the program, stop.set() at train.py:29 must come before train.py:26, where "
        "main (pid 10) waits."
    )


def test_without_such_a_call_the_cure_is_general() -> None:
    for later in ((), (Call("other", "set", 27),), (Call("stop", "clear", 27),), (Call("stop", "wait", 27),)):
        assert "must not join" in cure(joined_too_early(*later))
    assert "must not join" in cure(joined_too_early(Call("stop", "set", 27), name=""))


def test_the_line_at_which_a_lock_was_acquired() -> None:
    locks = [
        resource(key, name=f"{key} (train.py:{at})", holder=pid) for key, at, pid in (("a", 1, MAIN), ("b", 2, ONE))
    ]
    seen = scene(
        *locks,
        edge(MAIN, "b", ONE),
        edge(ONE, "a", MAIN),
        stacks={MAIN: {MAIN: (at(12),)}},
        sources=source(MAIN, 12, acquired=(Call("a", "acquire", 10),)),
    )
    text = only(seen, FindingKind.DEADLOCK).text
    assert (
        "main (pid 10), at train.py:12 in main(), holds lock a (train.py:1), acquired at train.py:10, and waits" in text
    )
    assert "worker-1 (pid 11) holds lock b (train.py:2) and waits" in text


def test_a_lock_that_is_released_later_is_no_wrong_order() -> None:
    """It is held until then on purpose."""
    locks = [resource(key, name=f"{key} (train.py:1)", holder=pid) for key, pid in (("a", MAIN), ("b", ONE))]
    seen = scene(
        *locks,
        edge(MAIN, "b", ONE),
        edge(ONE, "a", MAIN),
        stacks={MAIN: {MAIN: (at(12),)}},
        sources=source(MAIN, 12, Call("a", "release", 14)),
    )
    assert "in the same order everywhere" in cure(seen)


def test_a_queue_that_is_read_after_the_join() -> None:
    queue = resource("q", ResourceKind.QUEUE, name="results (train.py:5)", buffered={str(ONE): 7}, pipe_bytes=65536)
    seen = scene(
        queue,
        edge(ONE, "q", MAIN, to="flush", main=False, tid=99),
        join(MAIN, ONE),
        stacks={MAIN: {MAIN: (at(26),)}},
        sources=source(MAIN, 26, Call("results", "get", 30)),
    )
    [found] = [one for one in settled(seen).findings if one.kind is FindingKind.JOIN_BEFORE_DRAIN]
    assert found.cure.startswith(
        "Read all items from queue results (train.py:5) first, then join worker-1 (pid 11): results.get() at "
        "train.py:30 must come before train.py:26, where main (pid 10) waits. If"
    )
