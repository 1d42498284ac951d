"""The fds that a child made by fork inherits from the supervisor, and must close.

Left open, clients of the supervisor would see no end of file, and its epoll would deliver events of closed fds.
"""

import contextlib
import fcntl
import multiprocessing.resource_tracker
import os

from .forkserver import reset_after_fork


class InheritedFds:
    """Closes the supervisor's fds in the next child made by fork; `note` lists them before it is started."""

    def __init__(self) -> None:
        self._fds: tuple[int, ...] = ()
        os.register_at_fork(after_in_child=self._after_fork_in_child)

    def note(self, *kept: int) -> None:
        """List the open fds of this process, except standard I/O, the resource tracker's and those ``kept``."""
        tracker: int | None = multiprocessing.resource_tracker._resource_tracker._fd  # type: ignore[attr-defined]
        keep = {0, 1, 2, *kept, tracker}
        # The listing includes its own fd, which is closed by now: start() would reuse its number for a pipe.
        self._fds = tuple(fd for fd in map(int, os.listdir("/proc/self/fd")) if fd not in keep and _is_open(fd))

    def clear(self) -> None:
        """Forget the list: the child was started."""
        self._fds = ()

    def _after_fork_in_child(self) -> None:
        if not self._fds:
            return  # a fork further down the tree
        for fd in self._fds:
            with contextlib.suppress(OSError):
                os.close(fd)
        self._fds = ()
        reset_after_fork()


def _is_open(fd: int) -> bool:
    try:
        fcntl.fcntl(fd, fcntl.F_GETFD)
    except OSError:
        return False
    return True
