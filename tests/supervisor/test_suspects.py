"""When the stack of a process is captured that a finding may be about, and for how long its frames are true."""

from __future__ import annotations

from app.records.waits import Edge, ThreadWait
from app.supervisor.suspects import Suspects

PID = 10
DUMP = 'Thread 10 (idle): "MainThread"\n    work (/srv/train.py:12)\n'


def wait(since: float, tid: int = 0, *, timed: bool = False) -> ThreadWait:
    return ThreadWait(edge=Edge(pid=PID, resource="a", since=since, to="get", tid=tid, timed=timed))


def captured() -> Suspects:
    """A process that was captured twice, with the same frames."""
    suspects = Suspects()
    suspects.look([PID], [wait(1.0)])
    for now in (-5.0, 0.0):
        assert suspects.due(now) == [PID]
        suspects.found(PID, DUMP)
        assert list(suspects.stacks) == [PID]
    return suspects


def test_a_wait_is_captured_until_two_captures_are_the_same() -> None:
    """A thread may have come to its line after the first."""
    suspects = Suspects()
    suspects.look([PID], [wait(1.0)])
    lines = []
    for second in range(200):
        if suspects.due(float(second)):
            line = min(12, 10 + len(lines))
            suspects.found(PID, DUMP.replace(":12)", f":{line})"))
            lines.append((second, line))
    assert lines == [(0, 10), (5, 11), (15, 12), (35, 12)]
    assert suspects.stacks[PID][PID][0].line == 12


def test_a_wait_that_goes_on_is_not_captured_again() -> None:
    """Its beginning is worked out anew at each look, and what another thread waits for with a timeout is no matter."""
    suspects = captured()
    for since in (1.04, 0.96):
        suspects.look([PID], [wait(since), wait(99 * since, 7, timed=True)])
        assert suspects.due(100.0) == []
        assert list(suspects.stacks) == [PID]


def test_another_wait_is_captured_again_and_not_at_once() -> None:
    suspects = captured()
    suspects.look([PID], [wait(2.0)])
    assert not suspects.stacks
    assert suspects.due(4.9) == []
    assert suspects.due(5.0) == [PID]


def test_a_capture_that_finds_nothing_is_repeated_less_and_less_often() -> None:
    suspects = Suspects()
    suspects.look([PID], [wait(1.0)])
    times = []
    for second in range(200):
        if suspects.due(float(second)):
            times.append(second)
            suspects.found(PID, "Error: the process could not be read")
    assert times == [0, 5, 15, 35, 75, 135, 195]


def test_waits_with_timeouts_are_captured_again_less_and_less_often() -> None:
    """Between them the threads go on; until the new frames are there, the old ones stay."""
    suspects = Suspects()
    times = []
    for second in range(100):
        suspects.look([PID], [wait(float(second), timed=True)])
        if suspects.due(float(second)):
            times.append(second)
            assert bool(suspects.stacks) == (second > 0)
            suspects.found(PID, DUMP)
    assert times == [0, 5, 15, 35, 75]


def test_who_is_no_suspect_any_more_is_forgotten() -> None:
    suspects = captured()
    suspects.look([], [wait(1.0)])
    assert not suspects.stacks
    assert suspects.due(100.0) == []
