"""What is told lasts and does not flicker; time is an argument."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.findings.debounce import LASTS_S, MISSED_S, Candidate, Settling
from app.core.findings.diagnosis import Diagnosis
from app.records.waits import Finding, FindingKind
from tests.core.findings.scenes import ONE, START, TWO, after, edge, resource, scene

DEADLOCK = scene(resource("a"), resource("b"), edge(ONE, "b", TWO), edge(TWO, "a", ONE))
NOTHING = scene()


def candidate(key: str = "x", mark: object = None, since: float = 0.0, after_s: float = LASTS_S) -> Candidate:
    finding = Finding(id=key, kind=FindingKind.LEAK, program=None, text="", why="", cure="", since=since)
    return Candidate(finding=finding, mark=mark, after_s=after_s)


def told(settling: Settling, now: float, *candidates: Candidate) -> list[str]:
    return [finding.id for finding in settling.settle(candidates, now)]


def test_it_is_told_when_it_has_lasted() -> None:
    settling = Settling()
    assert told(settling, 10.0, candidate()) == []
    assert told(settling, 10.0 + LASTS_S - 0.1, candidate()) == []
    assert told(settling, 10.0 + LASTS_S, candidate()) == ["x"]
    assert told(settling, 99.0, candidate()) == ["x"]


def test_what_was_told_and_not_read_needs_no_time() -> None:
    assert told(Settling(), 10.0, candidate(after_s=0.0)) == ["x"]


def test_a_gap_begins_it_anew() -> None:
    """It was not the same wait all the time."""
    settling = Settling()
    told(settling, 0.0, candidate())
    told(settling, 1.0)
    told(settling, 1.1, candidate())
    assert told(settling, 2.5, candidate()) == []


def test_another_mark_begins_it_anew_even_when_it_was_told() -> None:
    """A buffer that gets shorter is no deadlock."""
    settling = Settling()
    told(settling, 0.0, candidate(mark=12))
    assert told(settling, 3.0, candidate(mark=12)) == ["x"]
    assert told(settling, 3.2, candidate(mark=11)) == []
    assert told(settling, 5.2, candidate(mark=11)) == ["x"]


def test_one_look_that_misses_it_does_not_take_it_away() -> None:
    settling = Settling()
    told(settling, 0.0, candidate())
    told(settling, 2.0, candidate())
    assert told(settling, 2.0 + MISSED_S / 2) == ["x"]
    assert told(settling, 2.0 + MISSED_S) == []


def test_its_beginning_stays_that_of_the_first_look() -> None:
    """Else it would be another record at every look, and be sent again."""
    settling = Settling()
    settling.settle([candidate(since=100.0)], 0.0)
    [first] = settling.settle([candidate(since=102.0)], 2.0)
    [second] = settling.settle([candidate(since=103.0)], 3.0)
    assert first == second
    assert first.since == 100.0


def test_next_deadline_is_when_the_first_is_told() -> None:
    settling = Settling()
    assert settling.next_deadline() is None
    settling.settle([candidate("x"), candidate("y", after_s=1.0)], 10.0)
    assert settling.next_deadline() == 11.0
    settling.settle([candidate("x"), candidate("y", after_s=1.0)], 11.0)
    assert settling.next_deadline() == 12.0


@given(st.lists(st.tuples(st.floats(0.01, 3), st.booleans(), st.integers(0, 1)), max_size=30))
def test_told_is_only_what_was_the_same_for_so_long(looks: list[tuple[float, bool, int]]) -> None:
    """And a thing is told at most once."""
    settling, now, since, mark = Settling(), 0.0, None, None
    for pause, there, marked in looks:
        now += pause if there else max(pause, 2 * MISSED_S)
        if not there or marked != mark:
            since = now if there else None
        mark = marked if there else None
        found = told(settling, now, *([candidate(mark=marked)] if there else []))
        if there and since is not None:
            assert found == (["x"] if now - since >= LASTS_S else [])
        assert len(found) <= 1


def test_a_deadlock_is_told_with_its_cycle_and_goes_with_it() -> None:
    """Both at the same look, and as equal records while it lasts."""
    diagnosis = Diagnosis()
    assert diagnosis.look(DEADLOCK, after(0)).findings == ()
    assert diagnosis.look(DEADLOCK, after(1.9)).cycles == ()
    first = diagnosis.look(DEADLOCK, after(2.0))
    assert first.cycles == ((ONE, "b", TWO, "a"),)
    assert [finding.kind for finding in first.findings] == [FindingKind.DEADLOCK]
    assert diagnosis.look(DEADLOCK, after(20)) == first
    over = diagnosis.look(NOTHING, after(21))
    assert (over.cycles, over.findings, over.edges) == ((), (), ())


def test_the_same_locks_in_another_deadlock_are_another_one() -> None:
    """Between two looks it was broken and came again: ``since`` says so."""
    diagnosis = Diagnosis()
    diagnosis.look(DEADLOCK, after(0))
    diagnosis.look(DEADLOCK, after(3))
    again = scene(
        *DEADLOCK.resources.values(), *(edge(e.pid, e.resource, *e.holders, since=START + 62) for e in DEADLOCK.edges)
    )
    assert diagnosis.look(again, after(3.2)).findings == ()


def test_the_last_digit_of_a_clock_makes_no_other_deadlock() -> None:
    """When a join began is worked out anew at each look."""
    diagnosis = Diagnosis()
    for look in range(5):
        edges = (edge(e.pid, e.resource, *e.holders, since=e.since + look * 1e-7) for e in DEADLOCK.edges)
        found = diagnosis.look(scene(*DEADLOCK.resources.values(), *edges), after(look))
    assert [finding.kind for finding in found.findings] == [FindingKind.DEADLOCK]


def test_edges_of_a_moment_are_not_shown() -> None:
    """A consumer waits for each of its items."""
    fresh = scene(resource("q"), edge(ONE, "q", TWO, to="get", since=START + 60))
    diagnosis = Diagnosis()
    assert diagnosis.look(fresh, after(0.1)).edges == ()
    assert diagnosis.look(fresh, after(0.6)).edges == fresh.edges
