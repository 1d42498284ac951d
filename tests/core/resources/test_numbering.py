"""Things with the same name get numbers, and keep them."""

from app.core.resources.book import Book
from app.core.resources.thing import Thing
from app.protocol.observer import Made


def lock(book: Book, key: str, name: str = "locks (x.py:3)", *, pid: int = 1, here: bool = True) -> Thing:
    thing = book.made(pid, Made(key=key, resource="lock", name=name, here=here), 0.0, 0.0)
    assert thing is not None
    return thing


def test_the_only_thing_of_a_name_has_no_number() -> None:
    """Nor has one that is reported again, or by a process that received it."""
    book = Book()
    first = lock(book, "sem:1")
    assert lock(book, "sem:1") is lock(book, "sem:1", name="", pid=2, here=False) is first
    assert first.name == "locks (x.py:3)"


def test_things_with_the_same_name_are_numbered_in_order() -> None:
    """The first one too, once there is a second; the number stands after the variable, if there is one."""
    book = Book()
    named = [lock(book, f"sem:{number}") for number in range(3)]
    nameless = [lock(book, f"sem:{number}", "x.py:4") for number in range(10, 12)]
    assert [thing.name for thing in named] == ["locks #1 (x.py:3)", "locks #2 (x.py:3)", "locks #3 (x.py:3)"]
    assert [thing.name for thing in nameless] == ["x.py:4 #1", "x.py:4 #2"]


def test_numbers_are_for_life() -> None:
    """The number of a thing that is gone is not reused."""
    book = Book()
    lock(book, "sem:1")
    second = lock(book, "sem:2")
    book.dropped(1, "sem:1", 0.0)
    book.expire(100.0)
    assert (lock(book, "sem:3").name, second.name) == ("locks #3 (x.py:3)", "locks #2 (x.py:3)")


def test_each_program_and_kind_has_its_own_numbers() -> None:
    """Things of other programs or kinds need no number."""
    book = Book()
    book.programs.update({1: "p1", 2: "p2"})
    one, other = lock(book, "sem:1"), lock(book, "sem:2", pid=2)
    queue = book.made(1, Made(key="queue:3", resource="queue", name="locks (x.py:3)"), 0.0, 0.0)
    assert queue is not None
    assert {one.name, other.name, queue.name} == {"locks (x.py:3)"}
