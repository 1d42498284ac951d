"""A cgroup of our own: one write ends everything in it, however fast it forks and wherever it hides.

Made only where the kernel lets us: cgroup 2, Linux 5.14, and a group that our user may divide, as in a service of
systemd or as root.  Elsewhere the sweeps do without.  A child is in the group of its parent from its start::

    procession-PID-START   launcher, web        killed by the guardian, at the very end
    └── supervisor         supervisor, and all that it starts        killed by the launcher, when the supervisor died
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from app.linux import proc

from .sweep import Identity, identify

_PREFIX = "procession"
_EMPTY_WITHIN_S = 2.0
_PAUSE_S = 0.01
#: In a line of mountinfo, see proc_pid_mountinfo(5).
_ROOT, _MOUNT_POINT, _TYPE_AFTER = 3, 4, "-"
_MAX_BYTES = 1024 * 1024


class Cgroup:
    """A group that exists; ``path`` is None for one that could not be made, in which nothing is."""

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def divided(self, name: str) -> Cgroup:
        """Make a group in this one."""
        return Cgroup(_made(self.path / name) if self.path else None)

    def add(self, pid: int) -> None:
        """Move a process into it; what it starts from now on is in it, too."""
        if self.path:
            with suppress(OSError):
                (self.path / "cgroup.procs").write_text(str(pid))

    def kill(self) -> None:
        """Send SIGKILL to all that is in it and in its divisions."""
        if self.path:
            with suppress(OSError):
                (self.path / "cgroup.kill").write_text("1")

    def end(self) -> None:
        """Kill all that is in it, and remove it."""
        if not self.path:
            return
        self.kill()
        until = time.monotonic() + _EMPTY_WITHIN_S
        while not self.remove_if_empty() and time.monotonic() < until:
            time.sleep(_PAUSE_S)

    def remove_if_empty(self) -> bool:
        """Remove it if it is empty; return whether it is gone."""
        if self.path:
            with suppress(OSError):
                for division in [path for path in self.path.iterdir() if path.is_dir()]:
                    division.rmdir()
                self.path.rmdir()
        return not self.path or not self.path.exists()


def make() -> Cgroup:
    """Make the group of a guardian, which is this process and stays outside."""
    us, above = identify(os.getpid()), _ours()
    if not us or not above:
        return Cgroup(None)
    _remove_empty(above)
    return Cgroup(_made(above / _name(us)))


def end_of(guardian: Identity) -> None:
    """End what is left in the group of a guardian that is dead."""
    above = _ours()
    if above and identify(guardian.pid) != guardian and _is_of_our_user(above / _name(guardian)):
        Cgroup(above / _name(guardian)).end()


def _name(guardian: Identity) -> str:
    return f"{_PREFIX}-{guardian.pid}-{guardian.started}"


def _remove_empty(above: Path) -> None:
    """Remove the empty groups of guardians that were killed."""
    for path in above.glob(f"{_PREFIX}-*-*"):
        pid = path.name.split("-")[1]
        if pid.isdigit() and ((guardian := identify(int(pid))) is None or path.name != _name(guardian)):
            Cgroup(path).remove_if_empty()


def _made(path: Path) -> Path | None:
    try:
        path.mkdir()
    except OSError:
        return None
    if (path / "cgroup.kill").exists():
        return path
    with suppress(OSError):  # a kernel before 5.14
        path.rmdir()
    return None


def _is_of_our_user(path: Path) -> bool:
    try:
        return path.lstat().st_uid == os.geteuid()
    except OSError:
        return False


def _ours() -> Path | None:
    """Return the folder of the group that we are in; None where there is no cgroup 2."""
    of_us = next((line[3:] for line in _lines("self/cgroup") if line.startswith("0::/")), None)
    for line in _lines("self/mountinfo"):
        words = line.split()
        if of_us is not None and _TYPE_AFTER in words and words[words.index(_TYPE_AFTER) + 1] == "cgroup2":
            root, mounted = words[_ROOT], Path(words[_MOUNT_POINT])
            if Path(of_us).is_relative_to(root):
                return mounted / Path(of_us).relative_to(root)
    return None


def _lines(name: str) -> list[str]:
    return os.fsdecode(proc.whole(name, _MAX_BYTES)).splitlines()
