"""One instance per home: a lock that is released when the launcher dies.

The lock file names the guardian, the supervisor, the web process and the launcher by (pid, start time).  If guardian
and launcher are killed by SIGKILL, the lock is free while the supervisor is still stopping its children.  So the next
launcher waits for these processes, or two supervisors would share a journal and a socket.

What the file says proves nothing: it may be damaged, old or forged.  A process is waited for only if the kernel says
that it is ours: our user, our Python, started for this home, and with the lock file open (`app.home.hold`).
"""

import fcntl
import os
import select
import signal
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from app.linux import identity, own_files, proc
from app.linux.own_files import NotOurs
from app.standard_error import say

from . import cgroup, sweep
from .sweep import Identity

#: How long processes of a killed launcher may take to end.
WAIT_S = 15.0
_RETRY_S = 0.1
NO_PROCESS = Identity(0, 0)
_LOCK_FILE_BYTES = 4096
_NUMBER_DIGITS = 20


class AlreadyServed(Exception):
    """Another launcher holds the lock."""


class HomeLock:
    """The lock on HOME and on ``HOME/lock``, held until `close` or the end of this process."""

    def __init__(self, home: Path) -> None:
        self._path = home / "lock"
        # Of the folder too: a lock file that was deleted, or set aside, must not let a second launcher in.
        self._folder_fd = os.open(home, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._fd = -1
        until = time.monotonic() + WAIT_S
        while not self._take():
            if not self._is_ending() or time.monotonic() > until:
                whose = self._whose()
                self._close()
                raise AlreadyServed(
                    f"another instance{whose} is running for {home}; stop it, or set another PROCESSION_HOME"
                )
            time.sleep(_RETRY_S)
        noted = _noted(self._path)
        _wait_for_previous(home, noted[1:])
        if noted:
            cgroup.end_of(noted[0])

    def note(self, pids: Iterable[int | None]) -> None:
        """Write the identities of guardian, supervisor, web and launcher; zeros for one that does not run."""
        processes = [(sweep.identify(pid) if pid else None) or NO_PROCESS for pid in pids]
        # Lines of fixed width, so that a reader sees either the old or the new line.
        with suppress(OSError):  # the disk may be full; only a launcher after a SIGKILL reads it
            os.pwrite(self._fd, "".join(f"{each.pid:10} {each.started:20}\n" for each in processes).encode(), 0)

    def close(self) -> None:
        """Release the lock, and empty its file."""
        with suppress(OSError):
            os.ftruncate(self._fd, 0)
        self._close()

    def _take(self) -> bool:
        try:
            _lock_folder(self._folder_fd)
            self._fd = _opened(self._path) if self._fd < 0 else self._fd
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _is_ending(self) -> bool:
        """Return whether the guardian of the instance that holds the lock is dead: then it ends everything."""
        noted = _noted(self._path)
        return bool(noted) and not _holds(noted[0], self._path)

    def _whose(self) -> str:
        noted = _noted(self._path)
        return f" (pid {noted[0].pid})" if noted and _holds(noted[0], self._path) else ""

    def _close(self) -> None:
        for fd in (self._fd, self._folder_fd):
            if fd >= 0:
                os.close(fd)


def is_served(home: Path) -> bool:
    """Return whether the guardian that the lock file names is alive and has it open, without touching the lock."""
    noted = _noted(home / "lock")
    return bool(noted) and _holds(noted[0], home / "lock")


def _lock_folder(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:
        return  # NFS cannot lock a folder; there is the file


def _opened(path: Path) -> int:
    """Open the lock file; set aside what is in its place."""
    flags = os.O_RDWR | os.O_CREAT
    try:
        return own_files.opened(path, flags)
    except NotOurs as error:
        say(f"{error}; moved it to {own_files.set_aside(path).name}")
        return own_files.opened(path, flags)


def _noted(path: Path) -> list[Identity]:
    try:
        content = own_files.read(path, _LOCK_FILE_BYTES)
    except OSError:
        return []
    numbers = [int(word) for word in content.split() if word.isdigit() and len(word) <= _NUMBER_DIGITS]
    return [Identity(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=False)]


def _lives(process: Identity) -> bool:
    return sweep.identify(process.pid) == process


def _holds(process: Identity, path: Path) -> bool:
    """Return whether a living process has the file open; a link of another name is not followed."""
    if not _lives(process):
        return False
    folder, name = f"{process.pid}/fd", str(path.resolve())
    for fd in proc.names(folder):
        if proc.link(f"{folder}/{fd}") == name:
            with suppress(OSError):  # gone meanwhile
                if path.samefile(f"/proc/{folder}/{fd}"):
                    return _lives(process)
    return False


def _is_of(home: Path, process: Identity) -> bool:
    """Return whether it is proven to be a supervisor or a web process of this home."""
    pid = process.pid
    return (
        _lives(process)
        and proc.owner(pid) == os.geteuid()
        and proc.link(f"{pid}/exe") == proc.link("self/exe")
        and Path(proc.environment_value(pid, "PROCESSION_HOME") or "/").resolve() == home.resolve()
        and _holds(process, home / "lock")
    )


def _wait_for_previous(home: Path, noted: Iterable[Identity]) -> None:
    """Wait for the processes of a killed launcher to end, then kill those that have not."""
    processes = [process for process in noted if _is_of(home, process)]
    if not processes:
        return
    pids = " ".join(str(process.pid) for process in processes)
    say(f"the previous launcher was killed; waiting up to {WAIT_S:.0f} s for its processes to end: {pids}")
    until = time.monotonic() + WAIT_S
    for process in processes:
        _wait(process, until)
    for process in processes:
        for each in (*sweep.descendants(process.pid), process) if _is_of(home, process) else ():
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
