"""A child boots, calls its target and ends as in the stdlib, under every start method."""

import os
import signal
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.protocol.reports import Booted, FailedToStart, Raised
from procession.child import surroundings
from tests.child.bare_supervisor import METHODS, BareSupervisor, bare_supervisor
from tests.waiting import wait_until

MODULE = """
import multiprocessing, os, signal, subprocess, sys, time

def quiet(): pass
def take(one, two=2, *, three=3): print(one, two, three)
def sleep(): time.sleep(600)
def leave(code): sys.exit(code)
def fail(): raise ValueError("first line\\nsecond line")
def fail_deep(n=0): fail_deep(n + 1)

def speak():
    print("out")
    print("err", file=sys.stderr)
    subprocess.run(["echo", "subprocess"])
    os.write(1, b"raw\\n")
    print("no text: \\udcff")
    print("stdin", repr(sys.stdin.read()))

class Thing:
    @staticmethod
    def method(): print("nested")

class Own(multiprocessing.Process):
    def __init__(self, code):
        super().__init__()
        self.code = code
    def run(self):
        present = multiprocessing.current_process()
        print(present is self, present.name, present.daemon, present.ident == os.getpid())
        child = multiprocessing.Process()
        print(multiprocessing.parent_process() is not None, child.name.removeprefix(type(child).__name__))
        sys.exit(self.code)

def start_a_child():
    child = multiprocessing.Process(target=quiet)
    child.start()
    child.join()
    print("child", child.exitcode)

def interrupt(): os.kill(os.getpid(), signal.SIGINT)
def crash(): os.kill(os.getpid(), signal.SIGSEGV)
def die(): os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[BareSupervisor]:
    with bare_supervisor(tmp_path) as supervisor:
        supervisor.write("jobs.py", MODULE)
        yield supervisor


@pytest.mark.parametrize(("method", "preloaded"), [("forkserver", True), ("spawn", False), ("fork", True)])
def test_it_reports_that_it_has_booted(supervisor: BareSupervisor, method: str, *, preloaded: bool) -> None:
    """Before the user's code runs, with the stack signal and whether modules were preloaded."""
    started = supervisor.start(method, "jobs:quiet")
    assert started.end() == 0
    (booted,) = started.reports
    assert booted == Booted(
        pid=started.pid,
        python=booted.python,
        preloaded=preloaded,
        stack_signal=surroundings.STACK_SIGNAL,
    )


@pytest.mark.parametrize("method", METHODS)
def test_arguments_arrive(supervisor: BareSupervisor, method: str) -> None:
    """Positional and keyword arguments are passed as given."""
    started = supervisor.start(method, "jobs:take", args=["a"], kwargs={"three": [3]})
    assert started.end() == 0
    assert started.log_text() == "a 2 [3]\n"


def test_dotted_names_are_resolved(supervisor: BareSupervisor) -> None:
    """The target may be an attribute of a class."""
    started = supervisor.start("forkserver", "jobs:Thing.method")
    assert started.end() == 0
    assert started.log_text() == "nested\n"


@pytest.mark.parametrize("method", METHODS)
def test_all_output_goes_to_the_log(supervisor: BareSupervisor, method: str) -> None:
    """Python's streams, descriptors and subprocesses write in order; undecodable bytes are escaped; stdin is empty."""
    started = supervisor.start(method, "jobs:speak")
    assert started.end() == 0
    assert started.log_text() == "out\nerr\nsubprocess\nraw\nno text: \\udcff\nstdin ''\n"
    assert stat.S_IMODE(started.log.stat().st_mode) == stat.S_IMODE(started.stack.stat().st_mode) == 0o600


def test_the_log_is_appended_to(supervisor: BareSupervisor) -> None:
    """A restart keeps the output of the last run."""
    supervisor.write("0.log", "before\n")
    started = supervisor.start("forkserver", "jobs:take", args=[1])
    assert started.end() == 0
    assert started.log_text() == "before\n1 2 3\n"


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("code", "exitcode"), [(0, 0), (None, 0), (7, 7), ("a text", 1)])
def test_system_exit_is_the_stdlibs(supervisor: BareSupervisor, method: str, code: object, exitcode: int) -> None:
    """sys.exit() sets the exit code, and is not reported as an exception."""
    started = supervisor.start(method, "jobs:leave", args=[code])
    assert started.end() == exitcode
    assert not started.of_kind(Raised)
    assert started.log_text() == ("a text\n" if code == "a text" else "")


@pytest.mark.parametrize("method", METHODS)
def test_an_exception_is_reported_and_printed(supervisor: BareSupervisor, method: str) -> None:
    """Exit code 1, a report with the first line of the message, and a traceback that begins in the user's code."""
    started = supervisor.start(method, "jobs:fail", name="worker-7")
    assert started.end() == 1
    raised = started.wait_for(Raised)
    assert raised.error == "ValueError: first line"
    first, second, *_ = raised.traceback.splitlines()
    assert (first, second) == (
        "Traceback (most recent call last):",
        f'  File "{supervisor.folder}/jobs.py", line 8, in fail',
    )
    assert started.log_text() == f"Process worker-7:\n{raised.traceback}"


def test_an_interrupt_is_reported(supervisor: BareSupervisor) -> None:
    """SIGINT is a KeyboardInterrupt, as everywhere in Python."""
    started = supervisor.start("forkserver", "jobs:interrupt")
    assert started.end() == 1
    assert started.wait_for(Raised).error == "KeyboardInterrupt"


@pytest.mark.parametrize(
    ("target", "options", "error"),
    [
        ("missing:run", {}, "ModuleNotFoundError: No module named 'missing'"),
        ("jobs:missing", {}, "AttributeError: module 'jobs' has no attribute 'missing'"),
        ("jobs:sys", {}, "TypeError: jobs:sys is not callable: module"),
        ("jobs:take", {}, "TypeError: take(one, two=2, *, three=3): missing a required argument: 'one'"),
        ("jobs:quiet", {"args": [1]}, "TypeError: quiet(): too many positional arguments"),
        (
            "jobs:quiet",
            {"kwargs": {"x": 1}},
            "TypeError: quiet(): got an unexpected keyword argument 'x'",
        ),
        ("jobs:Own", {}, "TypeError: Own(code): missing a required argument: 'code'"),
        ("broken:run", {}, "ZeroDivisionError: division by zero"),
        ("syntax:run", {}, "SyntaxError: invalid syntax (syntax.py, line 1)"),
        ("leaving:run", {}, "SystemExit: 3"),
        ("jobs:quiet", {"path": "/nowhere"}, "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere'"),
        (
            "jobs:quiet",
            {"log": "/nowhere/log"},
            "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere/log'",
        ),
    ],
)
def test_a_failed_start_is_reported(
    supervisor: BareSupervisor, target: str, options: dict[str, object], error: str
) -> None:
    """A wrong module, name or argument: a report with traceback, exit code 1, and no "booted"."""
    supervisor.write("broken.py", "1 / 0\n")
    supervisor.write("syntax.py", "def\n")
    supervisor.write("leaving.py", "import sys\nsys.exit(3)\n")
    started = supervisor.start("fork", target, **options)
    assert started.end() == 1
    (report,) = started.reports
    assert isinstance(report, FailedToStart)
    assert report.error == error
    assert error.partition(":")[0] in report.traceback
    assert "procession/" not in report.traceback or "/nowhere" in error


@pytest.mark.parametrize("method", METHODS)
def test_a_failed_import_is_reported_under_every_method(supervisor: BareSupervisor, method: str) -> None:
    """The traceback points at the user's line, and is in the log, too."""
    supervisor.write("broken.py", "import nowhere_to_be_found\n")
    started = supervisor.start(method, "broken:run")
    assert started.end() == 1
    report = started.wait_for(FailedToStart)
    assert f'File "{supervisor.folder}/broken.py", line 1' in report.traceback
    assert report.traceback in started.log_text()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("daemon", [False, True])
def test_a_process_subclass_becomes_the_current_process(
    supervisor: BareSupervisor, method: str, *, daemon: bool
) -> None:
    """run() sees itself as the current process, with its name and daemon flag."""
    started = supervisor.start(method, "jobs:Own", args=[5], name="mine", daemon=daemon)
    assert started.end() == 5
    (number,) = started.process._identity
    assert started.log_text() == f"True mine {daemon} True\nTrue -{number}:1\n"


@pytest.mark.parametrize("method", METHODS)
def test_a_child_may_have_children(supervisor: BareSupervisor, method: str) -> None:
    """multiprocessing works inside a child, with its own start method."""
    started = supervisor.start(method, "jobs:start_a_child")
    assert started.end() == 0, started.log_text()
    assert started.log_text() == "child 0\n"


@pytest.mark.parametrize("method", METHODS)
def test_a_daemonic_child_may_not_have_children(supervisor: BareSupervisor, method: str) -> None:
    """The stdlib refuses it."""
    started = supervisor.start(method, "jobs:start_a_child", daemon=True)
    assert started.end() == 1
    told = started.wait_for(Raised).error
    assert told == "AssertionError: daemonic processes are not allowed to have children"


@pytest.mark.parametrize("method", METHODS)
def test_sigterm_ends_a_child_although_the_supervisor_handles_it(supervisor: BareSupervisor, method: str) -> None:
    """A fork child inherits handlers and mask; both are reset before user code runs."""
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    try:
        started = supervisor.start(method, "jobs:sleep")
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    started.wait_for(Booted)
    os.kill(started.pid, signal.SIGTERM)
    assert started.end() == -signal.SIGTERM


@pytest.mark.parametrize("method", METHODS)
def test_the_stack_signal_appends_the_stacks(supervisor: BareSupervisor, method: str) -> None:
    """Two signals append two dumps, and the process keeps running."""
    started = supervisor.start(method, "jobs:sleep")
    signum = started.wait_for(Booted).stack_signal
    for count in (1, 2):
        os.kill(started.pid, signum)
        wait_until(lambda count=count: started.stack.read_text().count("in sleep\n") == count)
    assert started.process.is_alive()


@pytest.mark.parametrize("put_there", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_without_its_stack_file_it_runs(
    supervisor: BareSupervisor, tmp_path: Path, put_there: Callable[[Path], None]
) -> None:
    """It neither waits for a reader of a FIFO nor follows a link; its stack is then read from outside."""
    put_there(tmp_path / "0.stack")
    assert supervisor.start("fork", "jobs:quiet").end() == 0
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("put_there", [os.mkfifo, Path.mkdir, lambda path: path.symlink_to("elsewhere")])
def test_it_writes_its_output_into_nothing_but_a_file(
    supervisor: BareSupervisor, tmp_path: Path, put_there: Callable[[Path], None]
) -> None:
    """Something else in the place of the log is a failed start, reported at once."""
    put_there(tmp_path / "0.log")
    started = supervisor.start("fork", "jobs:quiet")
    assert started.end() == 1
    assert isinstance(started.reports[0], FailedToStart)
    assert not (tmp_path / "elsewhere").exists()


def test_a_crash_writes_its_stack_to_the_log(supervisor: BareSupervisor) -> None:
    """The exit code is still the signal's."""
    started = supervisor.start("forkserver", "jobs:crash")
    assert started.end() == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in started.log_text()


@pytest.mark.parametrize("method", METHODS)
def test_it_leads_a_session(supervisor: BareSupervisor, method: str) -> None:
    """killpg() in user code cannot reach the supervisor, and the session identifies descendants."""
    started = supervisor.start(method, "jobs:sleep")
    started.wait_for(Booted)
    assert os.getsid(started.pid) == os.getpgid(started.pid) == started.pid
