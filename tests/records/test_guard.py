"""An error of our own is dropped, counted, logged once per kind and shown as a finding."""

from __future__ import annotations

import pytest

from app.records.guard import MAX_LOGGED, NO_GUARD, Guard
from app.records.primitives import Now


def made(*, reraises: bool = False) -> tuple[Guard, list[str]]:
    """Return a guard, and the list of what it logs."""
    logged: list[str] = []
    return Guard(lambda: Now(mono=1.0, wall=100.0), logged.append, reraises=reraises), logged


def test_what_raises_is_dropped_and_the_rest_goes_on() -> None:
    """The body ends at the error; what comes after it is done."""
    guard, _ = made()
    done = []
    for number in (1, 0, 2):
        with guard.over("messages"):
            done.append(1 / number)
    assert done == [1.0, 0.5]
    assert guard.count == 1


def test_the_finding_says_what_was_dropped_how_often_and_why() -> None:
    """One finding for each kind of work, with its newest error."""
    guard, _ = made()
    for word in ("first", "second"):
        with guard.over("messages"):
            raise KeyError(word)
    with guard.over("readings"):
        raise ValueError
    messages, readings = guard.findings
    assert (messages.text, messages.since) == ("Internal error in Procession. Dropped messages: 2.", 100.0)
    assert "KeyError: 'second' (test_guard.py:" in messages.why
    assert "Dropped readings: 1." in readings.text
    assert "ValueError (test_guard.py:" in readings.why


def test_each_kind_is_logged_once_with_its_traceback() -> None:
    """A kind is the error's type and place; a flood of one kind is one traceback and one line of the journal."""
    guard, logged = made()
    for _ in range(50):
        with guard.over("messages"):
            raise KeyError
    with guard.over("messages"):
        raise KeyError
    assert len(logged) == 2
    assert all("Traceback (most recent call last)" in text for text in logged)
    assert [line.kind for line in guard.take_lines()] == ["supervisor"] * 2
    assert guard.take_lines() == []


def test_kinds_without_end_are_not_logged_without_end() -> None:
    """Errors at ever new places are only counted in the end."""
    guard, logged = made()
    for number in range(MAX_LOGGED + 20):
        with guard.over(f"messages {number}"):
            raise KeyError
    assert len(logged) == MAX_LOGGED
    assert guard.count == MAX_LOGGED + 20


def test_then_is_called_after_an_error_only_and_is_guarded_itself() -> None:
    """It costs the sender its connection, whose closing may fail too."""
    guard, _ = made()
    closed: list[int] = []

    def close() -> None:
        closed.append(1)
        raise OSError("closing failed")

    with guard.over("messages", close):
        pass
    assert not closed
    with guard.over("messages", close):
        raise KeyError
    assert closed == [1]
    assert guard.count == 2


def test_an_interrupt_is_not_dropped() -> None:
    """Only errors are: whoever ends the process must be able to."""
    guard, _ = made()
    with pytest.raises(KeyboardInterrupt), guard.over("messages"):
        raise KeyboardInterrupt


def test_in_tests_the_error_is_raised() -> None:
    """A guard that reraises drops nothing, and neither does none."""
    strict, _ = made(reraises=True)
    for guard in (strict, NO_GUARD):
        with pytest.raises(KeyError), guard.over("messages"):
            raise KeyError
