"""What a new supervisor finds after its predecessor ended, from the journal and the operating system."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil

from app.records.process import Descendant
from tests.supervisor.supervised import Supervised
from tests.waiting import gone, wait_until


def kill_and_restart(supervisor: Supervised) -> None:
    supervisor.process.kill()
    supervisor.process.wait()
    supervisor.start()


def test_processes_of_a_killed_supervisor_are_lost_or_restarted(tmp_path: Path) -> None:
    """All children end with their supervisor; those with a restart policy are started again."""
    with Supervised(tmp_path / "home") as supervisor:
        lost = [
            supervisor.running("sleep", params={"seconds": 300}, start_method=one)
            for one in ("forkserver", "spawn", "fork")
        ]
        again = supervisor.running("sleep", params={"seconds": 300}, restart={"policy": "on-failure"})
        over = supervisor.launch("exit-with", params={"code": 0})
        supervisor.join(over)
        pids = [supervisor.record(one).pid for one in [*lost, again]]
        kill_and_restart(supervisor)
        wait_until(lambda: not any(psutil.pid_exists(pid) for pid in pids), 10, "all children have ended")
        for one in lost:
            record = supervisor.record(one)
            assert (record.state, record.exitcode, record.failed) == ("lost", None, True)
            assert record.cause == "exit not seen: the supervisor died"
        assert supervisor.wait_state(again, "running").restarts == 1
        assert over not in {one.id for one in supervisor.snapshot().snapshot.processes}
        kinds = {one["process"]: one["kind"] for one in supervisor.events() if one["kind"] == "lost"}
        assert set(kinds) == {*lost, again}
        assert any("was killed: 4 processes lost" in one["text"] for one in supervisor.events())
        assert supervisor.launch("sleep", auto_start=False) not in {*lost, again, over}


def test_surviving_daemons_are_killed(tmp_path: Path) -> None:
    """They are found by pid and start time."""
    with Supervised(tmp_path / "home") as supervisor:
        process_id = supervisor.running("descendants", params={"seconds": 300})

        def listed() -> list[Descendant]:
            return [one for one in supervisor.snapshot().snapshot.descendants if one.root == process_id]

        wait_until(lambda: len(listed()) == 3 and all(one.command for one in listed()), 10, "the tree is listed")
        before = {one.id for one in listed()}
        kill_and_restart(supervisor)
        assert all(gone(int(one.split("-")[0])) for one in before)
        assert any("1 process lost, 3 still running and killed now" in one["text"] for one in supervisor.events())
        assert not listed()


def test_supervisor_without_its_launcher_ends_its_processes_and_itself(tmp_path: Path) -> None:
    """Its parent is the launcher, here a shell that is killed."""
    with Supervised(tmp_path / "home") as supervisor:
        script = '"$0" -P -m app.supervisor & echo $!; wait'
        supervisor.stop()
        command = ["bash", "-c", script, supervisor.process.args[0]]  # type: ignore[index]
        with subprocess.Popen(command, env=supervisor.environ, stdout=subprocess.PIPE, text=True) as launcher:
            assert launcher.stdout
            pid = int(launcher.stdout.readline())
            wait_until(supervisor.answers, 20, "the supervisor answers")
            process_id = supervisor.running("ignore-sigterm", params={"seconds": 300}, grace_s=60)
            child = supervisor.record(process_id).pid
            launcher.kill()
        wait_until(
            lambda: not psutil.pid_exists(child) and not psutil.pid_exists(pid),
            20,
            "the child and the supervisor have ended",
        )


def test_supervisor_whose_launcher_died_before_its_start_ends_itself(tmp_path: Path) -> None:
    """Its parent is another process by then, which would never tell it to stop."""
    with subprocess.Popen(["true"]) as launcher:
        launcher.wait()
    supervisor = Supervised(tmp_path / "home", launcher_pid=str(launcher.pid))
    command = [sys.executable, "-P", "-m", "app.supervisor"]
    assert subprocess.run(command, env=supervisor.environ, timeout=30, check=False).returncode == 0


def test_sigterm_stops_the_supervisor_and_ends_orphans_too(tmp_path: Path) -> None:
    """The exit code is 0, and no process is left."""
    with Supervised(tmp_path / "home") as supervisor:
        supervisor.running("sleep", params={"seconds": 300})
        (tmp_path / "leaves.py").write_text(
            "import subprocess\ndef one():\n    print(subprocess.Popen(['sleep', '300'], start_new_session=True).pid)\n"
        )
        leaver = supervisor.launch(target="leaves:one", path=str(tmp_path))
        supervisor.join(leaver)
        orphan = int(supervisor.log(leaver))
        assert supervisor.stop() == 0
        assert not psutil.pid_exists(orphan)
