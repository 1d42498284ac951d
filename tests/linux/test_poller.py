"""The one epoll: whatever a callback raises, the others have their turn."""

from __future__ import annotations

import os
from contextlib import closing

from app.linux.poller import Poller


def test_an_error_of_a_callback_and_of_its_close_stops_no_other() -> None:
    """Both are reported."""
    errors: list[str] = []
    called: list[int] = []

    def fail(text: str) -> None:
        raise ValueError(text)

    pipes = [os.pipe() for _ in range(3)]
    with closing(Poller(on_error=lambda error: errors.append(str(error)))) as poller:
        for number, (reading, writing) in enumerate(pipes):
            os.write(writing, b"x")
            if number == 1:
                poller.watch(reading, lambda _events: fail("callback"), close=lambda: fail("close"))
            else:
                poller.watch(reading, called.append)
        assert poller.wait(1.0) == 3
    assert errors == ["callback", "close"]
    assert len(called) == 2
    for pipe in pipes:
        for fd in pipe:
            os.close(fd)
