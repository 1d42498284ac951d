"""Durations and the time of events when the system clock was set since the start of `procession serve`."""

import time
from pathlib import Path

import pytest

from app.linux import proc
from tests.supervisor.supervised import Supervised
from tests.waiting import wait_until

HOUR_S = 3600


def test_the_system_clock_was_set_forward(tmp_path: Path) -> None:
    """Told in an event; times and uptimes go on as before."""
    with Supervised(tmp_path / "home", epoch=str(proc.booted_at() - HOUR_S)) as supervisor:
        process = supervisor.record(supervisor.running("sleep", params={"seconds": 300}))
        snapshot = supervisor.snapshot().snapshot
        assert snapshot.at == pytest.approx(time.time() - HOUR_S, abs=60)
        assert process.start_time is not None
        assert 0 <= snapshot.at - process.start_time < 60
        text = "the system clock was set forward by 3,600 s"
        wait_until(lambda: any(text in one["text"] for one in supervisor.events()), message=text)
