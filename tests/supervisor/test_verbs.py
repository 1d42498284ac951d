"""Every verb of the process lifecycle on real processes, with each start method."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from app.protocol import control as m
from app.records.errors import InvalidField, NoSuchProcess, NotPossible
from app.records.process import LaunchSpec
from tests.supervisor.supervised import Supervised
from tests.waiting import gone, wait_until

METHODS = ("forkserver", "spawn", "fork")


def consequences_for_three(supervisor: Supervised, process_id: str) -> Any:
    told = supervisor.ask(m.Consequences, process=process_id, verb="terminate")
    daemon = [one for one in told["descendants"] if one["ppid"] == supervisor.process.pid]
    return told if len(told["descendants"]) == 3 and daemon else None


def listed_ids(supervisor: Supervised, ids: list[str]) -> set[str]:
    return {one.id for one in supervisor.snapshot().snapshot.processes} & set(ids)


def ignores(pid: int, signum: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    mask = next(line for line in status.splitlines() if line.startswith("SigIgn:")).split()[1]
    return bool(int(mask, 16) & 1 << (signum - 1))


@pytest.mark.parametrize("method", METHODS)
def test_exit_code_and_cause_are_those_of_the_process(supervisor: Supervised, method: str) -> None:
    """An exit by signal N has code −N; an exception's last line is the cause."""
    coded = supervisor.launch("exit-with", params={"code": 7}, start_method=method)
    raised = supervisor.launch("raise", start_method=method)
    signalled = supervisor.launch("end-by-signal", params={"signal": "SIGSEGV"}, start_method=method)
    assert supervisor.join(coded) == {"joined": True, "exitcode": 7}
    assert supervisor.join(raised) == {"joined": True, "exitcode": 1}
    assert supervisor.join(signalled) == {"joined": True, "exitcode": -signal.SIGSEGV}
    assert supervisor.record(raised).cause.startswith("exit 1: ValueError: ")
    assert "Traceback" in supervisor.record(raised).error
    assert "SIGSEGV: invalid memory access" in supervisor.record(signalled).cause


@pytest.mark.parametrize("method", METHODS)
def test_terminate_ends_the_whole_tree(supervisor: Supervised, method: str) -> None:
    """The tree has a fork, a subprocess and a setsid daemon."""
    process_id = supervisor.running("descendants", params={"seconds": 300}, start_method=method)
    told = wait_until(lambda: consequences_for_three(supervisor, process_id), 10, "the tree is listed")
    pids = [one["pid"] for one in told["descendants"]]
    text = f"Sends SIGTERM to pid {told['pid']}, then SIGKILL after 5 s if it is still alive."
    assert (len(pids), told["text"]) == (3, text)
    supervisor.act(process_id, "terminate")
    assert supervisor.join(process_id) == {"joined": True, "exitcode": -signal.SIGTERM}
    assert all(gone(pid) for pid in pids)


@pytest.mark.parametrize("method", METHODS)
def test_process_that_ignores_sigterm_is_killed_after_its_grace_period(supervisor: Supervised, method: str) -> None:
    """The record has the time of the kill and the pids that are left."""
    process_id = supervisor.running("ignore-sigterm", params={"seconds": 300}, start_method=method, grace_s=0.5)
    pid = supervisor.record(process_id).pid
    wait_until(lambda: ignores(pid, signal.SIGTERM), 10, "the process ignores SIGTERM")
    record = supervisor.act(process_id, "terminate")
    assert record["state"] == "stopping"
    assert record["stopping"]["signal"] == "SIGTERM"
    assert record["stopping"]["kill_at"] == pytest.approx(record["stopping"]["at"] + 0.5)
    assert record["pid"] in record["stopping"]["left"]
    assert supervisor.join(process_id)["exitcode"] == -signal.SIGKILL
    cause = supervisor.record(process_id).cause
    assert cause.startswith("SIGKILL ")
    assert cause.endswith(" s after SIGTERM by operator")


@pytest.mark.parametrize("method", METHODS)
def test_process_can_be_suspended_resumed_and_terminated(supervisor: Supervised, method: str) -> None:
    """The state is read from /proc; SIGTERM to a suspended process is followed by SIGCONT."""
    process_id = supervisor.running("sleep", params={"seconds": 300}, start_method=method, grace_s=60)
    supervisor.act(process_id, "suspend")
    supervisor.wait_state(process_id, "suspended")
    supervisor.act(process_id, "resume")
    supervisor.wait_state(process_id, "running")
    supervisor.act(process_id, "suspend")
    supervisor.wait_state(process_id, "suspended")
    supervisor.act(process_id, "terminate")
    assert supervisor.join(process_id) == {"joined": True, "exitcode": -signal.SIGTERM}


def test_zombie_is_exited_until_it_is_joined(supervisor: Supervised) -> None:
    """With fork it is a zombie of the operating system too."""
    process_id = supervisor.launch("zombie")
    record = supervisor.wait_state(process_id, "exited")
    assert psutil.Process(record.pid).status() == psutil.STATUS_ZOMBIE
    assert (record.exitcode, record.auto_join, record.start_method) == (0, False, "fork")
    assert supervisor.join(process_id) == {"joined": True, "exitcode": 0}
    assert not psutil.pid_exists(record.pid)


def test_waiting_joins_do_not_block_other_commands(supervisor: Supervised) -> None:
    process_id = supervisor.running("sleep", params={"seconds": 300})
    answers: list[object] = []
    joins = [threading.Thread(target=lambda: answers.append(supervisor.join(process_id))) for _ in range(3)]
    for one in joins:
        one.start()
    assert supervisor.join(process_id, 0.05) == {"joined": False, "exitcode": None}
    supervisor.act(process_id, "kill")
    for one in joins:
        one.join(20)
    assert answers == [{"joined": True, "exitcode": -signal.SIGKILL}] * 3


def test_commands_that_multiprocessing_refuses_are_refused(supervisor: Supervised) -> None:
    """As are a second start, a wrong pid and an unknown id."""
    created = supervisor.launch("sleep", auto_start=False)
    with pytest.raises(NotPossible, match="join is not possible while the process is created"):
        supervisor.join(created)
    supervisor.act(created, "start")
    with pytest.raises(NotPossible, match="start is not possible while the process is"):
        supervisor.act(created, "start")
    with pytest.raises(NotPossible, match="close is not possible while the process is"):
        supervisor.act(created, "close")
    with pytest.raises(NotPossible, match="no longer pid 1"):
        supervisor.act(created, "kill", pid=1)
    with pytest.raises(NoSuchProcess):
        supervisor.act("p999999", "kill")
    supervisor.act(created, "kill")
    supervisor.join(created)
    with pytest.raises(NotPossible, match="kill is not possible while the process is joined"):
        supervisor.ask(m.Consequences, process=created, verb="kill")
    assert supervisor.act(created, "close")["state"] == "closed"


def test_invalid_launch_is_refused_naming_the_field(supervisor: Supervised) -> None:
    """Nothing is started."""
    before = len(supervisor.snapshot().snapshot.processes)
    for field, spec in {
        "workload": {"workload": "nonsense"},
        "params.seconds": {"workload": "sleep", "params": {"seconds": -1}},
        "target": {"target": "no colon"},
        "path": {"target": "time:sleep", "path": "/nowhere/at/all"},
        "name": {"workload": "sleep", "name": ""},
        "grace_s": {"workload": "sleep", "grace_s": -1.0},
        "restart.limit": {"workload": "sleep", "restart": {"policy": "always", "limit": 0}},
        "restart.max_delay_s": {"workload": "sleep", "restart": {"policy": "always", "max_delay_s": 0}},
    }.items():
        with pytest.raises(InvalidField) as refusal:
            supervisor.launch(**spec)
        assert refusal.value.field == field
    assert len(supervisor.snapshot().snapshot.processes) == before


def test_the_longest_delay_of_a_restart_is_at_least_the_first(supervisor: Supervised) -> None:
    """The default of the one may be less than what is given for the other."""
    launched = supervisor.launch("sleep", restart={"policy": "always", "delay_s": 300}, auto_start=False)
    assert supervisor.record(launched).restart.max_delay_s == 300


def test_signal_can_be_sent_by_name_and_is_shown_as_the_cause(supervisor: Supervised) -> None:
    process_id = supervisor.running("sleep", params={"seconds": 300})
    with pytest.raises(InvalidField, match="unknown signal"):
        supervisor.ask(m.SendSignal, process=process_id, signal="SIGNONSENSE")
    supervisor.ask(m.SendSignal, process=process_id, signal="usr1", by="cli")
    supervisor.join(process_id)
    assert supervisor.record(process_id).cause == "SIGUSR1 by cli"


def test_restart_keeps_the_id_and_changes_the_pid(supervisor: Supervised) -> None:
    process_id = supervisor.running("print-lines", params={"rate": 10, "seconds": 300})
    first = supervisor.record(process_id)
    supervisor.act(process_id, "restart")
    again = supervisor.wait_for(
        process_id, lambda one: one.state == "running" and one.restarts == 1, "the process is restarted"
    )
    assert again.pid != first.pid
    supervisor.act(process_id, "kill")
    supervisor.join(process_id)


def test_crash_loop_backs_off_and_then_becomes_fatal(supervisor: Supervised) -> None:
    """The cause gives the last error."""
    process_id = supervisor.launch(
        "crash-loop", restart={"policy": "on-failure", "limit": 2, "delay_s": 0.1, "stable_s": 60}
    )
    record = supervisor.wait_state(process_id, "fatal")
    assert record.restarts == 2
    assert record.cause.startswith("gave up: exited within 1 m after each of 2 restarts. Last error: ")
    kinds = [event["kind"] for event in supervisor.events(process_id)]
    assert kinds.count("backoff") == 2
    assert kinds.count("started") == kinds.count("exited") == 3


def test_kill_in_backoff_is_refused_and_terminate_cancels_the_restart(supervisor: Supervised) -> None:
    """The consequences say that the process is not running."""
    waiting = supervisor.launch("crash-loop", restart={"policy": "always", "delay_s": 300, "max_delay_s": 300})
    supervisor.wait_state(waiting, "backoff")
    told = supervisor.ask(m.Consequences, process=waiting, verb="terminate")
    assert told["text"] == "The process is not running. Its pending restart is cancelled."
    with pytest.raises(NotPossible, match="kill is not possible while the process is backoff"):
        supervisor.act(waiting, "kill")
    supervisor.act(waiting, "terminate")
    supervisor.wait_state(waiting, "joined")


def test_stuck_process_is_found_with_its_current_line(supervisor: Supervised) -> None:
    """A sleeping process is not stuck."""
    stuck = supervisor.running("hang", params={"seconds": 300}, stuck_after_s=1.0)
    sleeper = supervisor.running("sleep", params={"seconds": 300}, stuck_after_s=1.0)
    record = supervisor.wait_for(
        stuck, lambda one: one.stuck and "hanging.py:" in one.stuck.reason, "the process is stuck"
    )
    assert "no progress for" in record.stuck.reason
    assert supervisor.record(sleeper).stuck is None
    for method in ("faulthandler", "py-spy"):
        answer = supervisor.ask(m.Stack, process=stuck)
        assert answer["source"] == method
        assert "hanging.py" in answer["text"]
        supervisor.act(stuck, "suspend") if method == "faulthandler" else None
        supervisor.wait_state(stuck, "suspended")
    for one in (stuck, sleeper):
        supervisor.act(one, "kill")
        supervisor.join(one)


def test_orphan_is_listed_below_its_process_and_can_be_ended(supervisor: Supervised, tmp_path: Path) -> None:
    """It is left when the process exits by itself."""
    (tmp_path / "leaves.py").write_text(
        "import subprocess\ndef one():\n    subprocess.Popen(['sleep', '300'], start_new_session=True)\n"
    )
    process_id = supervisor.launch(target="leaves:one", path=str(tmp_path))
    supervisor.join(process_id)

    def orphan() -> list[object]:
        return [one for one in supervisor.snapshot().snapshot.descendants if one.root == process_id and one.orphan]

    wait_until(lambda: len(orphan()) == 1, 10, "the orphan is listed")
    one = orphan()[0]
    supervisor.ask(m.EndDescendant, descendant=one.id)  # type: ignore[attr-defined]
    wait_until(lambda: not orphan(), 10, "the orphan is no longer listed")
    with pytest.raises(NoSuchProcess):
        supervisor.ask(m.EndDescendant, descendant="1-1")


def test_targets_may_be_in_packages_called_app_and_workers(supervisor: Supervised, tmp_path: Path) -> None:
    """This holds for each start method."""
    for package in ("app", "workers"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text(f"def main(): print('my own {package}')\n")
    for method in METHODS:
        for package in ("app", "workers"):
            process_id = supervisor.launch(target=f"{package}:main", path=str(tmp_path), start_method=method)
            assert supervisor.join(process_id) == {"joined": True, "exitcode": 0}
            assert supervisor.log(process_id) == f"my own {package}\n"


@pytest.mark.parametrize("method", METHODS)
def test_child_has_only_the_procession_package_loaded(supervisor: Supervised, tmp_path: Path, method: str) -> None:
    """It has neither Flask nor, under fork, the supervisor's modules."""
    (tmp_path / "mine.py").write_text("import sys\ndef names(): print(*{name.split('.')[0] for name in sys.modules})\n")
    process_id = supervisor.launch(target="mine:names", path=str(tmp_path), start_method=method)
    assert supervisor.join(process_id) == {"joined": True, "exitcode": 0}
    loaded = set(supervisor.log(process_id).split())
    assert "procession" in loaded
    assert not {"app", "workers", "flask", "gevent", "msgspec", "psutil"} & loaded


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("no_such_module:main", "failed to start: ModuleNotFoundError"),
        ("time:no_such_function", "failed to start: "),
        ("textwrap:indent", "failed to start: TypeError"),
    ],
)
def test_target_that_cannot_run_failed_to_start_with_a_traceback(
    supervisor: Supervised, target: str, words: str
) -> None:
    """The supervisor does not crash."""
    process_id = supervisor.launch(target=target)
    assert supervisor.join(process_id)["exitcode"] == 1
    record = supervisor.record(process_id)
    assert record.cause.startswith(words)
    assert record.error
    assert record.failed


def test_children_of_a_killed_forkserver_keep_running_and_have_their_exit_codes(supervisor: Supervised) -> None:
    """The loss is recorded as an event, and a new forkserver is started."""
    process_id = supervisor.running("sleep", params={"seconds": 300})
    lost = supervisor.snapshot().snapshot.supervisor.forkserver_pid
    assert lost
    os.kill(lost, signal.SIGKILL)
    wait_until(lambda: any(one["kind"] == "forkserver" for one in supervisor.events()), 10, "the loss is recorded")
    assert supervisor.record(process_id).state == "running"
    second = supervisor.running("sleep", params={"seconds": 300})
    assert supervisor.snapshot().snapshot.supervisor.forkserver_pid not in (None, lost)
    for one in (process_id, second):
        supervisor.act(one, "terminate")
        assert supervisor.join(one) == {"joined": True, "exitcode": -signal.SIGTERM}


def test_fifty_processes_at_once_leave_no_descriptor_open(supervisor: Supervised) -> None:
    before = psutil.Process(supervisor.process.pid).num_fds()
    answer = supervisor.ask(m.Launch, spec=LaunchSpec(workload="exit-with", params={"code": 0}), count=50)
    ids = [one["id"] for one in answer["processes"]]
    for one in ids:
        assert supervisor.join(one) == {"joined": True, "exitcode": 0}
        supervisor.act(one, "close")
    wait_until(lambda: not listed_ids(supervisor, ids), 20, "closed records are no longer shown")
    # The log helper, the connection of this test, and what the /proc sweep has open at this moment.
    wait_until(
        lambda: psutil.Process(supervisor.process.pid).num_fds() <= before + 10, 20, "all descriptors are closed"
    )
