"""Whichever parts of Procession are killed, at once or one after the other, nothing of it lives on."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from app.launcher.launcher import REPLACE_SUPERVISOR_AFTER_S, REPLACE_WEB_AFTER_S
from app.linux import proc
from app.records.process import LaunchSpec
from tests.examples import repeats
from tests.instance import Instance, kill_at_once
from tests.waiting import wait_until

PARTS = ("guardian", "launcher", "supervisor", "web")
#: What the parts start: a child with a subprocess in a session of its own, one that ignores SIGTERM, and a fork tree.
FAMILY = """
import os, signal, subprocess, sys, time

def family():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", "import os, time; os.setsid(); time.sleep(600)"])
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)
    time.sleep(600)
"""


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    """One with processes of every start method, each with descendants; nothing of it may be left in the end."""
    (tmp_path / "family.py").write_text(FAMILY)
    one = Instance(tmp_path / "home", allow_targets="1")
    one.home.mkdir()
    one.start()
    try:
        one.wait_ready()
        for method in ("forkserver", "spawn", "fork"):
            one.launch(LaunchSpec(target="family:family", path=str(tmp_path), start_method=method))
        # The parts, the forkserver, and for each start method the child and its three descendants.
        wait_until(lambda: len(one.alive()) >= 4 + 1 + 3 * 4, message="all of the families run")
        yield one
        one.wait_nothing_alive()
    finally:
        one.kill_all()


def has_started_parts(lock: Path) -> bool:
    return lock.exists() and len(lock.read_text().splitlines()) == 4


def pids(instance: Instance) -> dict[str, int]:
    return {
        "guardian": instance.serve.pid,
        "launcher": instance.launcher_pid,
        "supervisor": instance.supervisor_pid,
        "web": instance.web_pid,
    }


#: The two pairs above all the others.
HOLDING = {("guardian", "launcher"), ("launcher", "supervisor")}
PAIRS = [
    pytest.param(pair, marks=[] if pair in HOLDING else pytest.mark.long, id="+".join(pair))
    for pair in itertools.combinations(PARTS, 2)
]


@pytest.mark.parametrize("parts", PAIRS)
def test_two_parts_killed_at_once_leave_nothing(instance: Instance, parts: tuple[str, str]) -> None:
    """The third ends what is left; where the launcher still works it starts the other parts again."""
    known = pids(instance)
    kill_at_once(*(known[part] for part in parts))
    if set(parts) == {"supervisor", "web"}:
        wait_until(
            lambda: {known["supervisor"], known["web"]}.isdisjoint(pids(instance).values()), message="both run again"
        )
        assert instance.stop() == 0
    else:
        assert instance.wait_ended() != 0
        instance.wait_nothing_alive()


@pytest.mark.parametrize("part", [pytest.param("guardian", marks=pytest.mark.long), "launcher"])
def test_a_frozen_supervisor_does_not_keep_anything_alive(instance: Instance, part: str) -> None:
    """It cannot end its processes, so those above it do."""
    os.kill(instance.supervisor_pid, signal.SIGSTOP)
    os.kill(pids(instance)[part], signal.SIGKILL)
    instance.wait_ended()
    instance.wait_nothing_alive()


def test_the_exit_code_is_that_of_the_launcher(tmp_path: Path) -> None:
    """0 after a stop; after a kill that of a shell."""
    one = Instance(tmp_path / "home")
    one.home.mkdir()
    with one:
        assert one.stop() == 0
    two = Instance(tmp_path / "home")
    with two:
        os.kill(two.launcher_pid, signal.SIGKILL)
        assert two.wait_ended() == 128 + signal.SIGKILL


def test_launcher_killed_while_the_supervisor_starts(tmp_path: Path) -> None:
    """At any moment of the start: whoever comes too late to notice ends by itself."""
    rng = random.Random(1)
    for number in range(repeats(30, 1)):
        one = Instance(tmp_path / f"home{number}")
        one.home.mkdir()
        one.start()
        try:
            wait_until(partial(has_started_parts, one.home / "lock"), message="the parts are started")
            time.sleep(rng.random() * 0.5)  # any moment of the start is worth a try
            os.kill(rng.choice((one.launcher_pid, one.serve.pid)), signal.SIGKILL)
            one.wait_ended()
            one.wait_nothing_alive()
        finally:
            one.kill_all()


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_no_survivor_in_many_rounds(tmp_path: Path) -> None:
    """Any two parts, at any moment, frozen before or not."""
    rng = random.Random(2)
    (tmp_path / "family.py").write_text(FAMILY)
    for number in range(repeats(300, 30)):
        one = Instance(tmp_path / f"home{number}", allow_targets="1")
        one.home.mkdir()
        one.start()
        try:
            one.wait_ready()
            method = rng.choice(("forkserver", "spawn", "fork"))
            one.launch(LaunchSpec(target="family:family", path=str(tmp_path), start_method=method), rng.randrange(1, 4))
            time.sleep(rng.random() * 0.3)
            known = pids(one)
            parts = rng.sample(PARTS, 2)
            if rng.random() < 0.3 and set(parts) != {"guardian", "launcher"}:  # then nobody could end it
                os.kill(known["supervisor"], signal.SIGSTOP)
            for part in parts:
                with suppress(ProcessLookupError):  # the death of the one before may have ended it
                    os.kill(known[part], signal.SIGKILL)
                time.sleep(rng.choice((0.0, 0.0, 0.01, 0.3)))
            if not {"guardian", "launcher"} & set(parts):
                one.stop()
            one.wait_ended()
            one.wait_nothing_alive()
        finally:
            one.kill_all()


@pytest.mark.long
@pytest.mark.parametrize(("part", "after_s"), [("web", 15), ("supervisor", 60)])
def test_a_frozen_part_is_noticed_reported_and_replaced(tmp_path: Path, part: str, after_s: int) -> None:
    """By its heartbeat; the page hears of the supervisor, and another one takes its place."""
    one = Instance(tmp_path / "home")
    one.home.mkdir()
    with one:
        before = pids(one)[part]
        os.kill(before, signal.SIGSTOP)
        wait_until(lambda: f"the {part} (pid {before}) has not responded for" in one.stderr(), 10, "it is noticed")
        if part == "supervisor":
            wait_until(lambda: one.get("/api/v1/processes") == 503, 10, "the web process says so")
        wait_until(lambda: pids(one)[part] not in (0, before), after_s + 15, "it is replaced")
        wait_until(lambda: one.get("/api/v1/processes") == 200, 20, "it serves again")
        assert proc.stat(before) is None


def test_a_part_that_responds_again_is_not_replaced(tmp_path: Path) -> None:
    """A pause is reported, and so is its end."""
    one = Instance(tmp_path / "home")
    one.home.mkdir()
    with one:
        before = one.supervisor_pid
        os.kill(before, signal.SIGSTOP)
        wait_until(lambda: "has not responded" in one.stderr(), 10, "it is noticed")
        os.kill(before, signal.SIGCONT)
        wait_until(lambda: "is responding again" in one.stderr(), 10, "it is said")
        assert one.supervisor_pid == before
        wait_until(lambda: one.get("/api/v1/processes") == 200, 20, "it serves again")


@pytest.mark.long
def test_a_pause_of_everything_is_not_held_against_anybody(tmp_path: Path) -> None:
    """As `docker pause` does, for longer than a part that does not respond is given."""
    one = Instance(tmp_path / "home")
    one.home.mkdir()
    with one:
        before = pids(one)
        for pid in before.values():
            os.kill(pid, signal.SIGSTOP)
        time.sleep(REPLACE_WEB_AFTER_S + 2)  # the pause itself
        for part in ("guardian", "launcher"):
            os.kill(before[part], signal.SIGCONT)
        time.sleep(1)  # the launcher looks before the others go on
        for pid in before.values():
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: one.get("/api/v1/processes") == 200, 20, "it serves")
        assert pids(one) == before


@pytest.mark.long
def test_a_supervisor_that_freezes_while_it_stops_is_ended(tmp_path: Path) -> None:
    """The stop goes on without it."""
    one = Instance(tmp_path / "home")
    one.home.mkdir()
    with one:
        supervisor = one.supervisor_pid
        os.kill(supervisor, signal.SIGSTOP)
        one.serve.terminate()
        wait_until(lambda: proc.stat(supervisor) is None, REPLACE_SUPERVISOR_AFTER_S + 20, "it is killed")
        one.wait_ended()
