"""When the launcher counts the end of one of its two services as a failure; the processes are real and exit at once."""

from __future__ import annotations

import os

import pytest

from app.launcher.service import STABLE_S, Service
from app.linux import heartbeat


def failing_service() -> Service:
    """Return a service that exits at once."""
    memory = heartbeat.create()
    beat = heartbeat.Heartbeat(memory)
    os.close(memory)
    return Service("supervisor", "this", {}, give_up_after=6, heartbeat=beat, replace_after_s=60)


def run_and_end(service: Service, times: int, *, exitcode: int, lived_s: float) -> None:
    """Start the service and report its end, ``times`` times; the process is real, the clock is simulated."""
    now = 0.0
    for _ in range(times):
        service.start(now)
        assert service.pid is not None
        os.waitpid(service.pid, 0)
        service.ended(exitcode, now + lived_s, expected=False)
        now = service.start_at


@pytest.mark.parametrize("lived_s", [0.1, STABLE_S + 1])
def test_a_service_that_keeps_exiting_is_given_up(lived_s: float) -> None:
    """This also holds on a machine so busy that each start takes long before it fails."""
    service = failing_service()
    run_and_end(service, 5, exitcode=1, lived_s=lived_s)
    assert not service.has_given_up
    run_and_end(service, 1, exitcode=1, lived_s=lived_s)
    assert service.has_given_up


def test_a_service_killed_after_a_stable_start_is_restarted_at_once() -> None:
    """This holds however often it is killed."""
    service = failing_service()
    run_and_end(service, 10, exitcode=-9, lived_s=STABLE_S + 1)
    assert (service.failures, service.has_given_up) == (0, False)
