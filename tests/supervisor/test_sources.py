"""The source around the lines at which suspects stand: when it is read, read again, and forgotten."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.scene.python_stack import Frame
from app.core.scene.surroundings import Line, Surroundings
from app.linux.poller import Poller
from app.supervisor.aside import Aside
from app.supervisor.sources import Sources
from tests.waiting import wait_until

PID = os.getpid()
SOURCE = """
def work(lock, jobs):
    lock.acquire()
    jobs.get()
    jobs.put(1)
"""


class Reader:
    """Sources that read the file of one suspect, which stands in line 4."""

    def __init__(self, folder: Path) -> None:
        path = folder / "train.py"
        path.write_text(SOURCE)
        os.utime(path, (0, 0))  # older than this process
        self.poller, self.now = Poller(), 0.0
        self.aside: Aside[frozenset[Line]] = Aside(self.poller)
        self.sources = Sources(self.aside)
        self.line = Line(PID, str(path), 4)
        self.stacks = {PID: {PID: (Frame("work", str(path), 4),)}}

    def looks_until_read(self) -> bool:
        """Look again; return whether the source was read."""
        self.poller.wait(0.01)
        self.sources.look(self.stacks, self.now)
        return bool(self.sources.known.get(self.line, Surroundings()).later)


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.aside.close()
    wait_until(lambda: not (reader.aside.tick(0.0), reader.aside.pids())[1])


def test_the_source_is_read_and_forgotten_with_the_suspect(reader: Reader) -> None:
    wait_until(reader.looks_until_read)
    around = reader.sources.known[reader.line]
    assert [call.method for call in around.acquired] == ["acquire"]
    reader.sources.look({}, reader.now)
    assert reader.sources.known == {}


def test_what_could_not_be_read_in_time_is_read_later(reader: Reader) -> None:
    """The disk may answer again; the wait for it is still the same."""
    assert not reader.looks_until_read()
    (first,) = reader.aside.pids()
    os.kill(first, signal.SIGSTOP)
    reader.now += 6
    wait_until(lambda: (reader.looks_until_read(), not reader.aside.pids())[1])
    assert reader.sources.known == {}
    reader.now += 31
    wait_until(reader.looks_until_read)
