"""How it is told who could let a wait end: each kind in its own words."""

import pytest

from app.records.resource import ResourceKind as K
from app.records.wait_words import able, ended_by
from tests.core.findings.scenes import MAIN, ONE, THREE, TWO, edge, join, resource, waiting


@pytest.mark.parametrize(
    ("kind", "to", "told"),
    [
        (K.LOCK, "acquire", "held by"),
        (K.RLOCK, "acquire", "held by"),
        (K.SEMAPHORE, "acquire", "could be released by"),
        (K.BOUNDED_SEMAPHORE, "acquire", "could be released by"),
        (K.CONDITION, "wait", "could be notified by"),
        (K.CONDITION, "notify", "must be answered by"),
        (K.EVENT, "wait", "could be set by"),
        (K.JOINABLE_QUEUE, "wait", "could be worked off by"),
        (K.QUEUE, "get", "could be filled by"),
        (K.QUEUE, "put", "could be emptied by"),
        (K.QUEUE, "flush", "could be emptied by"),
        (K.PIPE, "recv", "could be filled by"),
        (K.PIPE, "send", "could be emptied by"),
        (K.POOL, "get", "could be served by"),
    ],
)
def test_each_kind_has_its_words(kind: K, to: str, told: str) -> None:
    assert ended_by(edge(ONE, "r", TWO, to=to), resource("r", kind), several=False) == told


def test_of_several_none_is_said_to_hold_it() -> None:
    assert ended_by(edge(ONE, "a", TWO, MAIN), resource("a"), several=True) == "may be held by"


def test_a_join_has_no_such_words() -> None:
    assert ended_by(join(MAIN, ONE), None, several=False) == ""


def test_a_barrier_waits_for_those_that_have_not_arrived() -> None:
    """Who waits there is told no more as one that could come."""
    gate = resource("gate", K.BARRIER, parties=4, arrived=2, waiting=waiting(ONE, TWO, to="wait"))
    one = edge(ONE, "gate", MAIN, TWO, THREE, to="wait")
    assert ended_by(one, gate, several=True) == "2 more must arrive, of"
    assert able(one, gate) == (MAIN, THREE)
    assert able(edge(ONE, "a", MAIN, TWO), resource("a")) == (MAIN, TWO)
