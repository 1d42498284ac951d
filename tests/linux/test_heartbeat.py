"""How long a process has not beaten, as its launcher sees it."""

import os

import pytest

from app.linux import heartbeat
from app.linux.heartbeat import Heartbeat, Silence


@pytest.fixture
def beat() -> Heartbeat:
    memory = heartbeat.create()
    found = Heartbeat(memory)
    os.close(memory)
    return found


def test_silence_is_counted_from_the_last_beat(beat: Heartbeat) -> None:
    silence = Silence(beat)
    silence.begin(100.0)
    beat.beat()
    assert silence.look(101.0) == 0
    assert silence.began
    assert [silence.look(at) for at in (102.0, 103.5)] == [1, 2.5]
    beat.beat()
    assert silence.look(104.0) == 0


def test_time_in_which_nobody_looked_is_not_held_against_the_process(beat: Heartbeat) -> None:
    """The whole machine, or container, was stopped for an hour."""
    silence = Silence(beat)
    silence.begin(0.0)
    beat.beat()
    silence.look(1.0)
    assert silence.look(3601.0) <= 3


def test_one_that_never_beats_is_silent_from_its_start(beat: Heartbeat) -> None:
    silence = Silence(beat)
    beat.beat()
    silence.begin(10.0)
    assert [silence.look(at) for at in (11.0, 12.0)] == [1, 2]
    assert not silence.began
