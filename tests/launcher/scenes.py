"""Scenes that could kill strangers, as process 1 of a namespace: ``python -m tests.launcher.scenes NAME HOME``.

Whatever goes wrong in one is confined to the namespace; a failed assertion is its exit code.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from app.home import claim
from app.launcher import sweep
from app.linux import proc
from app.records.process import LaunchSpec
from tests.instance import Instance, kill_at_once
from tests.waiting import wait_until

#: A chain of forks: each is the leader of a session, none has an environment, and each writes a byte.
HIDING = """
import os, sys, time
CHAIN = '''
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
while True:
    if os.fork():
        os._exit(0)
    os.setsid()
    os.write(fd, b".")
'''
def start(path):
    if os.fork() == 0:
        os.setsid()
        os.execve(sys.executable, [sys.executable, "-I", "-S", "-c", CHAIN, path], {})
    time.sleep(600)
"""
#: A shell of a user with a process of its own below it.
SHELL = ("/bin/sh", "-c", "sleep 600 & echo started; wait")


class Stranger:
    """A process that is none of Procession, with a child."""

    def __init__(self, *command: str, **options: object) -> None:
        self._process = subprocess.Popen(command or SHELL, stdout=subprocess.PIPE, start_new_session=True, **options)
        assert self._process.stdout.readline()
        self.pid = self._process.pid
        self.identity = sweep.identify(self.pid)
        self._family = [self.identity, *sweep.descendants(self.pid)]
        assert len(self._family) == 2

    @property
    def line(self) -> str:
        """Return its line of a lock file."""
        return f"{self.pid:10} {self.identity.started:20}\n"

    def lives(self) -> bool:
        """Return whether it and its child live."""
        return [sweep.identify(each.pid) for each in self._family] == self._family and not proc.stat(self.pid).dead


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
        kill_at_once(instance.supervisor_pid, instance.web_pid, instance.serve.pid)
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


class Chain:
    """A chain of forks, started by a supervised process of an instance."""

    def __init__(self, home: Path) -> None:
        (home.parent / "hiding.py").write_text(HIDING)
        self._written = home.parent / "written"
        self.instance = Instance(home)
        self.instance.start()
        self.instance.wait_ready()
        spec = LaunchSpec(target="hiding:start", args=(str(self._written),), path=str(home.parent))
        self.instance.launch(spec)
        wait_until(self.runs, message="the chain runs")

    def runs(self) -> bool:
        """Return whether it forks."""
        before = self._size()
        time.sleep(0.2)
        return self._size() > before

    def wait_ended(self) -> None:
        """Wait until it has ended."""
        wait_until(lambda: not self.runs(), message="the chain has ended")

    def _size(self) -> int:
        return self._written.stat().st_size if self._written.exists() else 0


def a_chain_hides_from_the_launcher(home: Path) -> None:
    """The supervisor is killed: the launcher ends the chain, and goes on with another supervisor."""
    chain = Chain(home)
    before = chain.instance.supervisor_pid
    kill_at_once(before)
    wait_until(lambda: chain.instance.supervisor_pid not in {0, before}, message="another supervisor")
    chain.wait_ended()
    assert chain.instance.stop() == 0


def a_chain_hides_from_the_guardian(home: Path) -> None:
    """Launcher and supervisor are killed at once."""
    stranger, chain = Stranger(), Chain(home)
    kill_at_once(chain.instance.launcher_pid, chain.instance.supervisor_pid)
    chain.instance.wait_ended()
    chain.wait_ended()
    assert stranger.lives()


def a_chain_hides_from_the_next(home: Path) -> None:
    """Guardian, launcher and supervisor are killed at once: the next `procession serve` ends the chain."""
    stranger, chain = Stranger(), Chain(home)
    kill_at_once(chain.instance.serve.pid, chain.instance.launcher_pid, chain.instance.supervisor_pid)
    chain.instance.wait_ended()
    wait_until(chain.runs, message="nobody is left that could end the chain")
    with Instance(home):
        assert not chain.runs()
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
        a_chain_hides_from_the_launcher,
        a_chain_hides_from_the_guardian,
        a_chain_hides_from_the_next,
    )
}

if __name__ == "__main__":
    SCENES[sys.argv[1]](Path(sys.argv[2]))
