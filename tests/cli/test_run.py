"""`procession run`, observed or not: the terminal, signals and exit code of the program pass through unchanged."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.instance import Instance
from tests.waiting import wait_until

NO_INSTANCE, USAGE = 3, 2
PROGRAMS = Path(__file__).parents[2] / "workers" / "programs"
READY = "ready\n"
# Prints "ready", then the name of each signal it receives; SIGTERM ends it.
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
def run_mode(request: pytest.FixtureRequest, instance: Instance, tmp_path: Path) -> tuple[str, Instance]:
    """Return the option for `procession run` and the instance to use: a running one, or none with --anyway."""
    return ("run", instance) if request.param == "observed" else ("--anyway", Instance(tmp_path / "nowhere"))


def command(how: str, *argv: str) -> tuple[str, ...]:
    options = () if how == "run" else (how,)
    return (sys.executable, "-m", "app", "run", *options, "--", *argv)


def run(run_mode: tuple[str, Instance], *argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
    how, instance = run_mode
    return subprocess.run(
        command(how, *argv), env=instance.environ, input=given, capture_output=True, text=True, timeout=60, check=False
    )


def test_output_input_and_exit_code_pass_through(run_mode: tuple[str, Instance]) -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('err'); sys.exit(7)"
    done = run(run_mode, sys.executable, "-c", code, given="what is said")
    assert (done.returncode, done.stdout) == (7, "WHAT IS SAID")
    assert done.stderr.endswith("err")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_run_ends_by_the_signal_that_ended_the_program(run_mode: tuple[str, Instance], number: int) -> None:
    done = run(run_mode, sys.executable, "-c", f"import os; os.kill(os.getpid(), {number})")
    assert done.returncode == -number


def test_a_command_that_cannot_be_started_is_reported_as_in_a_shell(
    run_mode: tuple[str, Instance], tmp_path: Path
) -> None:
    missing = run(run_mode, "no-such-command-here")
    assert missing.returncode == 127
    assert "no-such-command-here: No such file" in missing.stderr
    assert run(run_mode, str(tmp_path)).returncode == 126


def test_arguments_and_folder_may_be_any_bytes(instance: Instance, tmp_path: Path) -> None:
    """As the names of files may be."""
    folder = tmp_path / "\udcff"
    folder.mkdir()
    code = "import multiprocessing, os, sys; print(ascii(sys.argv[1]), ascii(os.path.basename(os.getcwd())))"
    argv = command("run", sys.executable, "-c", code, "\udcfe")
    done = subprocess.run(argv, env=_importable(instance), cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "'\\udcfe' '\\udcff'\n", "")
    assert instance.snapshot().programs[-1].command[-1] == r"\xfe"


def test_the_current_folder_may_be_deleted(instance: Instance, tmp_path: Path) -> None:
    folder = tmp_path / "deleted"
    folder.mkdir()
    argv = ("sh", "-c", 'rmdir "$PWD" && exec "$@"', "sh", *command("run", "echo", "runs"))
    done = subprocess.run(argv, env=_importable(instance), cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "runs\n", "")


def _importable(instance: Instance) -> dict[str, str]:
    """Return the environment in which `-m app` works from any folder."""
    return instance.environ | {"PYTHONPATH": str(PROGRAMS.parents[1])}


def test_signals_sent_to_run_only_are_forwarded_to_the_program(run_mode: tuple[str, Instance]) -> None:
    """This includes a SIGINT sent with kill; each signal arrives once."""
    how, instance = run_mode
    with subprocess.Popen(
        command(how, sys.executable, "-c", ECHO_SIGNALS), env=instance.environ, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == READY
        for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
            running.send_signal(number)
            assert running.stdout.readline() == f"{number.name}\n"
        assert running.wait(20) == 5


def test_ctrl_c_reaches_the_program_once(run_mode: tuple[str, Instance]) -> None:
    """The terminal sends it to the program as well; `procession run` waits for the program to end."""
    how, instance = run_mode
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


def all_shown(terminal: int) -> Iterator[str]:
    """Yield what a terminal shows, piece by piece, until the last program at it has ended."""
    with suppress(OSError):
        while text := os.read(terminal, 4000):
            yield text.decode()


def test_the_program_can_use_the_terminal(run_mode: tuple[str, Instance]) -> None:
    """Its standard streams are the terminal, and it can read input."""
    how, instance = run_mode
    code = "import sys; print(sys.stdin.isatty(), sys.stdout.isatty()); print('got', input())"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, command(how, sys.executable, "-c", code), instance.environ)
    try:
        os.write(terminal, b"word\n")
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        shown = "".join(all_shown(terminal))
        assert "True True" in shown
        assert "got word" in shown
    finally:
        os.close(terminal)


def test_the_program_inherits_ignored_signals_and_the_signal_mask(run_mode: tuple[str, Instance]) -> None:
    """As under nohup."""
    how, instance = run_mode
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


def test_without_an_instance_the_program_is_not_started(tmp_path: Path) -> None:
    """The user would otherwise believe that it is observed."""
    proof = tmp_path / "proof"
    done = Instance(tmp_path / "nowhere").cli("run", "--", "touch", str(proof))
    assert done.returncode == NO_INSTANCE
    assert "no instance is running" in done.stderr
    assert not proof.exists()


def test_run_without_a_command_exits_with_2(tmp_path: Path) -> None:
    done = Instance(tmp_path / "nowhere").cli("run")
    assert done.returncode == USAGE
    assert "procession run -- python train.py" in done.stderr


# What Procession shows of a program started with `procession run`


@contextmanager
def running(instance: Instance, *argv: str) -> Iterator[subprocess.Popen[str]]:
    """Start a program under `procession run`; end it and its descendants on exit."""
    with subprocess.Popen(
        command("run", *argv), env=instance.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as runner:
        try:
            yield runner
        finally:
            wait_until(lambda: _end_programs(instance, runner), 30, "the program has ended")
            assert runner.stdout
            runner.stdout.close()


def _end_programs(instance: Instance, runner: subprocess.Popen[str]) -> bool:
    """End all programs and return whether the runner has ended; a new program may not be listed yet."""
    for process in instance.snapshot().processes:
        if process.alive and process.program:
            instance.end(process.id)
    return runner.poll() is not None


def finding(instance: Instance, kind: str, about: str = "") -> Any:
    """Return the first finding of that kind whose text contains ``about``, from `procession waits`."""

    def told() -> list[Any]:
        return [one for one in instance.ask("waits")["findings"] if one["kind"] == kind and about in one["text"]]

    return wait_until(told, 30, f"{kind} is found")[0]


def test_a_program_that_has_ended_is_listed_with_its_exit_code(instance: Instance) -> None:
    """With --json, `procession run` writes the program's record to standard error."""
    done = instance.cli("run", "--json", "--name", "quick", "--", sys.executable, "-c", "raise SystemExit(4)")
    assert done.returncode == 4
    told = json.loads(done.stderr)
    [listed] = [one for one in instance.ask("programs") if one["id"] == told["id"]]
    assert (listed["name"], listed["attached"], listed["state"]) == ("quick", True, "ended")
    assert wait_until(lambda: exitcode_of(instance, told["id"]) is not None)
    assert exitcode_of(instance, told["id"]) == 4
    assert "quick" in instance.cli("programs").stdout
    assert [one["start_method"] for one in instance.ask("ps") if one["id"] == told["id"]] == [None]


def test_programs_says_why_a_program_is_not_observed(instance: Instance) -> None:
    """It names the Python flag that prevents observing, and only for that program."""
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


def test_a_deadlock_is_explained_and_the_program_can_be_killed(instance: Instance) -> None:
    """A lock whose holder is alive cannot be broken; `procession run` ends with the program's signal."""
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


def test_breaking_an_abandoned_lock_lets_the_program_finish(instance: Instance) -> None:
    script = str(PROGRAMS / "synchronisation" / "abandoned_lock.py")
    with running(instance, sys.executable, script, "--waiters=2", "--seconds=600") as runner:
        [lock] = finding(instance, "abandoned-lock")["resources"]
        broken = instance.cli("break", lock)
        assert (broken.returncode, "half written" in broken.stdout) == (0, True)
        assert runner.wait(20) == 0
        assert runner.stdout
        assert "all got the lock" in runner.stdout.read()


TWELVE_LOCKS = """
import multiprocessing, time

def hold(lock):
    with lock:
        time.sleep(600)

if __name__ == "__main__":
    locks = [multiprocessing.Lock() for number in range(12)]
    for _ in range(2):
        multiprocessing.Process(target=hold, args=(locks[0],)).start()
"""


def test_waits_and_resources_can_be_limited_to_one_program(instance: Instance, tmp_path: Path) -> None:
    """Its resources are listed in the order in which they were created."""
    (tmp_path / "twelve.py").write_text(TWELVE_LOCKS)
    (tmp_path / "knot.py").write_text((PROGRAMS / "synchronisation" / "deadlock.py").read_text())
    with (
        running(instance, sys.executable, str(tmp_path / "knot.py"), "--seconds=600"),
        running(instance, sys.executable, str(tmp_path / "twelve.py")),
    ):
        knot = wait_until(lambda: waits_of(instance, "knot.py", "findings"), 30, "a deadlock is found")
        told = wait_until(lambda: waits_of(instance, "twelve.py", "edges"), 30, "one process waits for the other")
        assert {edge["to"] for edge in told["edges"]} <= {"acquire", "join"}
        assert (told["cycles"], told["findings"]) == ([], [])
        assert (len(knot["cycles"]), [one["kind"] for one in knot["findings"]]) == (1, ["deadlock"])
        assert len(instance.ask("waits")["edges"]) >= len(told["edges"]) + len(knot["edges"])
        made = [int(one["id"][1:]) for one in instance.ask("resources", "--program", "twelve.py")]
        assert (len(made), made) == (12, sorted(made))


def waits_of(instance: Instance, program: str, what: str) -> Any:
    """Return the waits of one program once ``what`` is not empty in them."""
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


def test_a_deadlock_without_locks_is_found(instance: Instance, tmp_path: Path) -> None:
    """Both processes wait for a message, and their feeder threads for something to write."""
    script = tmp_path / "messages.py"
    script.write_text(MESSAGES)
    with running(instance, sys.executable, str(script)):
        text = finding(instance, "deadlock", "messages.py (pid ")["text"]
        assert "waits to get from queue" in text
        assert "worker (pid " in text


def test_a_wait_that_another_thread_can_end_is_not_a_deadlock(instance: Instance, tmp_path: Path) -> None:
    """Both main threads wait for each other, but a thread will still send a message."""
    script = tmp_path / "producer.py"
    script.write_text(PRODUCER_THREAD)
    with running(instance, sys.executable, str(script)):

        def lasting() -> set[str]:
            edges = instance.snapshot().waits.edges
            return {edge.to for edge in edges if time.time() - edge.since > 5}

        wait_until(lambda: lasting() >= {"join", "get"}, 40, "both have waited for more than 5 s")
        assert instance.ask("waits")["findings"] == []
