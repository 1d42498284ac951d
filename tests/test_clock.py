"""The clock of the records: it starts at the wall clock, and nobody can set it."""

import time

import pytest

from app.clock import Clock
from app.linux import proc

HOUR_S = 3600


def test_it_starts_at_the_wall_clock_and_goes_on_with_time() -> None:
    counted, wall, monotonic = Clock(), time.time(), time.monotonic()
    now = counted.now()
    assert now.wall == pytest.approx(wall, abs=1)
    assert now.mono == pytest.approx(monotonic, abs=1)
    assert counted.now().wall > now.wall
    assert counted.notice() is None


def test_two_processes_count_the_same_from_one_epoch() -> None:
    since = proc.booted_at() - HOUR_S
    one, other = Clock(since).now().wall, Clock(since).now().wall
    assert 0 <= other - one < 1
    assert one == pytest.approx(time.time() - HOUR_S, abs=1)


def test_a_clock_that_was_set_is_told_once_and_changes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    counted, before, real = Clock(), time.time(), time.time
    monkeypatch.setattr(time, "time", lambda: real() + HOUR_S)
    assert str(counted.notice()).startswith("the system clock was set forward by 3,600 s: the times shown here follow")
    assert counted.notice() is None
    assert counted.now().wall == pytest.approx(before, abs=1)
    monkeypatch.setattr(time, "time", lambda: real() - HOUR_S)
    assert str(counted.notice()).startswith("the system clock was set back by 7,200 s: the times shown here follow")
    monkeypatch.setattr(time, "time", real)
    assert str(counted.notice()).endswith("by 3,600 s: it agrees again with the times shown here")
