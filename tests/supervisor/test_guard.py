"""A fault of ours, wherever it is, ends neither the supervisor nor what it supervises: one turn cannot fail."""

from __future__ import annotations

import re
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from app.linux import proc
from app.protocol import control as m
from app.protocol.programs import RunProgram
from app.records.errors import ProcessionError, SupervisorAway
from app.records.program import ProgramSpec
from app.supervisor.recovery import MAX_DEATHS
from tests.instance import wait_until_well
from tests.supervisor.faulty import PLACES
from tests.supervisor.supervised import Supervised, in_terminal
from tests.waiting import wait_until

#: A program with a zombie and a queue, which says what leads to each fault.
PROGRAM = """
import multiprocessing, time
poison = multiprocessing.Queue()
multiprocessing.Process(target=int).start()
waited = multiprocessing.Process(target=time.sleep, args=(600,), daemon=True)
waited.start()
waited.join()
"""
SLEEPER = (sys.executable, "-c", "import multiprocessing, time; multiprocessing.Lock(); time.sleep(600)")
REPORTS = "import procession, time\nprocession.report(1, note='poison')\ntime.sleep(600)"


@contextmanager
def faulty(home: Path, place: str, *more: str) -> Iterator[Supervised]:
    """A supervisor with a fault, and its standard error in the file ``stderr``."""
    supervisor = Supervised(home, strict="0")
    supervisor.command = [sys.executable, "-m", "tests.supervisor.faulty", place, *more]
    supervisor.stderr_path = home.parent / "stderr"
    with supervisor:
        yield supervisor


def provoke(supervisor: Supervised, process_id: str, folder: Path, place: str) -> None:
    """Do what meets the fault; where a client's request meets it, the client is told."""
    match place:
        case "command":
            with pytest.raises(ProcessionError, match="internal error"):
                supervisor.ask(m.History, process=process_id)
        case "event":
            with pytest.raises(ProcessionError, match="internal error"):
                supervisor.ask(m.SendSignal, process=process_id, signal="SIGUSR1")
        case "input":
            with pytest.raises(SupervisorAway):
                supervisor.ask(m.Workloads)
        case "journal" | "report":
            (folder / "reporting.py").write_text(f"def poison():\n    {REPORTS.replace(chr(10), chr(10) + '    ')}\n")
            supervisor.launch(target="reporting:poison", path=str(folder))
        case "action":
            pid = supervisor.record(process_id).pid
            child = wait_until(lambda: [one for one in supervisor.snapshot().snapshot.descendants if one.root])
            assert pid
            with pytest.raises(ProcessionError, match="internal error"):
                supervisor.ask(m.EndDescendant, descendant=child[0].id)
        case _:
            (folder / "program.py").write_text(PROGRAM)
            spec = ProgramSpec(command=(sys.executable, "program.py"), cwd=str(folder))
            supervisor.ask(RunProgram, spec=spec)


def findings(supervisor: Supervised) -> list[Any]:
    found = supervisor.snapshot().snapshot.waits.findings
    return [one for one in found if one.kind == "internal-error"]


#: Those with a test of their own, and of the others one of each step of a turn.
OTHERS = {"handover", "death", "delta", "input", "start", "search", "kill", "reap", "end"}
SHORT = {"command", "event", "reading", "journal"}
EVERYWHERE = [
    pytest.param(place, marks=() if place in SHORT else pytest.mark.long) for place in PLACES if place not in OTHERS
]


@pytest.mark.parametrize("place", EVERYWHERE)
def test_the_supervisor_goes_on_and_shows_what_it_dropped(tmp_path: Path, place: str) -> None:
    """A fault is one finding, one traceback however often it happens, and disturbs nothing else."""
    home = tmp_path / "home"
    home.mkdir()
    with faulty(home, place) as supervisor:
        bystander = supervisor.running("descendants")
        provoke(supervisor, bystander, tmp_path, place)
        shown = wait_until(lambda: findings(supervisor), message=f"the finding about a fault at {place}")
        assert re.fullmatch(r"Internal error in Procession\. Dropped [a-z ]+: [\d,]+\.", shown[0].text)
        assert "KeyError" in shown[0].why
        assert supervisor.record(bystander).state == "running"
        assert supervisor.stop() == 0
    logged = (tmp_path / "stderr").read_text()
    assert logged.count("Traceback") == 1
    assert PLACES[place][1] in logged


@pytest.mark.parametrize("place", ["delta", "input"])
def test_one_fault_on_the_way_to_a_client_costs_that_client_only(tmp_path: Path, place: str) -> None:
    """A delta that could not be made is a snapshot; a client whose bytes could not be read connects again."""
    home = tmp_path / "home"
    home.mkdir()
    with faulty(home, place, "1") as supervisor:
        process = supervisor.running("sleep", params={"seconds": 600})
        assert supervisor.act(process, "suspend")["id"] == process
        assert supervisor.wait_state(process, "suspended")
        assert findings(supervisor)


def test_a_child_whose_start_meets_a_fault_is_ended(tmp_path: Path) -> None:
    """Its start has failed: a child that runs on would belong to nobody."""
    home = tmp_path / "home"
    home.mkdir()
    with faulty(home, "start") as supervisor:
        bystander = supervisor.running("sleep", params={"seconds": 600})
        failed = supervisor.launch("sleep", params={"seconds": 600})
        assert failed == "p2"
        record = supervisor.wait_state(failed, "fatal")
        assert "internal error" in record.cause
        assert findings(supervisor)
        forkserver = proc.stat(supervisor.record(bystander).ppid)
        assert forkserver
        children = [one.pid for one in map(proc.stat, proc.pids()) if one and one.ppid == forkserver.pid]
        wait_until(lambda: all(pid == supervisor.record(bystander).pid or not proc.stat(pid) for pid in children))
        assert supervisor.stop() == 0


@pytest.mark.parametrize(
    ("place", "verb"), [("search", "terminate"), ("kill", "terminate"), ("reap", "restart"), ("end", "terminate")]
)
def test_a_stop_that_meets_a_fault_ends(tmp_path: Path, place: str, verb: str) -> None:
    """With all that was known of its tree."""
    home = tmp_path / "home"
    home.mkdir()
    with faulty(home, place) as supervisor:
        supervisor.running("sleep", params={"seconds": 600})
        process = supervisor.running("descendants", grace_s=0.5)
        assert process == "p2"
        supervisor.wait_for(process, lambda record: record.descendants > 0, "its descendants are known")
        pid = supervisor.record(process).pid
        known = [one.pid for one in supervisor.snapshot().snapshot.descendants if one.root == process]
        supervisor.act(process, verb)
        supervisor.wait_for(process, lambda record: record.pid != pid or record.state == "joined", "the stop ended")
        wait_until(lambda: not any(stat and not stat.dead for stat in map(proc.stat, known)))
        assert findings(supervisor)
        assert supervisor.stop() == 0


def test_a_program_whose_facts_meet_a_fault_is_set_aside(tmp_path: Path) -> None:
    """The next supervisor starts, and says which rows it could not use."""
    home = tmp_path / "home"
    home.mkdir()
    with faulty(home, "handover") as supervisor, in_terminal(supervisor, tmp_path, *SLEEPER) as (program, process):
        supervisor.wait_state(program, "running")
        wait_until(lambda: program in rows(home, "legacy"), message="it is handed over")
        killed(supervisor)
        supervisor.start()
        assert "programs to take over" in findings(supervisor)[0].text
        assert any(program in line["text"] and "set aside" in line["text"] for line in supervisor.events())
        assert program in rows(home, "set_aside")
        # It is watched all the same: its process is known from the journal.
        assert supervisor.wait_state(program, "running").pid == process.pid


def test_rows_that_are_no_facts_are_set_aside(tmp_path: Path) -> None:
    """Whatever was written there, the supervisor starts and takes the others over."""
    home = tmp_path / "home"
    home.mkdir()
    with Supervised(home) as supervisor, in_terminal(supervisor, tmp_path, *SLEEPER) as (program, process):
        supervisor.wait_state(program, "running")
        wait_until(lambda: program in rows(home, "legacy"), message="it is handed over")
        killed(supervisor)
        with closing(sqlite3.connect(home / "journal.sqlite3")) as journal, journal:
            (boot, fact) = journal.execute("SELECT boot_id, fact FROM legacy WHERE id = ?", (program,)).fetchone()
            bad = {
                "p900": fact.replace(b'"pid":%d' % process.pid, b'"pid":1%s' % (b"0" * 40)),
                "p901": b'{"of":"process"}',
                "r900": b"[" * 100_000,
                "w900": b"\xff",
                "w901": b"",
            }
            assert bad["p900"] != fact
            journal.executemany("INSERT INTO legacy VALUES (?, ?, ?)", [(key, boot, row) for key, row in bad.items()])
        supervisor.start()
        assert supervisor.record(program).pid == process.pid
        assert rows(home, "set_aside") == set(bad)
        assert any("5 rows" in line["text"] for line in supervisor.events())


def test_what_kills_each_supervisor_is_not_taken_over_for_ever(tmp_path: Path) -> None:
    """After three deaths in a row the next one takes over nothing, says so, and leaves the program alone."""
    home = tmp_path / "home"
    home.mkdir()
    sound = Supervised(home)
    with sound, in_terminal(sound, tmp_path, *SLEEPER) as (program, process):
        sound.wait_state(program, "running")
        wait_until(lambda: program in rows(home, "legacy"), message="it is handed over")
        wait_until_well(home)
        killed(sound)
        deadly = [sys.executable, "-m", "tests.supervisor.faulty", "death"]
        for _ in range(MAX_DEATHS):
            assert subprocess.run(deadly, env=sound.environ, check=False, timeout=60).returncode == -signal.SIGKILL
        sound.start()
        assert any("takes over nothing" in line["text"] for line in sound.events())
        assert program in rows(home, "set_aside")
        assert process.poll() is None
        wait_until_well(home)


def killed(supervisor: Supervised) -> None:
    """End the supervisor as a crash does."""
    supervisor.process.kill()
    supervisor.process.wait()


def rows(home: Path, table: str) -> set[str]:
    with closing(sqlite3.connect(home / "journal.sqlite3")) as journal:
        return {key for (key,) in journal.execute(f"SELECT id FROM {table}")}
