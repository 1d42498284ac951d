"""`procession run`: between a program and its terminal stands nobody, observed or not."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.instance import Instance
from tests.waiting import wait_until

NO_INSTANCE, USAGE = 3, 2
PROGRAMS = Path(__file__).parents[2] / "workers" / "programs"
READY = "ready\n"
# Says that it is ready, then which signals it got, until it was told to end.
ECHO_SIGNALS = """
import os, signal, sys
got = []
def note(number, frame):
    os.write(1, (signal.Signals(number).name + "\\n").encode())
    if number == signal.SIGTERM:
        os._exit(5)
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, note)
os.write(1, b"ready\\n")
while True:
    signal.pause()
"""


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    with Instance(tmp_path_factory.mktemp("run") / "home", grace_s="1") as running:
        yield running


@pytest.fixture(params=["observed", "anyway"])
def anywhere(request: pytest.FixtureRequest, instance: Instance, tmp_path: Path) -> tuple[str, Instance]:
    """With an instance, and without one; what is to be typed, and whose environment is to be used."""
    return ("run", instance) if request.param == "observed" else ("--anyway", Instance(tmp_path / "nowhere"))


def command(how: str, *argv: str) -> tuple[str, ...]:
    options = () if how == "run" else (how,)
    return (sys.executable, "-m", "app", "run", *options, "--", *argv)


def run(anywhere: tuple[str, Instance], *argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
    how, instance = anywhere
    return subprocess.run(
        command(how, *argv), env=instance.environ, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def test_output_input_and_exit_code_pass_through(anywhere: tuple[str, Instance]) -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('err'); sys.exit(7)"
    done = run(anywhere, sys.executable, "-c", code, given="what is said")
    assert (done.returncode, done.stdout) == (7, "WHAT IS SAID")
    assert done.stderr.endswith("err")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_it_ends_by_the_signal_that_ended_the_program(anywhere: tuple[str, Instance], number: int) -> None:
    done = run(anywhere, sys.executable, "-c", f"import os; os.kill(os.getpid(), {number})")
    assert done.returncode == -number


def test_what_cannot_be_started_is_said_as_a_shell_does(anywhere: tuple[str, Instance], tmp_path: Path) -> None:
    missing = run(anywhere, "no-such-command-here")
    assert missing.returncode == 127
    assert "no-such-command-here: No such file" in missing.stderr
    assert run(anywhere, str(tmp_path)).returncode == 126


def test_signals_that_only_we_got_are_handed_on(anywhere: tuple[str, Instance]) -> None:
    """SIGINT by kill is one of them; each arrives once."""
    how, instance = anywhere
    with subprocess.Popen(
        command(how, sys.executable, "-c", ECHO_SIGNALS), env=instance.environ, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == READY
        for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            running.send_signal(number)
            assert running.stdout.readline() == f"{number.name}\n"
        assert running.wait(20) == 5


def test_ctrl_c_goes_to_the_program_once(anywhere: tuple[str, Instance]) -> None:
    """By the terminal; we wait on. What ends the program then ends us."""
    how, instance = anywhere
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, command(how, sys.executable, "-c", ECHO_SIGNALS), instance.environ)
    try:
        seen = b""

        def says(word: bytes) -> bool:
            nonlocal seen
            seen += os.read(terminal, 1000)
            return word in seen

        wait_until(lambda: says(b"ready"), 20)
        os.write(terminal, b"\x03")
        wait_until(lambda: says(b"SIGINT"), 20)
        os.kill(pid, signal.SIGTERM)
        wait_until(lambda: says(b"SIGTERM"), 20)
        assert seen.count(b"SIGINT") == 1
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5
    finally:
        os.close(terminal)


def test_the_program_has_the_terminal(anywhere: tuple[str, Instance]) -> None:
    """It may ask, and turn echo off."""
    how, instance = anywhere
    code = "import sys; print(sys.stdin.isatty(), sys.stdout.isatty()); print('got', input())"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, command(how, sys.executable, "-c", code), instance.environ)
    try:
        os.write(terminal, b"word\n")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        shown = os.read(terminal, 4000).decode()
        assert "True True" in shown
        assert "got word" in shown
    finally:
        os.close(terminal)


def test_an_ignored_signal_stays_ignored(anywhere: tuple[str, Instance]) -> None:
    """As under nohup: the program inherits it, as well as which signals are blocked."""
    how, instance = anywhere
    code = "import signal; print(signal.getsignal(signal.SIGHUP).name, signal.pthread_sigmask(0, []))"
    done = subprocess.run(
        ["nohup", *command(how, sys.executable, "-c", code)],
        env=instance.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "SIG_IGN set()\n"


def test_without_an_instance_nothing_is_run(tmp_path: Path) -> None:
    """Nobody is to believe that it is watched."""
    proof = tmp_path / "proof"
    done = Instance(tmp_path / "nowhere").cli("run", "--", "touch", str(proof))
    assert done.returncode == NO_INSTANCE
    assert "no instance is running" in done.stderr
    assert not proof.exists()


def test_without_a_command_it_is_wrong_usage(tmp_path: Path) -> None:
    done = Instance(tmp_path / "nowhere").cli("run")
    assert done.returncode == USAGE
    assert "procession run -- python train.py" in done.stderr


# What is seen of a program that was run


@contextmanager
def running(instance: Instance, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """A program under `procession run`; it, and all below it, is gone at the end."""
    with subprocess.Popen(
        command("run", *argv), env=instance.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as runner:
        try:
            yield runner
        finally:
            wait_until(lambda: _all_ended(instance, runner), 30, "the program is gone")
            assert runner.stdout
            runner.stdout.close()


def _all_ended(instance: Instance, runner: subprocess.Popen[str]) -> bool:
    """End what there is of programs; one that has just been started may not be there yet."""
    for process in instance.snapshot().processes:
        if process.alive and process.program:
            instance.end(process.id)
    return runner.poll() is not None


def finding(instance: Instance, kind: str, about: str = "") -> Any:
    """The finding of that kind in whose text that is, as `procession waits` tells it."""

    def told() -> list[Any]:
        return [one for one in instance.ask("waits")["findings"] if one["kind"] == kind and about in one["text"]]

    return wait_until(told, 30, f"{kind} is told")[0]


def test_a_program_is_listed_while_it_runs_and_when_it_has_ended(instance: Instance) -> None:
    """With its command, its processes and its exit code; the record at the end is written where it was asked for."""
    done = instance.cli("run", "--json", "--name", "quick", "--", sys.executable, "-c", "raise SystemExit(4)")
    assert done.returncode == 4
    told = json.loads(done.stderr)
    [listed] = [one for one in instance.ask("programs") if one["id"] == told["id"]]
    assert (listed["name"], listed["attached"], listed["state"]) == ("quick", True, "ended")
    assert wait_until(lambda: exitcode_of(instance, told["id"]) is not None)
    assert exitcode_of(instance, told["id"]) == 4
    assert "quick" in instance.cli("programs").stdout
    assert [one["start_method"] for one in instance.ask("ps") if one["id"] == told["id"]] == [None]


def test_why_a_program_is_not_observed_is_said(instance: Instance) -> None:
    """By the flag that keeps the observer out; not of one that was observed."""
    code = "import multiprocessing; multiprocessing.Lock()"
    ids = {}
    for name, flags in (("alone", ["-I"]), ("seen", [])):
        done = instance.cli("run", "--json", "--name", name, "--", sys.executable, *flags, "-c", code)
        ids[name] = json.loads(done.stderr)["id"]
    told = " ".join(instance.cli("programs").stdout.split())
    assert f"{ids['alone']} is not observed -I makes Python ignore its environment" in told
    assert f"{ids['seen']} is not observed" not in told


def exitcode_of(instance: Instance, program: str) -> Any:
    return next(one["exitcode"] for one in instance.ask("programs") if one["id"] == program)


def test_it_hangs_and_the_command_line_says_why(instance: Instance) -> None:
    """Who holds what and waits for what; the resources; a kill, and the runner ends as its program does."""
    with running(
        instance, sys.executable, str(PROGRAMS / "synchronisation" / "deadlock.py"), "--seconds=600"
    ) as runner:
        found = finding(instance, "deadlock", "plato (pid ")
        program = found["program"]
        text = " ".join(instance.cli("waits").stdout.split())
        assert f"deadlock in {program} plato (pid " in text
        assert "What to do: Kill one process, then release its lock" in text
        locks = instance.ask("resources", "--program", program, "--kind", "lock")
        assert set(found["resources"]) <= {one["id"] for one in locks}
        assert "held by" in instance.cli("resources", "--program", "deadlock.py", "--kind", "lock").stdout
        alive = instance.cli("break", found["resources"][0])
        assert (alive.returncode, "alive" in alive.stderr) == (1, True)
        assert instance.cli("kill", program).returncode == 0
        assert runner.wait(20) == -signal.SIGKILL
    assert exitcode_of(instance, program) == -9


def test_a_lock_is_broken_from_the_command_line(instance: Instance) -> None:
    """Then the program goes on, to its end."""
    script = str(PROGRAMS / "synchronisation" / "abandoned_lock.py")
    with running(instance, sys.executable, script, "--waiters=2", "--seconds=600") as runner:
        [lock] = finding(instance, "abandoned-lock")["resources"]
        broken = instance.cli("break", lock)
        assert (broken.returncode, "half written" in broken.stdout) == (0, True)
        assert runner.wait(20) == 0
        assert runner.stdout
        assert "all got the lock" in runner.stdout.read()


TWELVE = """
import multiprocessing, time

def hold(lock):
    with lock:
        time.sleep(600)

if __name__ == "__main__":
    locks = [multiprocessing.Lock() for number in range(12)]
    for _ in range(2):
        multiprocessing.Process(target=hold, args=(locks[0],)).start()
"""


def test_of_several_programs_one_can_be_asked_for(instance: Instance, tmp_path: Path) -> None:
    """Its waits alone; and its resources in the order in which they were made."""
    (tmp_path / "twelve.py").write_text(TWELVE)
    (tmp_path / "knot.py").write_text((PROGRAMS / "synchronisation" / "deadlock.py").read_text())
    with (
        running(instance, sys.executable, str(tmp_path / "knot.py"), "--seconds=600"),
        running(instance, sys.executable, str(tmp_path / "twelve.py")),
    ):
        knot = wait_until(lambda: waits_of(instance, "knot.py", "findings"), 30, "a deadlock is found")
        told = wait_until(lambda: waits_of(instance, "twelve.py", "edges"), 30, "one waits for the other")
        assert {edge["to"] for edge in told["edges"]} <= {"acquire", "join"}
        assert (told["cycles"], told["findings"]) == ([], [])
        assert (len(knot["cycles"]), [one["kind"] for one in knot["findings"]]) == (1, ["deadlock"])
        assert len(instance.ask("waits")["edges"]) >= len(told["edges"]) + len(knot["edges"])
        made = [int(one["id"][1:]) for one in instance.ask("resources", "--program", "twelve.py")]
        assert (len(made), made) == (12, sorted(made))


def waits_of(instance: Instance, program: str, what: str) -> Any:
    """The waits of one program, once there are such."""
    listed = {one["name"] for one in instance.ask("programs")}
    told = instance.ask("waits", "--program", program) if program in listed else {what: []}
    return told[what] and told


MESSAGES = """
import multiprocessing

def work(tasks, results):
    while True:
        results.put(tasks.get())

if __name__ == "__main__":
    tasks = multiprocessing.Queue()
    results = multiprocessing.Queue()
    multiprocessing.Process(target=work, args=(tasks, results), name="worker").start()
    tasks.put(1)
    results.get()
    results.get()
"""

PRODUCER_THREAD = """
import multiprocessing, threading, time

def produce(tasks):
    time.sleep(600)
    tasks.put(1)

if __name__ == "__main__":
    tasks = multiprocessing.Queue()
    worker = multiprocessing.Process(target=tasks.get, name="worker")
    worker.start()
    threading.Thread(target=produce, args=(tasks,)).start()
    worker.join()
"""


def test_everybody_waits_for_a_message(instance: Instance, tmp_path: Path) -> None:
    """A deadlock without any lock: the feeder threads wait too, for something to write."""
    script = tmp_path / "messages.py"
    script.write_text(MESSAGES)
    with running(instance, sys.executable, str(script)):
        text = finding(instance, "deadlock", "messages.py (pid ")["text"]
        assert "waits to get from queue" in text
        assert "worker (pid " in text


def test_what_another_thread_may_send_is_waited_for_with_hope(instance: Instance, tmp_path: Path) -> None:
    """Both main threads wait for one another, and yet nothing is wrong."""
    script = tmp_path / "producer.py"
    script.write_text(PRODUCER_THREAD)
    with running(instance, sys.executable, str(script)):

        def lasting() -> set[str]:
            edges = instance.snapshot().waits.edges
            return {edge.to for edge in edges if time.time() - edge.since > 5}

        wait_until(lambda: lasting() >= {"join", "get"}, 40, "both have waited for long")
        assert instance.ask("waits")["findings"] == []
