"""Programs of a real supervisor under the real observer: their processes are listed and can be ended."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.protocol import control as m
from app.protocol.programs import ProgramEnded, ProgramStarted, RunProgram
from app.records.errors import InvalidField, NotPossible
from app.records.program import ProgramSpec
from tests.supervisor.program_runs import Programs
from tests.supervisor.supervised import Supervised, in_terminal
from tests.waiting import gone, wait_until

METHODS = ("fork", "spawn", "forkserver")
#: Children that end by exit code and by exception, one that sleeps, and a subprocess that is not observed.
FAMILY = """
import multiprocessing, subprocess, sys, time

def code(number):
    sys.exit(number)

def fail():
    raise KeyError("lost")

def stay():
    time.sleep(600)

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    named = {"five": (code, (5,)), "failing": (fail, ()), "staying": (stay, ())}
    all_of_them = [context.Process(target=f, args=args, name=name) for name, (f, args) in named.items()]
    all_of_them[2].daemon = True
    for one in all_of_them:
        one.start()
    for one in all_of_them[:2]:
        one.join()
    subprocess.Popen(["sleep", "600"])
    print("ready")
    all_of_them[2].join()
"""


@pytest.mark.parametrize("method", METHODS)
def test_processes_of_a_program_are_listed_with_all_columns(programs: Programs, method: str) -> None:
    """Names, targets, daemon flags, exit codes and causes are right for each start method."""
    program = programs.run(FAMILY, method)
    programs.until(program, "ready")
    staying = programs.wait_for(program, "staying", "running")
    five, failing = (programs.wait_for(program, name, "joined") for name in ("five", "failing"))
    first = next(one for one in programs.named(program).values() if one.id == program)
    assert (five.exitcode, five.target, five.daemon, five.booted) == (5, "__mp_main__.code", False, True) or (
        five.exitcode, five.target) == (5, "__main__.code")  # fmt: skip
    assert (failing.exitcode, failing.cause) == (1, "exit 1: KeyError: 'lost', at script.py:8 in fail()")
    assert (staying.daemon, staying.start_method, staying.started_by) == (True, method, first.pid)
    assert psutil.Process(staying.pid).ppid() == wait_until(lambda: programs.named(program)["staying"].ppid)
    assert (first.name, first.observed, first.program) == ("script.py", False, program)
    assert programs.record(program).not_seen == 0
    assert programs.record(program).python.startswith(f"{sys.version_info[0]}.{sys.version_info[1]}.")


def test_unobserved_process_is_a_descendant_of_the_program(programs: Programs) -> None:
    """An observed process is not listed as a descendant as well."""
    program = programs.run(FAMILY, "fork")
    programs.until(program, "ready")
    wait_until(
        lambda: [one.command for one in programs.descendants(program)] == ["sleep 600"], 20, "the subprocess is listed"
    )
    wait_until(lambda: programs.record(program).processes == 3, 20, "all three processes are counted")
    staying = programs.wait_for(program, "staying", "running")
    wait_until(lambda: programs.named(program)["staying"].rss_bytes, 20, "the process is sampled")
    assert staying.pid not in {one.pid for one in programs.supervisor.snapshot().snapshot.descendants}


def test_one_process_of_a_program_can_be_killed(programs: Programs) -> None:
    """The cause names the operator, its parent joins it, and the program ends normally."""
    program = programs.run(FAMILY, "fork")
    programs.until(program, "ready")
    staying = programs.wait_for(program, "staying", "running")
    programs.supervisor.act(staying.id, "kill")
    shown = programs.wait_for(program, "staying", "joined")
    assert (shown.exitcode, shown.cause) == (-9, "SIGKILL by operator")
    assert programs.supervisor.wait_state(program, "joined").exitcode == 0


def test_terminating_a_process_of_a_program_ends_only_its_own_tree(programs: Programs) -> None:
    """Its descendants end with it, its siblings keep running."""
    program = programs.run("""
import multiprocessing, subprocess, time
def work():
    subprocess.Popen(["sleep", "600"])
    print("has one", flush=True)
    time.sleep(600)
if __name__ == "__main__":
    all_of_them = [multiprocessing.get_context("fork").Process(target=work, name=name) for name in ("one", "two")]
    for process in all_of_them:
        process.start()
    for process in all_of_them:
        process.join()
""")
    wait_until(lambda: programs.log_with(program, "has one", times=2), 20, "both run")
    wait_until(lambda: len(programs.descendants(program)) == 2, 20, "both sleeps are found")
    one, two = (programs.wait_for(program, name, "running") for name in ("one", "two"))
    mine, others = (
        [sleep.pid for sleep in programs.descendants(program) if sleep.ppid == parent.pid] for parent in (one, two)
    )
    told = programs.supervisor.ask(m.Consequences, process=one.id, verb="kill")
    assert [each["pid"] for each in told["descendants"]] == mine
    programs.supervisor.act(one.id, "terminate")
    programs.wait_for(program, "one", "joined")
    assert gone(mine[0])
    assert not gone(others[0])
    assert programs.wait_for(program, "two", "running").alive


def test_observed_process_can_be_suspended_signalled_and_inspected(programs: Programs) -> None:
    """A stack can be captured as well."""
    program = programs.run(FAMILY, "fork")
    programs.until(program, "ready")
    staying = programs.wait_for(program, "staying", "running")
    programs.supervisor.act(staying.id, "suspend")
    programs.wait_for(program, "staying", "suspended")
    programs.supervisor.act(staying.id, "resume")
    programs.wait_for(program, "staying", "running")
    assert f"pid {staying.pid}" in programs.supervisor.ask(m.Stack, process=staying.id)["text"]
    assert programs.supervisor.ask(m.Inspect, process=staying.id)["cwd"] == str(programs.folder)
    programs.supervisor.ask(m.SendSignal, process=staying.id, signal="SIGUSR1")
    assert programs.wait_for(program, "staying", "joined").exitcode == -signal.SIGUSR1


@pytest.mark.parametrize("verb", ["start", "restart", "join"])
def test_verb_that_only_the_parent_can_perform_is_refused(programs: Programs, verb: str) -> None:
    """The refusal names the parent."""
    program = programs.run(FAMILY, "fork")
    staying = programs.wait_for(program, "staying", "running")
    with pytest.raises(NotPossible, match=rf"its parent \(pid {staying.started_by}\) started it and joins it"):
        programs.supervisor.join(staying.id) if verb == "join" else programs.supervisor.act(staying.id, verb)


def test_zombie_of_a_program_is_exited_until_it_is_joined(programs: Programs) -> None:
    """It has its exit code, and is reaped when its parent ends."""
    program = programs.run("""
import multiprocessing, os, time
if __name__ == "__main__":
    multiprocessing.get_context("fork").Process(target=os._exit, args=(7,), name="dead").start()
    time.sleep(600)
""")
    dead = programs.wait_for(program, "dead", "exited")
    assert (dead.exitcode, dead.alive) == (7, False)
    assert psutil.Process(dead.pid).status() == psutil.STATUS_ZOMBIE
    programs.supervisor.act(program, "kill")
    programs.wait_for(program, "dead", "joined")
    wait_until(lambda: not psutil.pid_exists(dead.pid), 10, "the zombie is gone")


def test_each_of_many_short_lived_processes_has_its_exit_code(programs: Programs) -> None:
    """They end before the supervisor reads the reports of them."""
    program = programs.run("""
import multiprocessing, os
if __name__ == "__main__":
    for number in range(100):
        process = multiprocessing.get_context("fork").Process(target=os._exit, args=(number % 3,))
        process.start()
        process.join()
""")
    programs.wait_state(program, "ended")
    found = [
        one for one in programs.supervisor.snapshot().snapshot.processes if one.program == program and one.observed
    ]
    assert sorted(int(one.name.removeprefix("ForkProcess-")) for one in found) == list(range(1, 101))
    assert {(int(one.name.removeprefix("ForkProcess-")) - 1) % 3 - one.exitcode for one in found} == {0}
    assert {one.state.value for one in found} == {"joined"}


def test_daemonised_program_is_still_running_and_can_be_ended(programs: Programs) -> None:
    """Its daemon is in its own session and still belongs to the program."""
    program = programs.run("""
import multiprocessing, os, time
if os.fork():
    os._exit(0)
os.setsid()
if os.fork():
    os._exit(0)
print("daemon", os.getpid(), flush=True)
time.sleep(600)
""")
    pid = int(programs.until(program, "daemon").split("daemon ")[1].split()[0])
    programs.supervisor.wait_state(program, "joined")
    shown = wait_until(
        lambda: [one for one in programs.named(program).values() if one.pid == pid], 20, "the daemon is listed"
    )
    assert (programs.record(program).state, shown[0].observed) == ("running", True)
    with pytest.raises(NotPossible, match="run; end them first"):
        programs.supervisor.act(program, "close")
    programs.supervisor.act(shown[0].id, "terminate")
    assert programs.wait_state(program, "ended").exitcode == 0


def test_killing_a_program_ends_all_its_processes(programs: Programs) -> None:
    program = programs.run(FAMILY, "forkserver")
    programs.until(program, "ready")
    wait_until(lambda: programs.descendants(program), 20, "the sleep is found")
    pids = [one.pid for one in programs.named(program).values() if one.alive]
    pids += [one.pid for one in programs.descendants(program)]
    programs.supervisor.act(program, "kill")
    programs.wait_state(program, "ended")
    assert all(map(gone, pids))
    assert {one.cause for one in programs.named(program).values() if one.exitcode == -9} == {"SIGKILL by operator"}


def test_program_keeps_its_own_modules_and_environment(programs: Programs) -> None:
    """It may have a package called app, a sitecustomize and a PYTHONPATH."""
    (programs.folder / "app.py").write_text("mine = True")
    (programs.folder / "theirs").mkdir()
    (programs.folder / "theirs" / "sitecustomize.py").write_text("import builtins; builtins.customised = True")
    code = "import app, os, sys; print(app.mine, customised, os.environ['COLOUR'], os.getcwd(), sys.argv[1:])"
    env = {"PYTHONPATH": str(programs.folder / "theirs"), "COLOUR": "blue"}
    program = programs.run(code, "--flag", env=env)
    programs.wait_state(program, "ended")
    assert programs.supervisor.log(program) == f"True True blue {programs.folder} ['--flag']\n"


def test_program_that_ends_at_once_still_gets_its_finding(programs: Programs) -> None:
    """The finding is in the journal."""
    program = programs.run("""
import multiprocessing
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    context.Process(target=print).start()
    multiprocessing.current_process()._config["daemon"] = True
    try:
        context.Process(target=print).start()
    except AssertionError as error:
        print(error)
""")
    programs.wait_state(program, "ended")
    wait_until(lambda: "finding" in {line["kind"] for line in programs.supervisor.events(program)}, 20, "a finding")


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, "workload"),
        ({"workload": ""}, "workload"),
        ({"workload": "no-such"}, "workload"),
        ({"workload": "process-function", "params": {"no_such": 1}}, "params.no_such"),
        ({"workload": "process-function", "command": ("true",)}, "workload"),
        ({"command": ("no-such-command",)}, "command"),
        ({"command": ("./no-such-script",)}, "command"),
        ({"command": ("true", "a\0b")}, "command"),
        ({"command": ("true", "x" * 300_000)}, "command"),
        ({"command": ("true",), "cwd": "relative"}, "cwd"),
        ({"command": ("true",), "cwd": "/no/such/folder"}, "cwd"),
        ({"command": ("true",), "env": {"A=B": "c"}}, "env"),
        ({"command": ("true",), "name": ""}, "name"),
    ],
)
def test_invalid_program_is_refused_naming_the_field(supervisor: Supervised, spec: Any, field: str) -> None:
    """Nothing is started."""
    with pytest.raises(InvalidField) as refused:
        supervisor.ask(RunProgram, spec=ProgramSpec(**spec))
    assert refused.value.field == field


def test_command_that_cannot_be_executed_failed_to_start(programs: Programs) -> None:
    """Only the exec itself reveals that."""
    (programs.folder / "broken").write_text("no shebang, no ELF")
    (programs.folder / "broken").chmod(0o755)
    program = programs.command("./broken")
    shown = programs.wait_state(program, "ended")
    first = programs.named(program)["broken"]
    assert shown.exitcode == 1
    assert first.cause.startswith("failed to start: ")
    assert f"./broken: Exec format error (in {programs.folder})" in first.cause


def test_catalogue_program_runs_with_processions_interpreter(supervisor: Supervised, programs: Programs) -> None:
    told = supervisor.ask(RunProgram, spec=ProgramSpec(workload="process-function"))
    programs.ids.append(told["program"]["id"])
    assert told["program"]["command"][0] == sys.executable
    assert told["process"]["workload"] == "process-function"
    assert programs.wait_state(programs.ids[0], "ended").exitcode == 0


# Programs started with `procession run`


def test_program_in_a_terminal_survives_the_supervisor(tmp_path: Path) -> None:
    """It is observed again after a crash of the supervisor, and keeps running after its stop."""
    (tmp_path / "script.py").write_text(FAMILY)
    home = tmp_path / "home"
    home.mkdir()
    with Supervised(home) as supervisor:
        runs = Programs(supervisor, tmp_path)
        with in_terminal(supervisor, tmp_path, sys.executable, "script.py", "fork") as (program, process):
            staying = runs.wait_for(program, "staying", "running")
            assert runs.record(program).attached
            assert supervisor.record(program).pid == process.pid
            wait_until(lambda: runs.descendants(program), 20, "the unobserved subprocess is found")
            os.kill(supervisor.process.pid, signal.SIGKILL)
            supervisor.process.wait()
            supervisor.start()
            shown = supervisor.wait_state(program, "running")
            assert (shown.pid, shown.observed) == (process.pid, True)
            assert any("not seen" in line["text"] for line in supervisor.events(program))
            assert supervisor.stop() == 0
            assert process.poll() is None
            assert not gone(staying.pid)


def test_stopping_the_supervisor_ends_its_programs_and_a_crash_loses_them(tmp_path: Path) -> None:
    """A program lost in a crash keeps its record and can be restarted."""
    with Supervised(tmp_path) as supervisor:
        runs = Programs(supervisor, tmp_path)
        program = runs.run(FAMILY, "forkserver")
        runs.until(program, "ready")
        before = [one.pid for one in supervisor.snapshot().snapshot.processes]
        os.kill(supervisor.process.pid, signal.SIGKILL)
        supervisor.process.wait()
        supervisor.start()
        assert supervisor.record(program).state == "lost"
        assert (runs.record(program).state, runs.record(program).attached) == ("ended", False)
        assert all(map(gone, before))
        supervisor.act(program, "restart")
        wait_until(lambda: runs.log_with(program, "ready", times=2), 20, "the program runs again")
        pids = [runs.wait_for(program, "staying", "running").pid, supervisor.record(program).pid]
        assert supervisor.stop() == 0
        assert all(map(gone, pids))


def test_command_that_is_not_python_is_watched_by_its_pid(supervisor: Supervised, tmp_path: Path) -> None:
    """`procession run` reports its pid and, at the end, its exit code."""
    runs = Programs(supervisor, tmp_path)
    with in_terminal(supervisor, tmp_path, "sh", "-c", "sleep 600") as (program, process):
        supervisor.ask(ProgramStarted, program=program, pid=process.pid)
        shown = supervisor.wait_state(program, "running")
        assert (shown.pid, shown.name) == (process.pid, "sh")
        supervisor.act(program, "terminate")
        process.wait(10)
        told = supervisor.ask(ProgramEnded, program=program, exitcode=process.returncode)
        assert told["program"]["id"] == program
        shown = supervisor.wait_state(program, "joined")
        assert (shown.exitcode, shown.cause) == (-15, "SIGTERM by operator")
        assert runs.wait_state(program, "ended").exitcode == -15


def test_program_cannot_claim_an_unrelated_process_as_its_child(supervisor: Supervised, programs: Programs) -> None:
    """A reported child that is not below the program leaves no trace but a count."""
    mine = os.getpid()
    program = programs.run(f"""
from _procession_observer.line import LINE
import time
LINE.say("started", child={mine}, name="stranger", daemon=False, start_method="fork")
print("said", flush=True)
time.sleep(600)
""")
    programs.until(program, "said")
    wait_until(lambda: programs.record(program).not_seen == 1, message="the message is counted")
    assert "stranger" not in programs.named(program)
