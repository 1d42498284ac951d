"""What is forgotten is remembered nowhere: a supervisor that runs for months must not grow."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.supervisor.supervised import Supervised, in_terminal
from tests.waiting import wait_until

#: Of limited length: the newest events, where the newest processes came from, and which programs had ended at the last
#: look.
LIMITED = ("Recording._newest", "Origins._sessions", "Origins._sockets", "Origins._announced", "Analysis._ended")
PROGRAM = "import multiprocessing; one = multiprocessing.Process(target=print); one.start(); one.join()"


def test_what_is_forgotten_is_remembered_nowhere(tmp_path: Path) -> None:
    """No container of the supervisor has the id of a process, pool or program whose record is gone."""
    told = tmp_path / "remembered"
    supervisor = Supervised(tmp_path / "home")
    supervisor.command = [sys.executable, "-m", "tests.supervisor.remembering", str(told)]
    with supervisor:
        for _ in range(3):
            ended = supervisor.launch("sleep", params={"seconds": 0}, auto_join=True)
            supervisor.wait_state(ended, "joined")
            supervisor.act(ended, "close")
        with in_terminal(supervisor, tmp_path, sys.executable, "-c", PROGRAM) as (program, process):
            process.wait(20)
            supervisor.wait_state(program, "joined")
            supervisor.act(program, "close")
        assert remembered(supervisor, told) != []
        wait_until(lambda: not supervisor.snapshot().snapshot.processes, 20)
        assert remembered(supervisor, told) == []


def remembered(supervisor: Supervised, told: Path) -> list[str]:
    """Return each id that it remembers without limit, and where."""
    told.unlink(missing_ok=True)
    os.kill(supervisor.process.pid, signal.SIGUSR2)
    wait_until(told.exists, 20)
    return [line for line in told.read_text().splitlines() if not line.endswith(LIMITED)]
