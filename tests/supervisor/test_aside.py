"""What may wait for a disk is done aside: the loop answers everybody else meanwhile."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.linux import proc
from app.linux.poller import Poller
from app.protocol import control as m
from app.protocol.control import Refused
from app.protocol.programs import RunProgram
from app.records.errors import InvalidField, JournalError
from app.records.program import ProgramSpec
from app.supervisor import aside
from app.supervisor.aside import Aside, Done
from tests.supervisor.supervised import Supervised
from tests.waiting import wait_until

PTRACE_SEIZE, PR_SET_PTRACER, PR_SET_PTRACER_ANY = 0x4206, 0x59616D61, ctypes.c_ulong(2**64 - 1)
LATE = InvalidField("path", "was not answered in time")


class Harness:
    """An `Aside` with its own poller."""

    def __init__(self) -> None:
        self.poller = Poller()
        self.aside: Aside[str] = Aside(self.poller)

    def result(self, token: str) -> Done | Refused:
        """Return the result of the work with this token, once it is there."""
        found: list[Done | Refused] = []

        def look() -> bool:
            self.poller.wait(0.01)
            self.aside.tick(time.monotonic())
            found.extend(result for one, result in self.aside.finished if one == token)
            return bool(found)

        wait_until(look, 20, f"the result of {token}")
        return found[0]

    def all_reaped(self) -> bool:
        """Return whether no process of it is left."""
        self.aside.tick(time.monotonic())
        return not self.aside.pids()


@pytest.fixture
def harness() -> Iterator[Harness]:
    one = Harness()
    yield one
    one.aside.close()
    wait_until(one.all_reaped, message="all are reaped")
    one.poller.close()


def test_the_result_is_that_of_the_work_or_its_refusal(harness: Harness) -> None:
    """Both cross the pipe whole, however large."""

    def refuse() -> bytes:
        raise JournalError("the journal cannot be read")

    large = b'"' + b"x" * 5_000_000 + b'"'
    harness.aside.run("large", lambda: large, LATE, 20.0, time.monotonic())
    harness.aside.run("refused", refuse, LATE, 20.0, time.monotonic())
    assert harness.result("large") == Done(large)
    refused = harness.result("refused")
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.detail) == ("journal", "the journal cannot be read")


def test_work_that_fails_or_dies_is_an_internal_error(harness: Harness) -> None:
    """Neither its exception nor its death goes on in the supervisor."""
    harness.aside.run("fails", lambda: b"" + None, LATE, 20.0, time.monotonic())  # type: ignore[operator]
    harness.aside.run("dies", lambda: os.kill(os.getpid(), signal.SIGKILL) or b"", LATE, 20.0, time.monotonic())
    for token in ("fails", "dies"):
        refused = harness.result(token)
        assert isinstance(refused, Refused)
        assert "internal error" in refused.detail


def test_work_that_is_late_is_refused_and_killed(harness: Harness) -> None:
    """As on a file server that is away; the others have their turn."""
    for number in range(aside.MAX_RUNNING + 2):
        harness.aside.run(f"late {number}", lambda: time.sleep(600) or b"", LATE, 0.3, time.monotonic())
    harness.aside.run("quick", lambda: b"1", LATE, 20.0, time.monotonic())
    assert harness.result("quick") == Done(b"1")
    refused = harness.result("late 0")
    assert isinstance(refused, Refused)
    assert (refused.kind, refused.field) == ("invalid", "path")


def test_processes_that_do_not_die_are_limited_and_leave_room_for_others(harness: Harness, tmp_path: Path) -> None:
    """As on a file server that is away for hours: the loop is not woken all the time to reap them."""
    release = tmp_path / "release"
    try:
        # On a busy machine some are killed before they are traced, and so do die.
        for round_ in range(40):
            if round_ >= 4 and len(harness.aside.pids()) == aside.MAX_PROCESSES:
                break
            for number in range(aside.MAX_RUNNING):
                harness.aside.run(f"hangs {number}", partial(never_dying, release), LATE, 0.4, time.monotonic())
            while harness.aside._waiting or harness.aside._running:
                harness.poller.wait(0.01)
                harness.aside.tick(time.monotonic())
                assert len(harness.aside.pids()) <= aside.MAX_PROCESSES
        if not harness.aside.pids():
            pytest.skip("ptrace is not permitted")
        assert len(harness.aside.pids()) == aside.MAX_PROCESSES
        harness.aside.run("late", lambda: b"1", LATE, 0.1, time.monotonic())
        assert isinstance(harness.result("late"), Refused)
        other: Any = 1  # another kind of request
        harness.aside.run(other, lambda: b"1", LATE, 20.0, time.monotonic())
        assert harness.result(other) == Done(b"1")
        wakes, until = 0, time.monotonic() + 3.0
        while (due := harness.aside.next_deadline()) is not None and due < until:
            time.sleep(max(0.0, due - time.monotonic()))
            harness.aside.tick(time.monotonic())
            wakes += 1
        assert wakes < 20
    finally:
        release.touch()
    wait_until(harness.all_reaped, message="all are reaped")


def test_a_request_for_which_no_descriptor_is_left_is_refused(harness: Harness) -> None:
    """It is answered, not dropped; the next one is done when there are descriptors again."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        harness.aside.run("none left", lambda: b"1", LATE, 20.0, time.monotonic())
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    refused = harness.result("none left")
    assert isinstance(refused, Refused)
    assert "Too many open files" in refused.detail
    harness.aside.run("again", lambda: b"1", LATE, 20.0, time.monotonic())
    assert harness.result("again") == Done(b"1")


def never_dying(release: Path) -> bytes:
    """Hang, and after a SIGKILL stay unreaped until the file ``release`` exists, as in state D.

    The kernel hides a dead process from its parent until its tracer has let go of it.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0)
    traced, until = os.getpid(), time.monotonic() + 60
    if os.fork() == 0:
        libc.ptrace(PTRACE_SEIZE, traced, None, None)
        while not release.exists() and time.monotonic() < until:
            time.sleep(0.02)
        os._exit(0)
    time.sleep(600)
    return b""


def test_a_process_aside_has_no_descriptor_of_ours(harness: Harness) -> None:
    """It would keep a lifeline from breaking, or a socket from closing."""
    reading, writing = os.pipe()
    harness.aside.run(
        "fds",
        lambda: str([int(one.name) for one in Path("/proc/self/fd").iterdir()]).encode(),
        LATE,
        20.0,
        time.monotonic(),
    )
    found = harness.result("fds")
    os.close(reading)
    os.close(writing)
    assert isinstance(found, Done)
    assert set(eval(found.payload)) <= {0, 1, 2, 3, 4}


@pytest.fixture(scope="module")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervised]:
    with Supervised(tmp_path_factory.mktemp("home"), allow_targets="1") as one:
        yield one


@pytest.mark.parametrize(
    "path", ["/" + "x" * 300, "/nowhere\0", "/proc/self/fd/0", "/nowhere/at/all", "/" + "a/" * 3000]
)
def test_a_path_that_cannot_be_looked_at_is_a_wrong_field(supervisor: Supervised, path: str) -> None:
    """Whatever the system says of it, the field is named, and nothing else happens."""
    with pytest.raises(InvalidField, match="path: must be the absolute path of a folder"):
        supervisor.launch(target="a:b", path=path)
    with pytest.raises(InvalidField, match="cwd: must be the absolute path of a folder"):
        supervisor.ask(RunProgram, spec=ProgramSpec(command=("true",), cwd=path))
    assert supervisor.answers()


@pytest.mark.skipif(os.getuid() == 0, reason="root may enter every folder")
def test_a_folder_that_may_not_be_entered_is_a_wrong_field(supervisor: Supervised, tmp_path: Path) -> None:
    """As is one below it."""
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    closed.chmod(0)
    try:
        for path in (closed, closed / "inner"):
            with pytest.raises(InvalidField, match="path: must be"):
                supervisor.launch(target="a:b", path=str(path))
    finally:
        closed.chmod(0o700)


def test_a_search_of_the_whole_journal_delays_nobody(tmp_path: Path) -> None:
    """Twenty searches through a full journal run aside, and other commands are answered before they are."""
    home = tmp_path / "home"
    home.mkdir()
    with Supervised(home):
        pass
    with closing(sqlite3.connect(home / "journal.sqlite3")) as journal, journal:
        (last,) = journal.execute("SELECT max(seq) FROM events").fetchone()
        rows = [
            ((last or 0) + n, 1.0, "stop", None, None, None, f"line {n} " + "x" * 100, "operator")
            for n in range(1, 10_001)
        ]
        journal.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
    with Supervised(home) as supervisor:
        done: list[str] = []

        def search() -> None:
            found = supervisor.ask(m.Events, q="line 10000 ", limit=5)
            assert [event["text"][:11] for event in found["events"]] == ["line 10000 "]
            done.append("search")

        searches = [threading.Thread(target=search) for _ in range(20)]
        for one in searches:
            one.start()
        wait_until(lambda: helpers(supervisor), message="a search runs aside")
        supervisor.ask(m.Workloads)
        done.append("other")
        for one in searches:
            one.join(60)
        assert len(done) == 21
        assert done.index("other") < 20, "the other command had to wait for all searches"
        assert supervisor.record(supervisor.running("sleep", params={"seconds": 600})).descendants == 0


def helpers(supervisor: Supervised) -> list[int]:
    """Return the children of the supervisor that search."""
    stats = filter(None, map(proc.stat, proc.pids()))
    mine = [stat.pid for stat in stats if stat.ppid == supervisor.process.pid]
    return [pid for pid in mine if b"app.supervisor.journal" in (proc.read(f"{pid}/cmdline") or b"")]
