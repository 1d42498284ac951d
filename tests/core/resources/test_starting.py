"""Children that start may use what they will be given."""

from app.core.resources.blocked import Blocked
from app.core.resources.book import Book
from app.core.resources.unblockers import Unblockers
from app.protocol.observer import Made, Started

PARENT, CHILD, OTHER = 10, 11, 12
KEY = "barrier:1"


def book() -> Book:
    found = Book()
    found.made(PARENT, Made(key=KEY, resource="barrier", here=True), 0.0, 0.0)
    for child, reaches in ((CHILD, [KEY, ".wait"]), (OTHER, [])):
        word = Started(child=child, name="", daemon=False, start_method="spawn", reaches=reaches)
        found.reach.started(word)
        found.starting.begin(PARENT, child, 0.0)
    return found


def holders(of: Book) -> tuple[int, ...]:
    thing = of.by_key[KEY]
    return Unblockers(of).holders(Blocked(PARENT, thing, thing, "wait", main=True, timed=False))


def test_a_child_that_starts_can_end_a_wait_for_what_it_is_given() -> None:
    """Until it has what it was given: then it is a user, or not."""
    one = book()
    assert holders(one) == (CHILD,)
    one.starting.end(CHILD)
    assert holders(one) == (PARENT,)
    one.made(CHILD, Made(key=KEY, resource="barrier"), 0.0, 0.0)
    assert holders(one) == (CHILD,)


def test_a_child_that_has_ended_or_never_reports_is_forgotten() -> None:
    ended, silent = book(), book()
    ended.gone(CHILD, 1.0)
    silent.expire(61.0)
    assert holders(ended) == holders(silent) == (PARENT,)


def test_the_word_of_a_child_may_come_before_that_of_its_parent() -> None:
    one = Book()
    one.starting.end(CHILD)
    one.starting.begin(PARENT, CHILD, 0.0)
    assert list(one.starting.of({PARENT})) == []
