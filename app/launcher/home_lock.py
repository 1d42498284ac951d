"""One instance per home: a lock that dies with the launcher, and the wait for what a killed one left running.

The lock file names the launcher and its two processes by (pid, start time).  A launcher that was killed by
SIGKILL has freed the lock, while its supervisor still ends its children in order: the next one waits for
that, or two supervisors would share a journal and a socket.
"""

from __future__ import annotations

import fcntl
import os
import select
import time
from collections.abc import Iterable
from pathlib import Path

from . import sweep
from .service import say
from .sweep import Seen

PATIENCE_S = 15.0
NOBODY = Seen(0, 0)


class AlreadyServed(Exception):
    """Another launcher holds the lock."""


class HomeLock:
    """The lock on ``HOME/lock``, held until `close` or the end of this process."""

    def __init__(self, home: Path) -> None:
        self._fd = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        noted = _parse(os.pread(self._fd, 4096, 0))
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            whose = f" (pid {noted[0].pid})" if noted else ""
            raise AlreadyServed(
                f"another instance{whose} already serves {home}; stop it, or choose another PROCESSION_HOME"
            ) from None
        _outwait([seen for seen in noted if _lives(seen)])

    def note(self, pids: Iterable[int | None]) -> None:
        """Write down who we are: launcher, supervisor, web; zeros for one that is not there."""
        seen = [(sweep.identify(pid) if pid else None) or NOBODY for pid in pids]
        # Of one width, so that whoever reads meanwhile finds the old line or the new one.
        os.pwrite(self._fd, "".join(f"{each.pid:10} {each.started:20}\n" for each in seen).encode(), 0)

    def close(self) -> None:
        """Free the lock, and forget whom it named."""
        os.ftruncate(self._fd, 0)
        os.close(self._fd)


def is_served(home: Path) -> bool:
    """Whether the launcher that the lock file names lives; the lock itself is not touched."""
    try:
        noted = _parse((home / "lock").read_bytes())
    except FileNotFoundError:
        return False
    return bool(noted) and _lives(noted[0])


def _parse(content: bytes) -> list[Seen]:
    numbers = [int(word) for word in content.split() if word.isdigit()]
    return [Seen(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=False)]


def _lives(seen: Seen) -> bool:
    return sweep.identify(seen.pid) == seen


def _outwait(predecessors: list[Seen]) -> None:
    if not predecessors:
        return
    pids = " ".join(str(seen.pid) for seen in predecessors)
    say(f"the launcher before us was killed; waiting {PATIENCE_S:.0f} s at most for the end of: {pids}")
    until = time.monotonic() + PATIENCE_S
    for seen in predecessors:
        _wait(seen, until)
    for seen in predecessors:
        for each in (*sweep.descendants(seen.pid), seen) if _lives(seen) else ():
            say(f"killing pid {each.pid}, which the launcher before us left behind")
            sweep.kill(each)


def _wait(seen: Seen, until: float) -> None:
    try:
        fd = os.pidfd_open(seen.pid)
    except OSError:
        return
    try:
        poll = select.poll()
        poll.register(fd, select.POLLIN)
        if _lives(seen):
            poll.poll(max(0.0, until - time.monotonic()) * 1000)
    finally:
        os.close(fd)
