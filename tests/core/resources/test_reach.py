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
