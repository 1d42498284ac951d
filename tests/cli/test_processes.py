"""The `procession` commands for processes against a real instance: their output and exit codes."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.home import claim
from app.launcher import sweep
from app.records.process import LaunchSpec
from tests.instance import Instance
from tests.waiting import wait_until

DONE, FAILED, USAGE, NO_INSTANCE = 0, 1, 2, 3
ONE_PROCESS_COMMANDS = ("join", "terminate", "kill", "close", "restart", "suspend", "resume", "start", "logs", "stack")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("cli") / "home", grace_s="1") as running:
        yield running


@pytest.fixture(autouse=True)
def _end_all_processes(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "instance" in request.fixturenames:
        running: Instance = request.getfixturevalue("instance")
        for process in running.snapshot().processes:
            running.end(process.id)


def test_commands_take_a_process_through_its_whole_life(instance: Instance) -> None:
    """Each of launch, start, suspend, resume, terminate, join and close changes its state."""
    made = instance.ask("launch", "sleep", "--param", "seconds=600", "--no-auto-start", "--no-auto-join")[0]
    assert made["state"] == "created"

    assert instance.ask("start", made["id"])["id"] == made["id"]
    instance.wait_state(made["id"], "running")
    running = next(process for process in instance.ask("ps") if process["id"] == made["id"])
    assert running["alive"]
    assert running["uptime_s"] >= 0

    instance.ask("suspend", made["id"])
    instance.wait_state(made["id"], "suspended")
    instance.ask("resume", made["id"])
    instance.wait_state(made["id"], "running")
    instance.ask("terminate", made["id"])
    instance.wait_state(made["id"], "exited")

    assert instance.ask("join", made["id"]) == {"joined": True, "exitcode": -15}
    instance.wait_state(made["id"], "joined")
    assert instance.ask("close", made["id"])["state"] == "closed"


def test_a_unique_name_can_be_used_as_the_id(instance: Instance) -> None:
    """A name that several processes have is refused, and the message lists their ids."""
    one = instance.launch(LaunchSpec(workload="sleep", params={"seconds": 600}, name="the-one"))
    pair = [instance.launch(LaunchSpec(workload="sleep", params={"seconds": 600}, name="of-two")) for _ in range(2)]

    assert instance.cli("kill", "the-one").returncode == DONE
    assert instance.ask("join", one.id)["exitcode"] == -9
    refused = instance.cli("kill", "of-two")

    assert refused.returncode == FAILED
    assert all(process.id in refused.stderr for process in pair)


def test_an_impossible_command_is_refused_naming_verb_and_state(instance: Instance) -> None:
    """The exit code is 1, with one line on standard error and nothing on standard output."""
    process = instance.launch("sleep", seconds=600)

    refused = instance.cli("close", process.id)

    assert (refused.returncode, refused.stdout) == (FAILED, "")
    assert refused.stderr.startswith("procession: close is not possible while the process is running")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize("command", [*ONE_PROCESS_COMMANDS, "signal"])
def test_an_unknown_id_is_refused(instance: Instance, command: str) -> None:
    """This holds for every command that takes an id."""
    refused = instance.cli(command, "no-such-process", *(["SIGUSR1"] if command == "signal" else []))

    assert refused.returncode == FAILED
    assert "no-such-process" in refused.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--param", "seconds=soon"),
        ("--param", "seconds=-1"),
        ("--param", "colour=red"),
        ("--stuck-after", "0.1", "--param", "colour=red"),
    ],
)
def test_an_invalid_parameter_is_refused_by_name(instance: Instance, options: tuple[str, ...]) -> None:
    """The message comes from the supervisor and is the same for all clients."""
    refused = instance.cli("launch", "sleep", *options)

    assert refused.returncode == FAILED
    assert options[-1].split("=")[0] in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_an_unknown_workload_is_refused(instance: Instance) -> None:
    """The exit code is 1, not that of wrong usage."""
    assert instance.cli("launch", "no-such-workload").returncode == FAILED


def test_join_fails_after_its_timeout(instance: Instance) -> None:
    """The process keeps running."""
    process = instance.launch("sleep", seconds=600)

    refused = instance.cli("join", process.id, "--timeout", "0.1", "--json")

    assert refused.returncode == FAILED
    assert json.loads(refused.stdout) == {"joined": False, "exitcode": None}
    assert "has not ended after 0.1 s" in refused.stderr


def test_a_signal_is_accepted_in_three_forms(instance: Instance) -> None:
    """SIGUSR1, usr1 and 9 are accepted; an unknown name is refused."""
    for number, name in ((signal.SIGUSR1, "SIGUSR1"), (signal.SIGUSR1, "usr1"), (signal.SIGKILL, "9")):
        process = instance.launch("sleep", seconds=600)
        assert instance.cli("signal", process.id, name).returncode == DONE
        assert instance.ask("join", process.id, "--timeout", "20")["exitcode"] == -number
    process = instance.launch("sleep", seconds=600)
    assert instance.cli("signal", process.id, "SIGNONSENSE").returncode == FAILED


def test_logs_prints_exactly_what_the_process_wrote(instance: Instance) -> None:
    """With -f it follows the log and returns when the process ends."""
    process = instance.launch("print-lines", rate=20, seconds=1)

    followed = instance.cli("logs", process.id, "-f")
    at_once = instance.cli("logs", process.id)

    assert followed.returncode == at_once.returncode == DONE
    assert followed.stdout == at_once.stdout
    assert followed.stdout == (instance.home / "logs" / f"{process.id}.log").read_text()
    assert followed.stdout.count("\n") >= 10


def test_logs_refuses_what_is_no_log(instance: Instance) -> None:
    """It names what is in the place of the log."""
    made = instance.ask("launch", "exit-with", "--param", "code=0")[0]
    path = instance.home / "logs" / f"{made['id']}.log"
    wait_until(path.exists)
    path.unlink()
    os.mkfifo(path)

    done = instance.cli("logs", made["id"])

    assert (done.returncode, done.stdout) == (FAILED, "")
    assert done.stderr == f"procession: {path} is a FIFO\n"


def test_logs_skips_the_beginning_dropped_by_the_size_limit(instance: Instance) -> None:
    """The dropped part is a hole in the file, which would read as zeros."""
    made = instance.ask("launch", "sleep", "--param", "seconds=600", "--no-auto-start")[0]
    path = instance.home / "logs" / f"{made['id']}.log"
    with path.open("wb") as file:
        file.seek(1 << 20)
        file.write(b"the tail\n")

    assert instance.cli("logs", made["id"]).stdout == "the tail\n"
    part = json.loads(instance.cli("logs", made["id"], "--json").stdout)
    assert part == {"offset": 1 << 20, "next": (1 << 20) + 9, "text": "the tail\n"}


def test_parts_of_a_log_are_never_cut_inside_a_character(instance: Instance) -> None:
    """The parts of a long log, put together, are the text."""
    made = instance.ask("launch", "sleep", "--param", "seconds=600", "--no-auto-start")[0]
    text = "x" + "é" * 200_000
    (instance.home / "logs" / f"{made['id']}.log").write_text(text)

    parts = [json.loads(line) for line in instance.cli("logs", made["id"], "--json").stdout.splitlines()]

    assert len(parts) > 1
    assert "".join(part["text"] for part in parts) == text


def test_events_name_who_sent_a_command(instance: Instance) -> None:
    """Events are listed oldest first; --process and --limit filter them."""
    process = instance.launch("sleep", seconds=600)
    instance.ask("kill", process.id)
    instance.ask("join", process.id)

    told = instance.ask("events", "--process", process.id)

    assert [event["seq"] for event in told] == sorted(event["seq"] for event in told)
    assert {"created", "started", "stop", "exited"} <= {event["kind"] for event in told}
    assert next(event for event in told if event["kind"] == "stop")["by"] == "cli"
    assert len(instance.ask("events", "--limit", "1")) == 1
    assert process.id in instance.cli("events").stdout or process.name in instance.cli("events").stdout


def test_events_with_f_prints_new_events_as_they_happen(instance: Instance) -> None:
    """Each is one line of JSON; the command ends without an error when its reader closes the pipe."""
    follower = subprocess.Popen(
        (sys.executable, "-m", "app", "events", "-f", "--limit", "1", "--json"),
        env=instance.environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with follower:
        assert follower.stdout
        assert follower.stderr
        first = json.loads(follower.stdout.readline())
        process = instance.launch("sleep", seconds=600)
        fresh = json.loads(follower.stdout.readline())
        assert fresh["seq"] == first["seq"] + 1
        assert fresh["process"] == process.id

        follower.stdout.close()
        instance.cli("kill", process.id)
        assert follower.wait(20) == DONE
        assert follower.stderr.read() == ""


def test_stack_shows_the_current_line(instance: Instance) -> None:
    """It also says how the stack was captured."""
    process = instance.launch("sleep", seconds=600)

    assert "sleep" in instance.ask("stack", process.id)["text"]
    assert f"{process.id}, captured with " in instance.cli("stack", process.id).stdout


def test_process_table_is_aligned_and_escapes_control_characters(instance: Instance, tmp_path: Path) -> None:
    """An error message cannot send control sequences to the terminal."""
    (tmp_path / "evil.py").write_text("def work():\n    raise ValueError('\\x1b[2J')\n")
    process = instance.launch("sleep", seconds=600)
    evil = instance.ask("launch", "--target", "evil:work", "--path", str(tmp_path))[0]
    instance.ask("join", evil["id"])

    table = instance.cli("ps").stdout

    lines = table.splitlines()
    row = next(line for line in lines if line.startswith(process.id))
    assert row.index("running") == lines[0].index("STATE")
    assert r"ValueError: \x1b[2J" in table
    assert "\x1b" not in table


def test_workloads_are_listed_with_their_parameters(instance: Instance) -> None:
    """The text output names each of them."""
    told = instance.cli("workloads").stdout
    listed = {workload["name"]: workload for workload in instance.ask("workloads")}

    assert all(name in told for name in listed)
    assert [parameter["name"] for parameter in listed["sleep"]["parameters"]] == ["seconds"]


def test_launch_runs_a_function_from_a_given_directory(instance: Instance, tmp_path: Path) -> None:
    """Arguments are read as JSON where possible, and as text otherwise."""
    (tmp_path / "mine.py").write_text("def work(*args, **kwargs):\n    print(args, kwargs)\n")

    made = instance.ask(
        "launch", "--target", "mine:work", "--path", str(tmp_path), "--arg", "3", "--arg", "three", "--param", "n=[1]"
    )[0]

    assert instance.ask("join", made["id"], "--timeout", "20")["exitcode"] == 0
    assert instance.cli("logs", made["id"]).stdout == "(3, 'three') {'n': [1]}\n"


def test_directory_of_a_function_may_be_relative(instance: Instance, tmp_path: Path) -> None:
    """It is relative to the working directory of the command."""
    (tmp_path / "mine.py").write_text("def work():\n    print('here')\n")
    relative = os.path.relpath(tmp_path)

    made = instance.ask("launch", "--target", "mine:work", "--path", relative)[0]

    assert instance.ask("join", made["id"], "--timeout", "20")["exitcode"] == 0
    assert instance.cli("logs", made["id"]).stdout == "here\n"


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("no-such-command",),
        ("launch",),
        ("launch", "sleep", "--target", "a:b"),
        ("launch", "sleep", "--param", "seconds"),
        ("launch", "sleep", "--count", "0"),
        ("launch", "sleep", "--grace", "soon"),
        ("launch", "sleep", "--start-method", "vfork"),
        ("kill",),
        ("join", "p1", "--timeout", "-1"),
        ("signal", "p1"),
    ],
)
def test_invalid_arguments_exit_with_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """This holds whether or not an instance is running."""
    done = Instance(tmp_path / "home").cli(*arguments)

    assert (done.returncode, done.stdout) == (USAGE, "")
    assert "usage: procession" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("ps",),
        ("workloads",),
        ("launch", "sleep"),
        *((command, "p1") for command in ONE_PROCESS_COMMANDS),
        ("signal", "p1", "SIGUSR1"),
        ("events",),
    ],
)
def test_commands_without_an_instance_exit_with_3(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    """The error message names the home directory that was searched."""
    home = tmp_path / "home"
    done = Instance(home).cli(*arguments, "--json")

    assert (done.returncode, done.stdout) == (NO_INSTANCE, "")
    assert f"no instance is running for {home}" in done.stderr


def test_a_lock_file_that_names_another_process_is_no_instance(tmp_path: Path) -> None:
    """It is not waited for: only a launcher has the lock file open."""
    home = claim(tmp_path / "home")
    us = sweep.identify(os.getpid())
    (home / "lock").write_text(f"{us.pid:10} {us.started:20}\n" * 3)
    began = time.monotonic()

    done = Instance(home).cli("ps")

    assert (done.returncode, done.stdout) == (NO_INSTANCE, "")
    assert time.monotonic() - began < 5


def test_installed_command_and_python_m_app_print_the_same_version() -> None:
    script = Path(sys.executable).with_name("procession")
    told = [
        subprocess.run((*command, "--version"), capture_output=True, text=True, check=True).stdout
        for command in ((sys.executable, "-m", "app"), (os.fspath(script),))
    ]

    assert told[0] == told[1] != ""


def test_a_closed_output_pipe_is_not_an_error(instance: Instance) -> None:
    """As in `procession workloads | head -1`."""
    done = subprocess.run(
        ("/bin/sh", "-c", f"{sys.executable} -m app workloads | head -1"),
        env=instance.environ,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stderr == ""
    wait_until(lambda: done.stdout.count("\n") == 1)
