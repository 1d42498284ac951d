"""Findings last and do not flicker; time is an argument."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.core.findings.diagnosis import Diagnosis
from app.core.scene.stability import LASTS_S, MISSED_S, Candidate, StabilityFilter
from app.records.wait_words import worded
from app.records.waits import Finding, FindingKind
from tests.core.scene.scenes import ONE, START, TWO, after, edge, resource, scene

DEADLOCK = scene(resource("a"), resource("b"), edge(ONE, "b", TWO), edge(TWO, "a", ONE))
NOTHING = scene()


def candidate(key: str = "x", fingerprint: object = None, since: float = 0.0, after_s: float = LASTS_S) -> Candidate:
    finding = Finding(id=key, kind=FindingKind.LEAK, program=None, text="", why="", cure="", since=since)
    return Candidate(finding=finding, fingerprint=fingerprint, after_s=after_s)


def reported(stable: StabilityFilter, now: float, *candidates: Candidate) -> list[str]:
    return [finding.id for finding in stable.update(candidates, now)]


def test_a_candidate_is_reported_when_it_has_lasted() -> None:
    stable = StabilityFilter()
    assert reported(stable, 10.0, candidate()) == []
    assert reported(stable, 10.0 + LASTS_S - 0.1, candidate()) == []
    assert reported(stable, 10.0 + LASTS_S, candidate()) == ["x"]
    assert reported(stable, 99.0, candidate()) == ["x"]


def test_a_candidate_without_a_minimum_age_is_reported_at_once() -> None:
    assert reported(StabilityFilter(), 10.0, candidate(after_s=0.0)) == ["x"]


def test_a_gap_starts_over() -> None:
    """It was not the same wait all the time."""
    stable = StabilityFilter()
    reported(stable, 0.0, candidate())
    reported(stable, 1.0)
    reported(stable, 1.1, candidate())
    assert reported(stable, 2.5, candidate()) == []


def test_another_fingerprint_starts_over_even_after_a_report() -> None:
    """A buffer that gets shorter is no deadlock."""
    stable = StabilityFilter()
    reported(stable, 0.0, candidate(fingerprint=12))
    assert reported(stable, 3.0, candidate(fingerprint=12)) == ["x"]
    assert reported(stable, 3.2, candidate(fingerprint=11)) == []
    assert reported(stable, 5.2, candidate(fingerprint=11)) == ["x"]


def test_a_finding_survives_one_look_that_misses_it() -> None:
    stable = StabilityFilter()
    reported(stable, 0.0, candidate())
    reported(stable, 2.0, candidate())
    assert reported(stable, 2.0 + MISSED_S / 2) == ["x"]
    assert reported(stable, 2.0 + MISSED_S) == []


def test_since_stays_that_of_the_first_look() -> None:
    """Otherwise it would be another record at every look, and be sent again."""
    stable = StabilityFilter()
    stable.update([candidate(since=100.0)], 0.0)
    [first] = stable.update([candidate(since=102.0)], 2.0)
    [second] = stable.update([candidate(since=103.0)], 3.0)
    assert first == second
    assert first.since == 100.0


def test_next_deadline_is_when_the_first_candidate_is_reported() -> None:
    stable = StabilityFilter()
    assert stable.next_deadline() is None
    stable.update([candidate("x"), candidate("y", after_s=1.0)], 10.0)
    assert stable.next_deadline() == 11.0
    stable.update([candidate("x"), candidate("y", after_s=1.0)], 11.0)
    assert stable.next_deadline() == 12.0


@given(st.lists(st.tuples(st.floats(0.01, 3), st.booleans(), st.integers(0, 1)), max_size=30))
def test_only_what_stayed_the_same_for_long_enough_is_reported(looks: list[tuple[float, bool, int]]) -> None:
    """And at most once."""
    stable, now, since, mark = StabilityFilter(), 0.0, None, None
    for pause, there, marked in looks:
        now += pause if there else max(pause, 2 * MISSED_S)
        if not there or marked != mark:
            since = now if there else None
        mark = marked if there else None
        found = reported(stable, now, *([candidate(fingerprint=marked)] if there else []))
        if there and since is not None:
            assert found == (["x"] if now - since >= LASTS_S else [])
        assert len(found) <= 1


def test_a_deadlock_appears_and_disappears_with_its_cycle() -> None:
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


def test_the_same_locks_in_a_new_deadlock_are_another_finding() -> None:
    """It was resolved and came back between two looks: ``since`` says so."""
    diagnosis = Diagnosis()
    diagnosis.look(DEADLOCK, after(0))
    diagnosis.look(DEADLOCK, after(3))
    again = scene(
        *DEADLOCK.resources.values(), *(edge(e.pid, e.resource, *e.holders, since=START + 62) for e in DEADLOCK.edges)
    )
    assert diagnosis.look(again, after(3.2)).findings == ()


def test_the_last_digit_of_a_clock_makes_no_new_deadlock() -> None:
    """When a join began is computed again at each look."""
    diagnosis = Diagnosis()
    for look in range(5):
        edges = (edge(e.pid, e.resource, *e.holders, since=e.since + look * 1e-7) for e in DEADLOCK.edges)
        found = diagnosis.look(scene(*DEADLOCK.resources.values(), *edges), after(look))
    assert [finding.kind for finding in found.findings] == [FindingKind.DEADLOCK]


def test_short_waits_are_not_shown() -> None:
    """A consumer waits for each of its items."""
    fresh = scene(resource("q"), edge(ONE, "q", TWO, to="get", since=START + 60))
    diagnosis = Diagnosis()
    assert diagnosis.look(fresh, after(0.1)).edges == ()
    [shown] = diagnosis.look(fresh, after(0.6)).edges
    assert shown == worded(fresh.edges[0], fresh.resources["q"])
