"""Inspecting one process in detail: what cannot be read becomes a note."""

import os
from pathlib import Path

import pytest

from app.linux import proc
from app.linux.gauges import HostGauge
from app.linux.inspection import LIMIT, inspect
from app.records.masking import MASK
from app.records.primitives import JsonDict
from tests.sleepers import running
from tests.waiting import wait_until


def inspect_pid(pid: int) -> JsonDict:
    stat = proc.stat(pid)
    assert stat
    return inspect(pid, stat.start_ticks)


def test_running_process_is_shown_in_full(tmp_path: Path) -> None:
    """Memory, open files, connections, environment, directory, command, CPU affinity, niceness and limits are read."""
    code = (
        "import socket; server = socket.create_server(('127.0.0.1', 0))\n"
        "file = open(sys.argv[1], 'w'); os.chdir(os.path.dirname(sys.argv[1]))\n"
        "tell(server.getsockname()[1]); time.sleep(600)"
    )
    path = tmp_path / "out"
    with running(code, {"API_TOKEN": "hunter2", "COLOUR": "blue"}, (str(path), "--token=hunter2")) as program:
        (port,) = program.told()
        found = inspect_pid(program.pid)
    assert found["notes"] == []
    assert 0 < found["uss_bytes"] <= found["pss_bytes"]
    assert {"path": str(path), "mode": "w"} in [
        {key: one[key] for key in ("path", "mode")} for one in found["open_files"]
    ]
    (connection,) = found["connections"]
    assert (connection["local"], connection["status"]) == (f"127.0.0.1:{port}", "listen")
    assert (found["environment"]["API_TOKEN"], found["environment"]["COLOUR"]) == (MASK, "blue")
    assert found["cwd"] == str(tmp_path)
    assert found["command"][-1] == f"--token={MASK}"
    assert set(found["cpu_affinity"]) <= set(range(os.cpu_count() or 1))
    assert isinstance(found["nice"], int)
    assert " / " in found["limits"]["open files"]


def test_long_list_is_cut_with_a_note() -> None:
    """The note says how many entries are not shown."""
    with running("fds = [os.dup(0) for _ in range(300)]; tell('ready'); time.sleep(600)") as program:
        program.told()
        found = inspect_pid(program.pid)
    assert len(found["open_files"]) == LIMIT
    assert found["notes"] == [f"open files: {303 - LIMIT} more not shown"]


def test_zombie_and_reused_pid_are_shown_as_notes() -> None:
    """Nothing is shown of a process that has ended, nor of another process that now has its pid."""
    with running("pass") as program:
        wait_until(lambda: (stat := proc.stat(program.pid)) and stat.dead)
        found = inspect_pid(program.pid)
        assert "zombie" in found["notes"][0]
        reused = inspect(program.pid, 1)
    assert reused["notes"] == [f"pid {program.pid} has ended"]
    assert {value for key, value in reused.items() if key != "notes"} == {None}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can switch to a user without permission")
def test_missing_permission_is_shown_as_a_note() -> None:
    """Everything that may be read is still shown."""
    code = "tell('ready'); time.sleep(600)"
    with running(code) as program:
        program.told()
        read, write = os.pipe()
        nobody = os.fork()
        if nobody == 0:
            try:
                os.setgroups([])
                os.setresgid(65534, 65534, 65534)
                os.setresuid(65534, 65534, 65534)
                found = inspect_pid(program.pid)
                os.write(write, "\n".join([*found["notes"], f"nice: {found['nice']}"]).encode())
            finally:
                os._exit(0)
        os.close(write)
        os.waitpid(nobody, 0)
        told = os.read(read, 4096).decode().splitlines()
        os.close(read)
    assert "environment: not permitted" in told
    assert "open files: not permitted" in told
    assert "nice: 0" in told


def test_host_figures_are_plausible() -> None:
    """CPU is a percentage of all cores together; memory used is less than the total."""
    gauge = HostGauge()
    host = wait_until(lambda: (found := gauge.measure()) and found.cpu_percent > 0 and found)
    assert 0 < host.cpu_percent <= 100
    assert 0 < host.memory_used_bytes < host.memory_total_bytes
    assert host.cores == os.cpu_count()
