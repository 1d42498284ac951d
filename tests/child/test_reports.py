"""`report` and the other messages of a child: few, small, never blocking, and silent without a supervisor."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import procession
from app.protocol.reports import MAX_REPORT, Booted, Forked, Progressed, Raised
from procession import channel
from tests.child.bare_supervisor import METHODS, BareSupervisor, bare_supervisor
from tests.waiting import wait_until

MODULE = """
import os, signal, sys, time
from procession import report, reporting

def once(): print(report(1, 4, "first"))

def tight():
    for number in range(100_000):
        report(number, 200_000)

def held_back():
    for number in range(50):
        report(number, 100)
    raise ValueError("after 50")

def detach():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            report(2, 3)
            print(f"daemon {os.getpid()}")
        os._exit(0)
    os.wait()

def close_all(taken):
    print(report(1), flush=True)
    os.closerange(3, 4096)
    files = [os.open(taken, os.O_RDWR | os.O_CREAT) for _ in range(1000)]
    print([report(number, 2) for number in range(2)])

def flood():
    signal.signal(signal.SIGUSR1, lambda *_: None)
    note = "x" * 400
    for number in range(2_000):
        reporting._channel.tell("progress", done=number, note=note)
    print("flooded")
    signal.pause()
    print(report(9, 9))

def strange():
    report(1, float("inf"), "\\udcff \\0 \\U0001f600" + "é" * 5000)
    for wrong in ("text", float("nan"), None):
        try:
            report(wrong)
        except (TypeError, ValueError) as error:
            print(type(error).__name__)

def deep(n=0):
    deep(n + 1)

def giant():
    raise ValueError("x" * 100_000 + "the end")

class Chatty(Exception):
    def __str__(self):
        return "\\U0001f600\\0" * 3000 + "\\nlast"

def chatty():
    raise Chatty
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[BareSupervisor]:
    with bare_supervisor(tmp_path) as supervisor:
        supervisor.write("chatty.py", MODULE)
        yield supervisor


def test_outside_a_supervised_process_it_does_nothing() -> None:
    """User code needs no condition around it."""
    assert procession.report(1, 2, "note") is False


@pytest.mark.parametrize("method", METHODS)
def test_progress_is_reported(supervisor: BareSupervisor, method: str) -> None:
    """Done, total and note arrive unchanged."""
    started = supervisor.start(method, "chatty:once")
    assert started.end() == 0
    assert started.reports[1:] == [Progressed(pid=started.pid, done=1, total=4, note="first")]
    assert started.log_text() == "True\n"


def test_a_tight_loop_sends_few_reports_and_the_last(supervisor: BareSupervisor) -> None:
    """Of 100,000 reports some dozens are sent; the last one at the latest when the target returns."""
    started = supervisor.start("forkserver", "chatty:tight")
    assert started.end() == 0
    sent = [report.done for report in started.of_kind(Progressed)]
    assert sent == sorted(sent)
    assert len(sent) < 1000
    assert (sent[0], sent[-1]) == (0, 99_999)


def test_held_back_progress_is_sent_before_the_exception(supervisor: BareSupervisor) -> None:
    """The last progress of a failed process is known, too."""
    started = supervisor.start("forkserver", "chatty:held_back")
    assert started.end() == 1
    *_, progress, raised = started.reports
    assert (progress.done, raised.error) == (49, "ValueError: after 50")


@pytest.mark.parametrize("method", METHODS)
def test_forked_descendants_report_themselves(supervisor: BareSupervisor, method: str) -> None:
    """Both steps of a double fork are reported, and the daemon's progress arrives."""
    started = supervisor.start(method, "chatty:detach")
    daemon = started.wait_for(Progressed).pid
    assert started.end() == 0
    middle, last = started.of_kind(Forked)
    assert last.pid == daemon
    assert len({started.pid, middle.pid, daemon}) == 3
    started.wait_for_log(f"daemon {daemon}\n")


def test_closed_descriptors_end_the_reporting_silently(supervisor: BareSupervisor, tmp_path: Path) -> None:
    """If the user has closed our descriptor and opened a file with its number, nothing is written to that file."""
    taken = tmp_path / "taken"
    started = supervisor.start("forkserver", "chatty:close_all", args=[str(taken)])
    assert started.end() == 0
    assert started.log_text() == "True\n[False, False]\n"
    assert taken.read_bytes() == b""


def test_a_full_socket_drops_and_counts(supervisor: BareSupervisor) -> None:
    """A supervisor that does not read holds up nothing; the next progress has the count."""
    started = supervisor.start("forkserver", "chatty:flood")
    started.wait_for_log("flooded\n")
    assert 0 < len(started.of_kind(Progressed)) < 2000
    os.kill(started.pid, signal.SIGUSR1)
    assert started.end() == 0
    last = started.of_kind(Progressed)[-1]
    assert (last.done, last.dropped) == (9, 2000 - len(started.of_kind(Progressed)) + 1)


def test_a_supervisor_that_is_gone_is_no_error(supervisor: BareSupervisor) -> None:
    """Reporting to a closed socket raises nothing and sends no signal."""
    started = supervisor.start("forkserver", "chatty:flood")
    started.wait_for_log("flooded\n")
    started.socket.close()
    os.kill(started.pid, signal.SIGUSR1)
    started.process.join()
    assert started.process.exitcode == 0
    assert started.log_text() == "flooded\nFalse\n"


def test_odd_values_make_valid_messages(supervisor: BareSupervisor) -> None:
    """An infinite total is unknown, a long note is cut, and what is not a number raises."""
    started = supervisor.start("forkserver", "chatty:strange")
    assert started.end() == 0
    (progress,) = started.of_kind(Progressed)
    assert progress.total is None
    assert progress.note.startswith("? \0 \U0001f600é")
    assert started.log_text() == "ValueError\nValueError\nTypeError\n"


@pytest.mark.parametrize(
    ("target", "error", "end"),
    [
        ("deep", "RecursionError: maximum recursion depth exceeded", "maximum recursion depth exceeded\n"),
        ("giant", "ValueError: xxx", "the end\n"),
        ("chatty", "chatty.Chatty: \U0001f600", "\nlast\n"),
    ],
)
def test_long_tracebacks_are_cut_in_the_middle(supervisor: BareSupervisor, target: str, error: str, end: str) -> None:
    """A report is at most 4,096 bytes; beginning and end of the traceback are kept."""
    started = supervisor.start("forkserver", f"chatty:{target}")
    assert started.end() == 1
    raised = started.wait_for(Raised)
    assert raised.error.startswith(error)
    assert raised.traceback.startswith("Traceback (most recent call last):\n")
    assert raised.traceback.endswith(end)


@pytest.mark.parametrize("length", [0, 1, 100, 3900, 4096, 5000, 200_000])
@pytest.mark.parametrize("text", ["x", "é", "\U0001f600", "\0", "\ud800", "a line\n"])
def test_every_report_fits(text: str, length: int) -> None:
    """Whatever the texts are, the JSON is valid and small enough."""
    report = {"kind": "raised", "pid": 1, "error": (text * length)[:300], "traceback": text * length}
    datagram = channel.encode(report)
    assert len(datagram) <= MAX_REPORT
    assert json.loads(datagram).keys() == report.keys()


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("procession", {"typing", "json", "socket", "multiprocessing", "inspect", "dataclasses", "enum"}),
        ("procession.child.main", {"inspect", "dataclasses", "typing", "traceback", "pathlib", "ctypes", "logging"}),
    ],
)
def test_importing_it_loads_little(module: str, absent: set[str]) -> None:
    """Every process pays for these imports, so they are few."""
    # -S: an editable install loads a finder of its own at start.
    root = str(Path(procession.__file__).parents[1])
    code = f"import sys; sys.path.insert(0, {root!r}); import {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert not absent & set(done.stdout.split())


def test_it_boots_before_it_reports(supervisor: BareSupervisor) -> None:
    """Reports arrive in the order of events."""
    started = supervisor.start("spawn", "chatty:once")
    wait_until(lambda: len(started.read_reports()) == 2)
    assert [type(report) for report in started.reports] == [Booted, Progressed]
