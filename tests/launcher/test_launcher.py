"""`procession serve` end to end: its ready line, stopping it, and what happens when one of its processes is killed."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.records.process import LaunchSpec
from tests.instance import Instance
from tests.waiting import wait_until


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    with Instance(tmp_path / "home") as running:
        yield running


def test_serve_prints_one_line_when_ready_and_exits_with_0_on_sigterm(instance: Instance) -> None:
    """The server answers as soon as the line is printed; nothing else is written to standard output."""
    assert instance.line.startswith("Procession is running at http://127.0.0.1:")
    assert instance.get("/readyz") == 200
    assert instance.token == (instance.home / "token").read_text().strip()

    instance.launch("sleep", seconds=600)
    assert instance.stop() == 0

    assert instance.line.count("\n") == 1
    assert not instance.alive()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_sigint_and_sighup_stop_serve_gracefully(instance: Instance, number: int) -> None:
    """Child processes are ended by SIGTERM, not by SIGKILL."""
    process = instance.launch("sleep", seconds=600)

    instance.serve.send_signal(number)

    assert instance.wait_ended() == 0
    assert not instance.alive()
    with closing(sqlite3.connect(instance.home / "journal.sqlite3")) as journal:
        exited = "SELECT text FROM events WHERE process = ? AND kind = 'exited'"
        [(text,)] = journal.execute(exited, (process.id,)).fetchall()
    assert "exit code -15" in text


def test_a_second_sigterm_kills_all_processes_at_once(instance: Instance) -> None:
    """A child's grace period of minutes is cut short."""
    instance.launch(LaunchSpec(workload="ignore-sigterm", params={"seconds": 600}, grace_s=600))
    instance.serve.send_signal(signal.SIGTERM)
    wait_until(lambda: "stopping; send it again" in instance.stderr())

    def send_sigterm_again() -> bool:
        instance.serve.send_signal(signal.SIGTERM)
        return instance.serve.poll() is not None

    wait_until(send_sigterm_again, 10)
    assert instance.wait_ended() == 0
    assert not instance.alive()


def test_a_killed_web_process_is_restarted_on_the_same_port(instance: Instance) -> None:
    """Supervised processes keep running, and a request that arrives meanwhile waits instead of being refused."""
    process = instance.launch("sleep", seconds=600)
    before = instance.web_pid

    os.kill(before, signal.SIGKILL)

    assert instance.get("/healthz", timeout_s=30) == 200
    assert instance.web_pid != before
    now = instance.process(process.id)
    assert now
    assert now.pid == process.pid


def test_a_killed_supervisor_leaves_no_process_and_the_next_one_reports_the_loss(instance: Instance) -> None:
    """The fork, the subprocess and the double-forked daemon in its own session are all killed."""
    process = instance.launch("descendants", seconds=600)
    wait_until(lambda: len(instance.snapshot().descendants) >= 3)
    before, web = instance.supervisor_pid, instance.web_pid
    below = set(instance.alive()) - {instance.serve.pid, instance.launcher_pid, web}

    os.kill(before, signal.SIGKILL)
    wait_until(lambda: instance.supervisor_pid not in (0, before), 20)
    wait_until(lambda: instance.get("/readyz") == 200, 20)

    assert not below & set(instance.alive())
    assert instance.web_pid == web
    events = instance.ask("events")
    assert any(event["kind"] == "lost" and event["process"] == process.id for event in events)
    assert " remaining process" in instance.stderr()


def test_killing_the_launcher_ends_all_its_processes(instance: Instance) -> None:
    """The supervisor ends its children and itself; the web process ends too and frees the port."""
    instance.launch("descendants", seconds=600)
    port = int(instance.port_and_host.rpartition(":")[2])

    instance.serve.kill()
    instance.wait_ended()

    instance.wait_nothing_alive()
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def test_serve_waits_for_the_remaining_processes_of_a_killed_launcher(instance: Instance) -> None:
    """Two supervisors on one home would share a journal and a socket."""
    instance.launch(LaunchSpec(workload="ignore-sigterm", params={"seconds": 600}, grace_s=2))
    instance.serve.kill()
    instance.wait_ended()

    with Instance(instance.home) as later:
        assert later.get("/readyz") == 200
        assert not any(process.alive for process in later.snapshot().processes)


def test_a_second_serve_on_the_same_home_is_refused(instance: Instance) -> None:
    """It prints one line that names the first instance, which keeps running."""
    second = instance.cli("serve")

    assert second.returncode == 1
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert f"another instance (pid {instance.serve.pid}) is running for" in second.stderr
    assert instance.get("/readyz") == 200


def test_a_port_in_use_is_reported_in_one_line(tmp_path: Path) -> None:
    """The line says what to do about it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        done = Instance(tmp_path / "home", port=port).cli("serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"procession: cannot listen on 127.0.0.1:{port}: Address already in use; set")
    assert done.stderr.count("\n") == 1


def test_an_invalid_setting_is_reported_in_one_line(tmp_path: Path) -> None:
    """Nothing is started."""
    done = Instance(tmp_path / "home", host="0.0.0.0").cli("serve")

    assert (done.returncode, done.stdout) == (1, "")
    assert "set PROCESSION_TOKEN, or use one of" in done.stderr
    assert done.stderr.count("\n") == 1


def test_serve_gives_up_on_a_supervisor_that_cannot_start(tmp_path: Path) -> None:
    """After several attempts it prints the reason on standard error and exits with 1, leaving no process."""
    (tmp_path / "sqlite3.py").write_text("raise SystemExit(1)")
    instance = Instance(tmp_path / "home")
    instance.environ["PYTHONPATH"] = str(tmp_path)
    try:
        instance.start()
        assert instance.wait_ended() == 1
        assert instance.line == ""
        assert "giving up: the supervisor exited right after its start 6 times in a row" in instance.stderr()
        assert not instance.alive()
    finally:
        instance.kill_all()


def test_serve_does_not_end_earlier_children_of_its_shell(tmp_path: Path) -> None:
    """With `other & exec procession serve`, `other` is a child of serve that serve did not start."""
    instance = Instance(tmp_path / "home")
    note = tmp_path / "other"
    script = f"env -u INSTANCE_OF_TEST sleep 600 & echo $! > {note}; exec {sys.executable} -m app serve"
    try:
        instance.start("/bin/sh", "-c", script)
        instance.wait_ready()
        other = int(note.read_text())
        assert instance.stop() == 0
        assert Path(f"/proc/{other}/comm").read_text().strip() == "sleep"
    finally:
        instance.kill_all()
        subprocess.run(["kill", note.read_text().strip()], check=False)


def test_serve_with_json_prints_its_url_as_json(tmp_path: Path) -> None:
    """It is one object on one line."""
    instance = Instance(tmp_path / "home")
    try:
        instance.start(sys.executable, "-m", "app", "serve", "--json")
        instance.wait_ready()
        assert instance.line.startswith('{"url": "http://127.0.0.1:')
        assert instance.stop() == 0
    finally:
        instance.kill_all()
