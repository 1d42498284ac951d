"""Each wait in words, what ends it, and who can."""

import pytest

from app.records.resource import ResourceKind as K
from app.records.wait_words import unblockers, worded
from app.records.waits import Edge
from tests.core.scene.scenes import MAIN, ONE, THREE, TWO, edge, join, resource, waiting


@pytest.mark.parametrize(
    ("kind", "to", "phrase", "label", "ended_by"),
    [
        (K.LOCK, "acquire", "waits for", "waits", "held by"),
        (K.RLOCK, "acquire", "waits for", "waits", "held by"),
        (K.SEMAPHORE, "acquire", "waits for", "waits", "released by"),
        (K.BOUNDED_SEMAPHORE, "acquire", "waits for", "waits", "released by"),
        (K.CONDITION, "wait", "waits for", "waits", "notified by"),
        (K.CONDITION, "notify", "waits in notify() on", "in notify()", "acknowledged by"),
        (K.EVENT, "wait", "waits for", "waits", "set by"),
        (K.JOINABLE_QUEUE, "wait", "waits in join() on", "in join()", "processed by"),
        (K.QUEUE, "get", "waits to get from", "in get()", "written by"),
        (K.QUEUE, "put", "waits to put into", "in put()", "read by"),
        (K.QUEUE, "flush", "is blocked flushing its queue buffer to", "flushing", "read by"),
        (K.PIPE, "recv", "waits to receive from", "in recv()", "written by"),
        (K.PIPE, "send", "waits to send to", "in send()", "read by"),
        (K.POOL, "get", "waits to get from", "in get()", "served by"),
        (K.MANAGER, "answer", "waits for a reply from", "waits for reply", "answered by"),
        (K.LISTENER, "recv", "waits for a message on", "in recv()", "sent by"),
        (K.LISTENER, "connect", "waits to be accepted by", "in connect()", "accepted by"),
        (K.LISTENER, "accept", "waits in accept() on", "in accept()", ""),
    ],
)
def test_each_kind_has_its_words(kind: K, to: str, phrase: str, label: str, ended_by: str) -> None:
    one = worded(edge(ONE, "r", TWO, to=to), resource("r", kind))
    assert (one.phrase, one.label, one.ended_by, one.unblockers) == (phrase, label, ended_by, None)


def test_of_several_possible_holders_each_may_hold_the_lock() -> None:
    assert worded(edge(ONE, "a", TWO, MAIN), resource("a")).ended_by == "may be held by"


@pytest.mark.parametrize(
    ("one", "phrase", "label"),
    [
        (join(MAIN, ONE), "waits in join() for", "in join()"),
        (edge(ONE, None, TWO, to="recv"), "waits for a message from", "in recv()"),
        (edge(ONE, None, TWO, to="send"), "waits to send a message to", "in send()"),
        (edge(ONE, None, TWO, to="connect"), "waits to be accepted by", "in connect()"),
    ],
)
def test_a_wait_for_a_process_names_it_once(one: Edge, phrase: str, label: str) -> None:
    found = worded(one, None)
    assert (found.phrase, found.label, found.ended_by, found.unblockers) == (phrase, label, "", None)


def test_a_barrier_waits_for_those_that_have_not_arrived() -> None:
    """Processes that wait there have arrived."""
    gate = resource("gate", K.BARRIER, parties=4, arrived=2, waiting=waiting(ONE, TWO, to="wait"))
    one = worded(edge(ONE, "gate", MAIN, TWO, THREE, to="wait"), gate)
    assert (one.ended_by, one.unblockers) == ("needs 2 more of", (MAIN, THREE))
    assert unblockers(edge(ONE, "a", MAIN, TWO), resource("a")) == (MAIN, TWO)


def test_at_a_barrier_where_all_wait_for_one_more_nobody_can_end_that() -> None:
    gate = resource("gate", K.BARRIER, parties=3, arrived=2, waiting=waiting(ONE, TWO, to="wait"))
    one = worded(edge(ONE, "gate", TWO, to="wait"), gate)
    assert (one.ended_by, one.unblockers) == ("with no known process to end the wait", ())


@pytest.mark.parametrize(
    ("holder", "ended_by", "named"),
    [(TWO, "abandoned by", (TWO,)), (None, "abandoned by a process that has exited", None)],
)
def test_an_abandoned_lock_names_its_dead_holder(
    holder: int | None, ended_by: str, named: tuple[int, ...] | None
) -> None:
    one = worded(edge(ONE, "a"), resource("a", holder=holder, abandoned=True))
    assert (one.ended_by, one.unblockers) == (ended_by, named)


def test_a_wait_that_no_known_process_can_end_says_so() -> None:
    assert worded(edge(ONE, "q", to="get"), resource("q", K.QUEUE)).ended_by == "with no known process to end the wait"
