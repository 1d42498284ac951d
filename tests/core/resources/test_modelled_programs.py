"""The verdict about random programs equals that of a slow model, with innocent company and without."""

import pytest
from hypothesis import given, settings

from tests.core.resources.modelled_programs import OBJECTS, Program, Read, Thread, pid_of, programs, stuck, told


@pytest.mark.parametrize("examples", [200, pytest.param(20_000, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
def test_exactly_the_processes_are_told_that_can_never_go_on(examples: int) -> None:
    @settings(max_examples=examples, deadline=None)
    @given(programs())
    def compare(program: Program) -> None:
        assert told(Read(program).waits()) == {pid_of(one) for one in stuck(program)}

    compare()


@settings(max_examples=100)
@given(programs())
def test_company_that_only_looks_changes_nothing(program: Program) -> None:
    """A monitor process that shows the state of each object, and a heartbeat thread in each of the others."""
    last = max(process for process, _ in program)
    monitor = Thread("sleep", frozenset(OBJECTS))
    company = {(process, 9): Thread("sleep") for process in range(last + 1)} | {(last + 1, 0): monitor}
    joins = any(thread.at == "threads" for thread in program.values())
    both = {**program, **company}
    if not joins:  # a heartbeat thread might be one that is joined
        assert stuck(both) == stuck(program)
    assert told(Read(both).waits()) == {pid_of(one) for one in stuck(both)}


def test_the_model_knows_what_it_is_to_know() -> None:
    """Two processes that take two locks in opposite order; one of them could be freed by a thread."""
    opposite = {
        (0, 0): Thread("join", of=1),
        (1, 0): Thread("lock_b", frozenset({"lock_a", "lock_b"}), holds=("lock_a",)),
        (2, 0): Thread("lock_a", frozenset({"lock_a", "lock_b"}), holds=("lock_b",)),
    }
    assert stuck(opposite) == {0, 1, 2}
    consumer = {(0, 0): Thread("join", of=1), (1, 0): Thread("queue_a", frozenset({"queue_a"}))}
    assert stuck(consumer) == {0, 1}
    puts = Thread("sleep", frozenset({"queue_a"}), frozenset({"put"}))
    assert stuck({**consumer, (0, 1): puts}) == set()
    for idle in (Thread("sleep"), Thread("sleep", frozenset({"queue_a"}), frozenset({"set"}))):
        assert stuck({**consumer, (0, 1): idle}) == {0, 1}
