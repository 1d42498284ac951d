"""What ends a wait, in the words of each kind of resource."""

import pytest

from app.records.resource import ResourceKind as K
from app.records.wait_words import unblockers, unblocking
from tests.core.findings.scenes import MAIN, ONE, THREE, TWO, edge, join, resource, waiting


@pytest.mark.parametrize(
    ("kind", "to", "label"),
    [
        (K.LOCK, "acquire", "held by"),
        (K.RLOCK, "acquire", "held by"),
        (K.SEMAPHORE, "acquire", "released by"),
        (K.BOUNDED_SEMAPHORE, "acquire", "released by"),
        (K.CONDITION, "wait", "notified by"),
        (K.CONDITION, "notify", "acknowledged by"),
        (K.EVENT, "wait", "set by"),
        (K.JOINABLE_QUEUE, "wait", "processed by"),
        (K.QUEUE, "get", "written by"),
        (K.QUEUE, "put", "read by"),
        (K.QUEUE, "flush", "read by"),
        (K.PIPE, "recv", "written by"),
        (K.PIPE, "send", "read by"),
        (K.POOL, "get", "served by"),
    ],
)
def test_each_kind_has_its_words(kind: K, to: str, label: str) -> None:
    assert unblocking(edge(ONE, "r", TWO, to=to), resource("r", kind)).label == label


def test_of_several_possible_holders_each_may_hold_the_lock() -> None:
    assert unblocking(edge(ONE, "a", TWO, MAIN), resource("a"), several=True).label == "may be held by"


def test_a_join_has_no_label() -> None:
    assert unblocking(join(MAIN, ONE), None).label == ""


def test_a_barrier_waits_for_those_that_have_not_arrived() -> None:
    """Processes that wait there have arrived."""
    gate = resource("gate", K.BARRIER, parties=4, arrived=2, waiting=waiting(ONE, TWO, to="wait"))
    one = edge(ONE, "gate", MAIN, TWO, THREE, to="wait")
    assert unblocking(one, gate, several=True).label == "missing 2 of"
    assert unblockers(one, gate) == (MAIN, THREE)
    assert unblockers(edge(ONE, "a", MAIN, TWO), resource("a")) == (MAIN, TWO)
