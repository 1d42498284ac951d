"""The waits-for graph: every deadlock is found once, and nothing else is taken for one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.scene.wait_graph import Deadlock
from app.core.scene.wait_graph import find_deadlocks as find_in_waits
from app.records.waits import HANDLER, Edge, Node, ThreadWait
from tests.core.scene.scenes import MAIN, ONE, THREE, TWO, edge, join, thread_wait


def alive(_pid: int) -> bool:
    return True


def find_deadlocks(edges: Iterable[Edge | ThreadWait], lives: Callable[[int], bool]) -> tuple[Deadlock, ...]:
    waits = [one if isinstance(one, ThreadWait) else thread_wait(one) for one in edges]
    return find_in_waits(waits, lives)


def cycles(*edges: Edge | ThreadWait, dead: frozenset[int] = frozenset()) -> list[tuple[int | str, ...]]:
    return [deadlock.cycle for deadlock in find_deadlocks(edges, lambda pid: pid not in dead)]


def unblockers(one: Edge) -> set[int]:
    return {pid for pid, _ in thread_wait(one).able}


def test_two_processes_that_take_two_locks_in_opposite_order() -> None:
    assert cycles(edge(ONE, "b", TWO), edge(TWO, "a", ONE)) == [(ONE, "b", TWO, "a")]


def test_order_of_edges_does_not_matter() -> None:
    """The cycle begins with its lowest pid, whatever was read first."""
    edges = [edge(ONE, "a", TWO), edge(TWO, "b", THREE), edge(THREE, "c", ONE), edge(MAIN, "a", TWO)]
    found = {tuple(cycles(*order)) for order in permutations(edges)}
    assert found == {((ONE, "a", TWO, "b", THREE, "c"),)}


def test_a_process_that_waits_for_itself() -> None:
    assert cycles(edge(ONE, "a", ONE)) == [(ONE, "a")]


def test_a_chain_is_no_deadlock() -> None:
    assert cycles(edge(ONE, "a", TWO), edge(TWO, "b", THREE)) == []


def test_a_join_has_no_resource() -> None:
    assert cycles(join(MAIN, ONE), edge(ONE, "a", MAIN)) == [(MAIN, ONE, "a")]


def test_any_holder_is_enough() -> None:
    """Of a semaphore or a queue: one unblocker that does not wait is enough."""
    assert cycles(edge(ONE, "a", TWO, THREE), edge(TWO, "b", ONE)) == []


def test_all_holders_wait() -> None:
    """A parent that waits for results, and workers that wait for tasks."""
    edges = [edge(MAIN, "results", ONE, TWO, to="get")]
    edges += [edge(pid, "tasks", MAIN, ONE, TWO, to="get") for pid in (ONE, TWO)]
    [deadlock] = find_deadlocks(edges, alive)
    assert deadlock.cycle == (MAIN, "results", ONE, "tasks")
    assert deadlock.blocked_behind == (TWO,)


def test_two_deadlocks_are_two() -> None:
    found = cycles(edge(1, "a", 2), edge(2, "b", 1), edge(3, "c", 4), edge(4, "d", 3))
    assert found == [(1, "a", 2, "b"), (3, "c", 4, "d")]


def test_processes_blocked_behind_are_named_but_not_part_of_the_cycle() -> None:
    [deadlock] = find_deadlocks([edge(1, "a", 2), edge(2, "b", 1), edge(3, "a", 2), edge(4, "c", 3)], alive)
    assert (deadlock.pids, deadlock.blocked_behind) == ((1, 2), (3, 4))


def test_a_wait_that_ends_by_itself_is_no_deadlock() -> None:
    assert cycles(edge(ONE, "b", TWO, timed=True), edge(TWO, "a", ONE)) == []


def test_a_dead_holder_makes_no_deadlock() -> None:
    """That lock is abandoned, which is another finding."""
    edges = edge(ONE, "b", TWO), edge(TWO, "a", ONE)
    assert cycles(*edges, dead=frozenset({TWO})) == []


def test_an_unknown_holder_makes_no_deadlock() -> None:
    assert cycles(edge(ONE, "a"), edge(TWO, "b", ONE)) == []


def test_a_poll_of_several_pipes_needs_one_of_them() -> None:
    """A process that can send to either is enough."""
    either = edge(ONE, "a", TWO, to="recv"), edge(ONE, "b", THREE, to="recv")
    assert cycles(*either, edge(TWO, "c", ONE, to="recv")) == []
    assert cycles(*either, edge(TWO, "c", ONE, to="recv"), edge(THREE, "d", TWO)) == [(ONE, "a", TWO, "c")]


def test_a_wait_whose_unblockers_are_not_all_known_is_no_deadlock() -> None:
    """One thing in a poll could not be determined: neither it nor what waits for it is doomed."""
    two = edge(ONE, "a", TWO, to="recv"), edge(TWO, "b", ONE, to="recv")
    assert cycles(*two) == [(ONE, "a", TWO, "b")]
    assert cycles(edge(ONE, "a", TWO, to="recv", certain=False), two[1]) == []
    assert cycles(*two, edge(ONE, "c", TWO, to="recv", certain=False)) == []


def test_a_message_over_a_pipe_that_is_no_resource() -> None:
    assert cycles(edge(ONE, None, TWO, to="recv"), edge(TWO, None, ONE, to="recv")) == [(ONE, TWO)]
    assert cycles(edge(ONE, None, TWO, to="recv"), edge(TWO, None, to="recv")) == []


@pytest.mark.parametrize("other", [(ONE, 7), (ONE, HANDLER)])
def test_another_thread_or_a_handler_might_send(other: Node) -> None:
    waits = thread_wait(edge(MAIN, "a", ONE, to="get"), other), edge(ONE, "b", MAIN, to="get")
    assert cycles(*waits) == []
    assert cycles(*waits, of_thread(ONE, 7, "b", MAIN)) == ([(MAIN, "a", ONE, "b")] if other[1] == 7 else [])


def test_a_notify_waits_only_for_a_moment() -> None:
    assert cycles(edge(ONE, "c", TWO, to="notify"), edge(TWO, "a", ONE)) == []


def test_it_takes_linear_time() -> None:
    """A ring of 20,000, and 20,000 that wait behind it."""
    size = 20_000
    ring = [edge(pid, f"r{pid}", pid % size + 1) for pid in range(1, size + 1)]
    tail = [edge(size + pid, f"r{pid}", pid) for pid in range(1, size + 1)]
    [deadlock] = find_deadlocks([*tail, *ring], alive)
    assert (len(deadlock.edges), len(deadlock.blocked_behind)) == (size, size)


def test_a_long_chain_to_a_running_process() -> None:
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
    """Return the doomed processes by the definition, slowly."""
    held = {one.pid for one in edges}
    while freed := {one.pid for one in edges if one.pid in held and not ((who := unblockers(one)) and who <= held)}:
        held -= freed
    return held


@given(GRAPHS)
def test_exactly_the_doomed_processes_are_found(edges: list[Edge]) -> None:
    """Each process that can never continue is in one cycle or behind one."""
    found = find_deadlocks(edges, alive)
    named = [pid for deadlock in found for pid in (*deadlock.pids, *deadlock.blocked_behind)]
    assert len(named) == len(set(named))
    assert set(named) == doomed(edges)


@given(GRAPHS, st.randoms())
def test_the_same_graph_gives_the_same_cycles(edges: list[Edge], shuffle: Random) -> None:
    """Each waits for the next, the last for the first; the lowest pid comes first, in whatever order edges are read."""
    found = find_deadlocks(edges, alive)
    for deadlock in found:
        following = (*deadlock.pids[1:], deadlock.pids[0])
        assert all(pid in unblockers(one) for one, pid in zip(deadlock.edges, following, strict=True))
        assert deadlock.pids[0] == min(deadlock.pids)
        assert len(set(deadlock.pids)) == len(deadlock.pids)
    other = list(edges)
    shuffle.shuffle(other)
    assert find_deadlocks(other, alive) == found


def of_thread(pid: int, tid: int, key: str | None, *holders: int, **facts: Any) -> Edge:
    """The wait of a thread that is not the main one."""
    return edge(pid, key, *holders, main=False, tid=tid, **facts)


def for_a_thread(pid: int, tid: int, *tids: int) -> ThreadWait:
    """The wait of a thread that any other of these threads of its process can end."""
    wait = edge(pid, None, pid, to="thread", main=not tid, tid=tid)
    return ThreadWait(edge=wait, able=frozenset((pid, one) for one in (tid, *tids)))


def test_threads_of_two_processes_that_take_two_locks_in_opposite_order() -> None:
    """Wherever their main threads are."""
    waits = of_thread(ONE, 7, "b", TWO, holder_tid=7), of_thread(TWO, 7, "a", ONE, holder_tid=7)
    assert cycles(*waits) == [(ONE, "b", TWO, "a")]
    assert cycles(of_thread(ONE, 7, "b", TWO, holder_tid=8), waits[1]) == []


def test_two_threads_of_one_process_that_take_two_locks_in_opposite_order() -> None:
    one, other = of_thread(ONE, 7, "b", ONE, holder_tid=8), of_thread(ONE, 8, "a", ONE, holder_tid=7)
    assert cycles(one, other) == [(ONE, "b", ONE, "a")]


def test_a_main_thread_that_waits_for_the_lock_of_a_thread() -> None:
    """The thread runs, or waits for a lock of the main thread."""
    waits = edge(ONE, "a", TWO, holder_tid=7)
    assert cycles(waits, edge(TWO, "b", ONE)) == []
    assert cycles(waits, of_thread(TWO, 7, "b", ONE)) == [(ONE, "a", TWO, "b")]


def test_a_main_thread_that_waits_for_a_thread_which_waits_for_another_process() -> None:
    """As in Thread.join(): the wait of the thread is that of the process."""
    waits = for_a_thread(ONE, 0, 7), of_thread(ONE, 7, "q", TWO, to="get"), join(TWO, ONE)
    [deadlock] = find_deadlocks(waits, alive)
    assert (deadlock.cycle, deadlock.pids, deadlock.within) == ((ONE, "q", TWO), (ONE, TWO), None)
    assert [one.to for one in deadlock.edges] == ["thread", "get", "join"]
    assert cycles(for_a_thread(ONE, 0, 7, 8), *waits[1:]) == []


def test_a_process_of_which_all_threads_wait_for_each_other() -> None:
    [deadlock] = find_deadlocks([for_a_thread(ONE, 0, 7), for_a_thread(ONE, 7, 0)], alive)
    assert (deadlock.within, deadlock.cycle) == (ONE, ())
    [alone] = find_deadlocks([for_a_thread(TWO, 0)], alive)
    assert (alone.within, len(alone.edges)) == (TWO, 1)
    assert find_deadlocks([for_a_thread(ONE, 0, 7)], alive) == ()


def test_many_that_wait_for_each_other() -> None:
    """A thousand consumers of one queue, which any of them could fill."""
    able = frozenset((pid, 0) for pid in range(1000))
    waits = [ThreadWait(edge=edge(pid, "q", *range(1000), to="get"), able=able) for pid in range(1000)]
    [deadlock] = find_deadlocks(waits, alive)
    assert (deadlock.pids, len(deadlock.blocked_behind)) == ((0, 1), 998)
