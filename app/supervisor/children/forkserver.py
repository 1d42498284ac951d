"""The forkserver: started at boot, started again after its death, watched through a pidfd."""

import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
from collections.abc import Callable

from msgspec import Struct

from app.linux.poller import Poller

_PRELOADED = "procession.child.preload"


class ForkserverExited(Struct, frozen=True):
    """The forkserver died."""

    pid: int


class Forkserver:
    """Starts multiprocessing's forkserver and reports its death to ``tell``."""

    def __init__(self, poller: Poller, tell: Callable[[ForkserverExited], None]) -> None:
        self._poller, self._tell = poller, tell
        self._pidfd: int | None = None

    @property
    def pid(self) -> int | None:
        """The pid of the forkserver; None if none was started."""
        pid: int | None = multiprocessing.forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
        return pid

    def infrastructure(self) -> tuple[int, ...]:
        """Return the pids of multiprocessing's helper processes: forkserver and resource tracker."""
        tracker: int | None = multiprocessing.resource_tracker._resource_tracker._pid  # type: ignore[attr-defined]
        return tuple(pid for pid in (self.pid, tracker) if pid is not None)

    def ensure_running(self) -> None:
        """Start the forkserver unless it runs.  The first start takes 60–100 ms, so it happens at boot."""
        if self._pidfd is not None:
            return
        multiprocessing.set_forkserver_preload([_PRELOADED])
        multiprocessing.forkserver.ensure_running()
        pid = self.pid
        assert pid is not None
        self._pidfd = os.pidfd_open(pid)
        self._poller.watch(self._pidfd, lambda _events: self._exited(pid))

    def _exited(self, pid: int) -> None:
        assert self._pidfd is not None
        self._poller.forget(self._pidfd)
        os.close(self._pidfd)
        self._pidfd = None
        self._tell(ForkserverExited(pid))


def reset_after_fork() -> None:
    """Forget the forkserver in a forked child, which would otherwise wait for one that is not its own."""
    multiprocessing.forkserver._forkserver.__init__()  # type: ignore[misc]
