"""Every workload of the catalogue, really launched, does what its description says."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import workers
from app.protocol.reports import Booted, Forked, Progressed, Raised
from tests.child.bare_supervisor import METHODS, BareSupervisor, Started, bare_supervisor
from tests.waiting import wait_until

ROOT = str(Path(workers.__file__).parents[1])
CATALOGUE = workers.catalogue()


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[BareSupervisor]:
    with bare_supervisor(tmp_path) as supervisor:
        yield supervisor


def launch(supervisor: BareSupervisor, name: str, *, method: str | None = None, **params: Any) -> Started:
    """Launch a workload as the supervisor would, with its own defaults."""
    workload = CATALOGUE[name]
    method = method or workload.defaults.get("start_method", "forkserver")
    return supervisor.start(
        method,
        f"{workload.module}:{workload.qualname}",
        root=ROOT,
        path=None,
        kwargs=workload.check(params),
        daemon=workload.defaults.get("daemon", False),
    )


def blocked_in(started: Started) -> str:
    """The stacks of its threads, once there are any."""
    os.kill(started.pid, started.wait_for(Booted).stack_signal)
    wait_until(lambda: "most recent call first" in started.stack.read_text())
    return started.stack.read_text()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("name", "params", "exitcode"),
    [
        ("sleep", {"seconds": 0}, 0),
        ("subclass", {"seconds": 0}, 0),
        ("burn-cpu", {"seconds": 0.05}, 0),
        ("allocate-memory", {"mib": 8, "seconds": 0}, 0),
        ("count-primes", {"limit": 1000}, 0),
        ("print-lines", {"rate": 1000, "seconds": 0.02}, 0),
        ("flood", {"mb_per_s": 500, "seconds": 0.01}, 0),
        ("exit-with", {"code": 0}, 0),
        ("exit-with", {"code": 255}, 255),
        ("raise", {}, 1),
        ("end-by-signal", {}, -signal.SIGKILL),
        ("ignore-sigterm", {"seconds": 0}, 0),
        ("hang", {"seconds": 0.05}, 0),
        ("hang-in-c", {"seconds": 0.05}, 0),
        ("descendants", {"seconds": 0.1}, 0),
        ("daemon-with-child", {}, 1),
        ("zombie", {}, 0),
        ("crash-loop", {}, 1),
        ("fork-burst", {"count": 3}, 0),
    ],
)
def test_it_ends_with_the_expected_exit_code(
    supervisor: BareSupervisor, name: str, params: dict[str, Any], exitcode: int, method: str
) -> None:
    """Under every start method."""
    started = launch(supervisor, name, method=method, **params)
    assert started.end() == exitcode, started.log_text()


@pytest.mark.parametrize("name", CATALOGUE["end-by-signal"].parameters[0].choices or ())
def test_end_by_signal_dies_of_the_signal(supervisor: BareSupervisor, name: str) -> None:
    """Exit code −N after signal N, and no core file."""
    started = launch(supervisor, "end-by-signal", signal=name)
    assert started.end() == -signal.Signals[name]


@pytest.mark.parametrize(
    ("name", "params", "total"),
    [
        ("subclass", {"seconds": 1}, 1),
        ("burn-cpu", {"seconds": 0.1}, 0.1),
        ("allocate-memory", {"mib": 5, "seconds": 0}, 5),
        ("count-primes", {"limit": 20_000}, 20_000),
        ("print-lines", {"rate": 1000, "seconds": 0.05}, 50),
        ("hang-in-c", {"seconds": 0.1}, 1),
    ],
)
def test_progress_reaches_its_total(
    supervisor: BareSupervisor, name: str, params: dict[str, Any], total: float
) -> None:
    """The last report says that everything is done."""
    started = launch(supervisor, name, **params)
    assert started.end() == 0
    last = started.of_kind(Progressed)[-1]
    assert (last.done, last.total, last.dropped) == (total, total, 0)


def test_count_primes_counts_right(supervisor: BareSupervisor) -> None:
    """There are 168 primes below 1,000."""
    started = launch(supervisor, "count-primes", limit=1000)
    assert started.end() == 0
    assert started.log_text() == "168 primes below 1000\n"


def test_print_lines_prints_on_both_streams(supervisor: BareSupervisor) -> None:
    """All lines are in the log, in order."""
    started = launch(supervisor, "print-lines", rate=1000, seconds=0.02)
    assert started.end() == 0
    assert started.log_text().splitlines() == [f"line {number} of 20" for number in range(1, 21)]


def test_flood_prints_the_requested_amount(supervisor: BareSupervisor) -> None:
    """Whole blocks of 64 KiB, up to rate times seconds."""
    started = launch(supervisor, "flood", mb_per_s=500, seconds=0.01)
    assert started.end() == 0
    assert started.log.stat().st_size == 5_000_000 // 65536 * 65536


def test_allocate_memory_holds_it(supervisor: BareSupervisor) -> None:
    """RSS is at least the requested size while it holds the memory."""
    started = launch(supervisor, "allocate-memory", mib=64, seconds=600)
    started.wait_for(Progressed, lambda report: report.done == 64)
    assert psutil.Process(started.pid).memory_info().rss >= 64 * 1024 * 1024


def test_allocate_memory_leaves_half_of_the_memory_free(supervisor: BareSupervisor) -> None:
    """More than half of the free memory is refused before anything is allocated."""
    supervisor.write(
        "small.py",
        "from workers import computing\ncomputing.free_mib = lambda: 100\n"
        "def run(): computing.allocate_memory(51, 0)\n",
    )
    started = supervisor.start("forkserver", "small:run", root=ROOT)
    assert started.end() == 1
    told = started.wait_for(Raised).error
    assert told == "MemoryError: 51 MiB is more than half of the 100 MiB that are free"


def test_raise_reports_a_value_error(supervisor: BareSupervisor) -> None:
    """The traceback begins in the workload."""
    started = launch(supervisor, "raise")
    assert started.end() == 1
    raised = started.wait_for(Raised)
    assert raised.error == "ValueError: invalid literal for int() with base 10: 'thirty'"
    assert raised.traceback.splitlines()[1].endswith(", in raise_error")


@pytest.mark.parametrize("method", METHODS)
def test_ignore_sigterm_survives_it(supervisor: BareSupervisor, method: str) -> None:
    """SIGTERM is ignored; SIGKILL ends it."""
    started = launch(supervisor, "ignore-sigterm", method=method)
    started.wait_for(Booted)
    wait_until(lambda: ignores(started.pid, signal.SIGTERM))
    os.kill(started.pid, signal.SIGTERM)
    assert started.process.is_alive()
    os.kill(started.pid, signal.SIGKILL)
    assert started.end() == -signal.SIGKILL


def ignores(pid: int, signum: int) -> bool:
    """Whether the kernel says that this process ignores the signal."""
    return bool(mask(pid, "SigIgn") >> (signum - 1) & 1)


def mask(pid: int, name: str) -> int:
    found = re.search(rf"{name}:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1], 16)


@pytest.mark.parametrize("method", METHODS)
def test_slow_shutdown_cleans_up(supervisor: BareSupervisor, method: str) -> None:
    """After one or more SIGTERMs it takes its ten steps and exits with code 0."""
    started = launch(supervisor, "slow-shutdown", method=method, seconds=0.2)
    wait_until(lambda: mask(started.pid, "SigCgt") >> (signal.SIGTERM - 1) & 1)
    os.kill(started.pid, signal.SIGTERM)
    started.wait_for(Progressed)
    os.kill(started.pid, signal.SIGTERM)
    assert started.end() == 0
    assert started.of_kind(Progressed)[-1].done == 10
    assert started.log_text() == "cleaned up\n"


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("sleep", "in sleep"),
        ("hang", "in hang"),
        ("hang-in-c", "in add"),
        ("thread-deadlock", "in take_both"),
        ("burn-cpu", "in burn_cpu"),
    ],
)
def test_the_stack_shows_where_it_hangs(supervisor: BareSupervisor, name: str, seen: str) -> None:
    """faulthandler answers in each of them, and SIGTERM still ends the process."""
    started = launch(supervisor, name)
    if name in ("hang-in-c", "burn-cpu"):
        started.wait_for(Progressed)
    if name == "thread-deadlock":
        wait_until(lambda: psutil.Process(started.pid).num_threads() == 3)
    wait_until(lambda: seen in blocked_in(started), message=f"{seen!r} in the stacks")
    os.kill(started.pid, signal.SIGTERM)
    assert started.end() == -signal.SIGTERM


def test_hang_uses_no_cpu(supervisor: BareSupervisor) -> None:
    """It sleeps in the kernel, waiting for a lock."""
    started = launch(supervisor, "hang")
    started.wait_for(Booted)
    wait_until(lambda: psutil.Process(started.pid).status() == psutil.STATUS_SLEEPING)
    assert not started.of_kind(Progressed)


def test_descendants_are_of_three_kinds(supervisor: BareSupervisor) -> None:
    """A fork and a subprocess below it, and a daemon in its own session with another parent."""
    started = launch(supervisor, "descendants", seconds=600)
    log = started.wait_for_log("daemon ")
    fork, program, daemon = (
        psutil.Process(int(re.search(rf"{kind} (\d+)", log)[1])) for kind in ("fork", "subprocess", "daemon")
    )
    try:
        assert fork.ppid() == program.ppid() == started.pid
        wait_until(lambda: program.cmdline() == ["sleep", "600.0"])
        wait_until(lambda: daemon.ppid() not in (started.pid, os.getpid()))
        assert os.getsid(daemon.pid) not in (started.pid, daemon.pid)
        for process in (fork, daemon):
            started.wait_for(Forked, lambda report, pid=process.pid: report.pid == pid)
    finally:
        for process in (fork, program, daemon):
            process.kill()
    assert started.end() == 0


def test_daemon_with_child_is_refused_by_multiprocessing(supervisor: BareSupervisor) -> None:
    """The message is the stdlib's."""
    started = launch(supervisor, "daemon-with-child")
    assert started.end() == 1
    assert started.wait_for(Raised).error.endswith("daemonic processes are not allowed to have children")


@pytest.mark.parametrize("method", METHODS)
def test_daemon_with_child_succeeds_without_the_daemon_flag(supervisor: BareSupervisor, method: str) -> None:
    """Its child is started and joined."""
    workload = CATALOGUE["daemon-with-child"]
    started = supervisor.start(method, f"{workload.module}:{workload.qualname}", root=ROOT, path=None)
    assert started.end() == 0, started.log_text()
    assert re.fullmatch(r"child \d+\n", started.log_text())


def test_zombie_stays_until_it_is_joined(supervisor: BareSupervisor) -> None:
    """It has exited, but is still in the process table."""
    started = launch(supervisor, "zombie")
    wait_until(lambda: psutil.Process(started.pid).status() == psutil.STATUS_ZOMBIE)
    assert started.end() == 0
    assert not psutil.pid_exists(started.pid)


def test_fork_burst_leaves_no_children(supervisor: BareSupervisor) -> None:
    """Each child is reported, and all are reaped at the end."""
    started = launch(supervisor, "fork-burst", count=20)
    assert started.end() == 0
    pids = {report.pid for report in started.of_kind(Forked)}
    assert len(pids) == 20
    assert started.of_kind(Progressed)[-1].done == 20
    assert not any(psutil.pid_exists(pid) for pid in pids)


def test_a_workload_loads_nothing_of_the_parent_side(supervisor: BareSupervisor) -> None:
    """It has loaded its own theme, not all of them, and not the module that reads the catalogue."""
    supervisor.write(
        "spy.py", "import sys\nfrom workers.basics import sleep\ndef run():\n    sleep(0)\n    print(*sys.modules)\n"
    )
    started = supervisor.start("forkserver", "spy:run", root=ROOT)
    assert started.end() == 0
    loaded = set(started.log_text().split())
    assert {"workers", "workers.basics"} <= loaded
    assert not {"app", "workers.computing", "workers._catalogue", "dataclasses"} & loaded
    assert sys.modules["workers._catalogue"]
