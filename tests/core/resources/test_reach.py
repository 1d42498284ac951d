"""Who could use a thing, and who has ended: kept of the last few only."""

from app.core.resources.book import _MOST_ENDED, Book
from app.protocol.observer import Made, Started


def test_ended_processes_are_forgotten_but_for_the_last() -> None:
    """A queue that outlives thousands of children keeps no trace of each."""
    book, parent, children = Book(), 10, range(100, 200)
    thing = book.made(parent, Made(key="queue:pipe:1", resource="queue"), 0.0, 0.0)
    assert thing
    for child in children:
        book.made(child, Made(key=thing.key, resource="queue", here=False), 0.0, 0.0)
        book.gone(child, 0.0)
    assert thing.used_by == {parent}
    assert thing.ended_users == list(children)[-_MOST_ENDED:]


def test_a_child_that_only_inherited_a_thing_cannot_use_it() -> None:
    """Unless its parent did not say what it reaches."""
    book, parent = Book(), 10
    thing = book.made(parent, Made(key="queue:pipe:1", resource="queue"), 0.0, 0.0)
    assert thing
    for child, reaches in ((11, []), (12, [thing.key]), (13, None)):
        word = Started(child=child, name="x", daemon=False, start_method="fork", reaches=reaches)
        book.reach.started(word)
        book.forked(parent, child)
    assert [child for child in (11, 12, 13) if book.can_use(child, thing)] == [12, 13]
    book.gone(11, 0.0)
    assert thing.ended_users == []


def test_a_child_that_received_an_event_reports_only_the_condition_inside() -> None:
    book, parent, child = Book(), 10, 11
    event = book.made(parent, Made(key="event:1", resource="event", parts={"cond": "cond:1"}), 0.0, 0.0)
    book.made(parent, Made(key="cond:1", resource="condition"), 0.0, 0.0)
    book.made(child, Made(key="cond:1", resource="condition", here=False), 0.0, 0.0)
    assert event
    assert event.users.keys() == {parent, child}
    book.dropped(child, "cond:1", 0.0)
    assert event.users.keys() == {parent}
    book.made(child, Made(key="cond:1", resource="condition", here=False), 0.0, 0.0)
    book.gone(child, 0.0)
    assert event.ended_users == [child]


def test_who_can_reach_a_managed_thing() -> None:
    """Whoever has any proxy of its manager, or is about to receive one; not who inherited one that it does not use."""
    book, main, server, idle, starting, other = Book(), 10, 11, 12, 13, 14
    manager = {"server": server, "address": "/tmp/m"}
    book.made(main, Made(key="addr:/tmp/m", resource="manager", facts=manager), 0.0, 0.0)
    facts = {"manager": "addr:/tmp/m", "ident": 1}
    thing = book.made(main, Made(key="managed:addr:/tmp/m/1", resource="queue", facts=facts), 0.0, 0.0)
    assert thing
    for child, reaches in ((idle, []), (starting, ["addr:/tmp/m"])):
        word = Started(child=child, name="x", daemon=False, start_method="fork", reaches=reaches)
        book.reach.started(word)
    book.forked(main, idle)
    book.made(other, Made(key="addr:/tmp/m", resource="manager", here=False), 0.0, 0.0)
    assert book.clients(thing) == {main, idle, starting, other}
    assert {pid for pid in book.clients(thing) if book.can_use(pid, thing)} == {main, starting, other}
