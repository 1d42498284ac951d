"""One of the launcher's two processes: when a life of it was a failure, with real processes that end at once."""

from __future__ import annotations

import os

import pytest

from app.launcher.service import STABLE_S, Service


def lives(service: Service, times: int, *, exitcode: int, lived_s: float) -> None:
    """Start it and tell that it ended, so many times; ``now`` is made up, the process is real."""
    now = 0.0
    for _ in range(times):
        service.start(now)
        assert service.pid is not None
        os.waitpid(service.pid, 0)
        service.ended(exitcode, now + lived_s, expected=False)
        now = service.start_at


@pytest.mark.parametrize("lived_s", [0.1, STABLE_S + 1])
def test_what_ends_by_itself_again_and_again_is_hopeless(lived_s: float) -> None:
    """Also on a machine so busy that each start takes its time before it fails."""
    service = Service("supervisor", "this", {}, give_up_after=6)
    lives(service, 5, exitcode=1, lived_s=lived_s)
    assert not service.has_given_up
    lives(service, 1, exitcode=1, lived_s=lived_s)
    assert service.has_given_up


def test_what_is_killed_later_than_at_its_start_is_started_at_once() -> None:
    """As often as somebody likes to kill it."""
    service = Service("supervisor", "this", {}, give_up_after=6)
    lives(service, 10, exitcode=-9, lived_s=STABLE_S + 1)
    assert (service.failures, service.has_given_up) == (0, False)
