"""The one way to wait in a test: for a condition, until a deadline; and whether a process has ended."""

import time
from collections.abc import Callable
from typing import TypeVar

from app.linux import proc

T = TypeVar("T")

#: Bounds how long a failure takes; on a busy machine a process may not run for seconds.
WITHIN_S = 30
POLL_S = 0.01
#: Asking costs both sides time, so who has waited long asks less often: a wait lasts a tenth longer than it has to.
SLOWEST_POLL_S = 0.1


def wait_until(
    predicate: Callable[[], T], deadline_s: float = WITHIN_S, message: str = "", slowest_poll_s: float = SLOWEST_POLL_S
) -> T:
    """Return the first true answer of `predicate`; fail with `message` if there is none within `deadline_s`.

    A shorter deadline than `WITHIN_S` would only test how busy the machine is.
    """
    start, deadline_s = time.monotonic(), max(deadline_s, WITHIN_S)
    while not (answer := predicate()):
        waited = time.monotonic() - start
        if waited > deadline_s:
            what = message or getattr(predicate, "__qualname__", repr(predicate))
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        time.sleep(min(max(POLL_S, waited / 10), slowest_poll_s))
    return answer


def gone(pid: int) -> bool:
    """Return whether a process has ended, reaped or not."""
    stat = proc.stat(pid)
    return stat is None or stat.dead
