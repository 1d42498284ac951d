"""Scenes that could kill strangers, as process 1 of a namespace: ``python -m tests.launcher.scenes NAME HOME``.

Whatever goes wrong in one is confined to the namespace; a failed assertion is its exit code.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from app.home import claim
from app.launcher import sweep
from app.linux import proc
from tests.instance import Instance
from tests.waiting import wait_until

#: A shell of a user with a process of its own below it.
SHELL = ("/bin/sh", "-c", "sleep 600 & echo started; wait")


class Stranger:
    """A process that is none of Procession, with a child."""

    def __init__(self, *command: str, **options: object) -> None:
        self._process = subprocess.Popen(command or SHELL, stdout=subprocess.PIPE, start_new_session=True, **options)
        assert self._process.stdout.readline()
        self.pid = self._process.pid
        self.identity = sweep.identify(self.pid)
        self._all = [self.identity, *sweep.descendants(self.pid)]
        assert len(self._all) == 2

    @property
    def line(self) -> str:
        """Return its line of a lock file."""
        return f"{self.pid:10} {self.identity.started:20}\n"

    def lives(self) -> bool:
        """Return whether it and its child live."""
        return [sweep.identify(each.pid) for each in self._all] == self._all and not proc.stat(self.pid).dead


def serve_and_stop(home: Path, *strangers: Stranger) -> str:
    """Serve, stop, and return what was said; every stranger lives before and after."""
    with Instance(home) as instance:
        instance.launch("sleep", seconds=600)
        assert all(stranger.lives() for stranger in strangers)
        assert instance.stop() == 0
    assert all(stranger.lives() for stranger in strangers), instance.stderr()
    return instance.stderr()


def lock_names_a_stranger(home: Path) -> None:
    """As the launcher, the supervisor and the web process."""
    stranger = Stranger()
    claim(home)
    (home / "lock").write_text(stranger.line * 3)
    assert "waiting up to" not in serve_and_stop(home, stranger)


def lock_names_a_stranger_that_has_it_open(home: Path) -> None:
    """And the home in its environment; it is not our Python."""
    claim(home)
    (home / "lock").touch()
    with (home / "lock").open() as lock:
        environment = os.environ | {"PROCESSION_HOME": str(home)}
        stranger = Stranger(*SHELL, stdin=lock, env=environment)
    (home / "lock").write_text(stranger.line * 3)
    assert "waiting up to" not in serve_and_stop(home, stranger)


def lock_names_a_program_of_the_same_python(home: Path) -> None:
    """With the home in its environment, as a program that is observed may have it; the lock is not open in it."""
    claim(home)
    environment = os.environ | {"PROCESSION_HOME": str(home)}
    code = "import subprocess, sys; p = subprocess.Popen(['sleep', '600']); print('started', flush=True); p.wait()"
    stranger = Stranger(sys.executable, "-c", code, env=environment)
    (home / "lock").write_text(stranger.line * 3)
    assert "waiting up to" not in serve_and_stop(home, stranger)


def lock_names_process_1(home: Path) -> None:
    """And every other process that there is."""
    stranger = Stranger()
    claim(home)
    everybody = [identity for pid in proc.pids() if (identity := sweep.identify(pid))]
    (home / "lock").write_text("".join(f"{pid:10} {started:20}\n" for pid, started in everybody))
    assert "waiting up to" not in serve_and_stop(home, stranger)


def journal_names_a_stranger(home: Path) -> None:
    """As a supervised process and as a descendant; a stop of everything ends all that is adopted."""
    process, descendant = Stranger(), Stranger()
    with Instance(home) as instance:
        for _ in range(2):
            instance.launch("sleep", seconds=600)
        for pid in (instance.serve.pid, instance.supervisor_pid, instance.web_pid):
            os.kill(pid, signal.SIGKILL)
        instance.wait_ended()
        instance.wait_nothing_alive()
    boot_id = proc.read("sys/kernel/random/boot_id").decode().strip()
    with closing(sqlite3.connect(home / "journal.sqlite3", isolation_level=None)) as db:
        db.execute("UPDATE processes SET pid = ?, start_ticks = ? WHERE id = 'p1'", process.identity)
        found = f"{descendant.pid}-{descendant.identity.started}"
        for root in ("p2", None):
            db.execute("INSERT OR REPLACE INTO descendants VALUES (?, ?, 'sh', ?)", (found, root, boot_id))
    assert "Traceback" not in serve_and_stop(home, process, descendant)


def a_supervisor_outlives_its_launcher(home: Path) -> None:
    """Proven to be ours, it is waited for, and ended at last, with what is below it and nothing else."""
    stranger = Stranger()
    with Instance(home) as instance:
        supervisor, launcher = instance.supervisor_pid, instance.launcher_pid
        for pid in (supervisor, launcher):
            os.kill(pid, signal.SIGSTOP)
            wait_until(lambda pid=pid: proc.stat(pid).state == "T")
        instance.serve.kill()
        os.kill(launcher, signal.SIGKILL)
        instance.wait_ended()
        with Instance(home) as later:
            assert f"killing pid {supervisor}, left by the previous launcher" in later.stderr()
            assert stranger.lives()


SCENES = {
    scene.__name__: scene
    for scene in (
        lock_names_a_stranger,
        lock_names_a_stranger_that_has_it_open,
        lock_names_a_program_of_the_same_python,
        lock_names_process_1,
        journal_names_a_stranger,
        a_supervisor_outlives_its_launcher,
    )
}

if __name__ == "__main__":
    SCENES[sys.argv[1]](Path(sys.argv[2]))
