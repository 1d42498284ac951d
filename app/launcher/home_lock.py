"""One instance per home: a lock that is released when the launcher dies.

The lock file names the launcher and its two processes by (pid, start time).  If a launcher is killed by SIGKILL, the
lock is free while its supervisor is still stopping its children.  So the next launcher waits for these processes, or
two supervisors would share a journal and a socket.
"""

import fcntl
import os
import select
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from app.linux import identity

from . import sweep
from .service import say
from .sweep import Identity

#: How long processes of a killed launcher may take to end.
WAIT_S = 15.0
NO_PROCESS = Identity(0, 0)
_LOCK_FILE_BYTES = 4096


class AlreadyServed(Exception):
    """Another launcher holds the lock."""


class HomeLock:
    """The lock on ``HOME/lock``, held until `close` or the end of this process."""

    def __init__(self, home: Path) -> None:
        self._fd = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        noted = _parse(os.pread(self._fd, _LOCK_FILE_BYTES, 0))
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            whose = f" (pid {noted[0].pid})" if noted else ""
            raise AlreadyServed(
                f"another instance{whose} is running for {home}; stop it, or set another PROCESSION_HOME"
            ) from None
        _wait_for_previous([process for process in noted if _lives(process)])

    def note(self, pids: Iterable[int | None]) -> None:
        """Write the identities of launcher, supervisor and web; zeros for one that does not run."""
        processes = [(sweep.identify(pid) if pid else None) or NO_PROCESS for pid in pids]
        # Lines of fixed width, so that a reader sees either the old or the new line.
        os.pwrite(self._fd, "".join(f"{each.pid:10} {each.started:20}\n" for each in processes).encode(), 0)

    def close(self) -> None:
        """Release the lock, and empty its file."""
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def is_served(home: Path) -> bool:
    """Return whether the launcher that the lock file names is alive, without touching the lock."""
    try:
        noted = _parse((home / "lock").read_bytes())
    except FileNotFoundError:
        return False
    return bool(noted) and _lives(noted[0])


def _parse(content: bytes) -> list[Identity]:
    numbers = [int(word) for word in content.split() if word.isdigit()]
    return [Identity(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=False)]


def _lives(process: Identity) -> bool:
    return sweep.identify(process.pid) == process


def _wait_for_previous(processes: list[Identity]) -> None:
    """Wait for the processes of a killed launcher to end, then kill those that have not."""
    if not processes:
        return
    pids = " ".join(str(process.pid) for process in processes)
    say(f"the previous launcher was killed; waiting up to {WAIT_S:.0f} s for its processes to end: {pids}")
    until = time.monotonic() + WAIT_S
    for process in processes:
        _wait(process, until)
    for process in processes:
        for each in (*sweep.descendants(process.pid), process) if _lives(process) else ():
            say(f"killing pid {each.pid}, left by the previous launcher")
            identity.signal(each, signal.SIGKILL)


def _wait(process: Identity, until: float) -> None:
    try:
        fd = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if _lives(process):
            poll.poll(max(0.0, until - time.monotonic()) * 1000)
    finally:
        os.close(fd)
