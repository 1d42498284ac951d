"""`procession run`: between a program and its terminal stands nobody, observed or not."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

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
