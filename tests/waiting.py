"""The one way to wait in a test: for a condition, until a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.01


def wait_until(predicate: Callable[[], T], deadline_s: float = 10, message: str = "") -> T:
    """The first true answer of `predicate`; fails with `message` when there is none within `deadline_s`."""
    deadline = time.monotonic() + deadline_s
    while not (answer := predicate()):
        if time.monotonic() > deadline:
            what = message or getattr(predicate, "__qualname__", repr(predicate))
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        time.sleep(POLL_S)
    return answer
