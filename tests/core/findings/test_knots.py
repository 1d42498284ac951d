"""The graph of who waits for whom: deadlocks are found, each once, and nothing else is called one."""

from __future__ import annotations

from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.findings.knots import knots, liberators
from app.records.waits import Edge
from tests.core.findings.scenes import MAIN, ONE, THREE, TWO, edge, join


def everybody(_pid: int) -> bool:
    return True


def cycles(*edges: Edge, dead: frozenset[int] = frozenset()) -> list[tuple[int | str, ...]]:
    return [knot.cycle for knot in knots(edges, lambda pid: pid not in dead)]


def test_two_that_take_two_locks_in_opposite_order() -> None:
    assert cycles(edge(ONE, "b", TWO), edge(TWO, "a", ONE)) == [(ONE, "b", TWO, "a")]


def test_order_of_edges_does_not_matter() -> None:
    """The cycle begins with its lowest pid, whatever was read first."""
    edges = [edge(ONE, "a", TWO), edge(TWO, "b", THREE), edge(THREE, "c", ONE), edge(MAIN, "a", TWO)]
    found = {tuple(cycles(*order)) for order in permutations(edges)}
    assert found == {((ONE, "a", TWO, "b", THREE, "c"),)}


def test_one_that_waits_for_itself() -> None:
    assert cycles(edge(ONE, "a", ONE)) == [(ONE, "a")]


def test_a_chain_is_no_deadlock() -> None:
    assert cycles(edge(ONE, "a", TWO), edge(TWO, "b", THREE)) == []


def test_a_join_has_no_resource() -> None:
    assert cycles(join(MAIN, ONE), edge(ONE, "a", MAIN)) == [(MAIN, ONE, "a")]


def test_any_holder_is_enough() -> None:
    """Of a semaphore or a queue: as long as one who could let them go on does not wait, there is hope."""
    assert cycles(edge(ONE, "a", TWO, THREE), edge(TWO, "b", ONE)) == []


def test_all_holders_wait() -> None:
    """A boss that waits for results, and workers that wait for tasks."""
    edges = [edge(MAIN, "results", ONE, TWO, to="get")]
    edges += [edge(pid, "tasks", MAIN, ONE, TWO, to="get") for pid in (ONE, TWO)]
    [knot] = knots(edges, everybody)
    assert knot.cycle == (MAIN, "results", ONE, "tasks")
    assert knot.behind == (TWO,)


def test_two_knots_are_two() -> None:
    found = cycles(edge(1, "a", 2), edge(2, "b", 1), edge(3, "c", 4), edge(4, "d", 3))
    assert found == [(1, "a", 2, "b"), (3, "c", 4, "d")]


def test_who_waits_behind_is_told_but_not_part() -> None:
    [knot] = knots([edge(1, "a", 2), edge(2, "b", 1), edge(3, "a", 2), edge(4, "c", 3)], everybody)
    assert (knot.pids, knot.behind) == ((1, 2), (3, 4))


@pytest.mark.parametrize("facts", [{"timed": True}, {"main": False}], ids=str)
def test_a_wait_that_ends_by_itself_is_no_deadlock(facts: dict[str, Any]) -> None:
    """One with a time limit, or one of a thread beside its main thread."""
    assert cycles(edge(ONE, "b", TWO, **facts), edge(TWO, "a", ONE)) == []


def test_the_dead_hold_nobody_in_a_deadlock() -> None:
    """That lock is abandoned, which is another finding."""
    edges = edge(ONE, "b", TWO), edge(TWO, "a", ONE)
    assert cycles(*edges, dead=frozenset({TWO})) == []


def test_nobody_knows_who_holds_it() -> None:
    assert cycles(edge(ONE, "a"), edge(TWO, "b", ONE)) == []


def test_who_waits_for_whatever_comes_first_needs_one_of_them() -> None:
    """As in a poll of two pipes: one who can send to either is enough."""
    either = edge(ONE, "a", TWO, to="recv"), edge(ONE, "b", THREE, to="recv")
    assert cycles(*either, edge(TWO, "c", ONE, to="recv")) == []
    assert cycles(*either, edge(TWO, "c", ONE, to="recv"), edge(THREE, "d", TWO)) == [(ONE, "a", TWO, "c")]


def test_who_does_not_know_all_ways_out_is_not_doomed() -> None:
    """Of a poll one thing could not be told, or somebody else may send: neither it nor who waits for it is held."""
    two = edge(ONE, "a", TWO, to="recv"), edge(TWO, "b", ONE, to="recv")
    assert cycles(*two) == [(ONE, "a", TWO, "b")]
    assert cycles(edge(ONE, "a", TWO, to="recv", certain=False), two[1]) == []
    assert cycles(*two, edge(ONE, "c", TWO, to="recv", certain=False)) == []


def test_a_message_of_a_process_over_nobodys_resource() -> None:
    assert cycles(edge(ONE, None, TWO, to="recv"), edge(TWO, None, ONE, to="recv")) == [(ONE, TWO)]
    assert cycles(edge(ONE, None, TWO, to="recv"), edge(TWO, None, to="recv")) == []


def test_another_thread_might_send() -> None:
    """But not release a lock that the main thread took."""
    for to, found in (("get", []), ("acquire", [(MAIN, "a", ONE, "b")])):
        assert cycles(edge(MAIN, "a", ONE, to=to), edge(ONE, "b", MAIN, to=to, alone=False)) == found


def test_who_notifies_waits_for_a_moment() -> None:
    assert cycles(edge(ONE, "c", TWO, to="notify"), edge(TWO, "a", ONE)) == []


def test_it_takes_no_longer_than_there_are_edges() -> None:
    """A ring of 20,000, and 20,000 that wait behind it."""
    size = 20_000
    ring = [edge(pid, f"r{pid}", pid % size + 1) for pid in range(1, size + 1)]
    tail = [edge(size + pid, f"r{pid}", pid) for pid in range(1, size + 1)]
    [knot] = knots([*tail, *ring], everybody)
    assert (len(knot.edges), len(knot.behind)) == (size, size)


def test_a_long_chain_to_somebody_who_works() -> None:
    assert cycles(*(edge(pid, f"r{pid}", pid + 1) for pid in range(1, 20_000))) == []


PIDS = st.integers(1, 8)
GRAPHS = st.dictionaries(
    PIDS,
    st.tuples(st.lists(PIDS | st.integers(100, 101), max_size=3, unique=True), st.booleans()),
    max_size=8,
).map(
    lambda waits: [
        edge(pid, f"r{pid}", *holders) if not joins or not holders else join(pid, holders[0])
        for pid, (holders, joins) in waits.items()
    ]
)


def doomed(edges: list[Edge]) -> set[int]:
    """By the definition, slowly."""
    held = {one.pid for one in edges}
    while freed := {
        one.pid for one in edges if one.pid in held and not ((who := set(liberators(one, everybody))) and who <= held)
    }:
        held -= freed
    return held


@given(GRAPHS)
def test_the_doomed_are_found_and_nobody_else(edges: list[Edge]) -> None:
    """Everybody who can never go on is in a cycle or behind one, and in no other."""
    found = knots(edges, everybody)
    told = [pid for knot in found for pid in (*knot.pids, *knot.behind)]
    assert len(told) == len(set(told))
    assert set(told) == doomed(edges)


@given(GRAPHS, st.randoms())
def test_a_cycle_is_one_and_always_the_same(edges: list[Edge], shuffle: Random) -> None:
    """Each waits for the next, the last for the first; the lowest pid comes first; order of reading is no matter."""
    found = knots(edges, everybody)
    for knot in found:
        following = (*knot.pids[1:], knot.pids[0])
        assert all(pid in liberators(one, everybody) for one, pid in zip(knot.edges, following, strict=True))
        assert knot.pids[0] == min(knot.pids)
        assert len(set(knot.pids)) == len(knot.pids)
    other = list(edges)
    shuffle.shuffle(other)
    assert knots(other, everybody) == found
