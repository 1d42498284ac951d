"""Figures of the machine and of the supervisor itself, for the header of the page."""

import os
import platform
import time

from app.clock import Clock
from app.core.fleet.fleet import Fleet
from app.home import Presence
from app.linux.gauges import FdBudget, Gauge, HostGauge
from app.linux.proc import count_fds, read
from app.records.machine import Supervisor
from app.records.process import LIVE, Process
from app.settings import Settings
from app.supervisor.children.children import Child, Children
from app.supervisor.control.server import ControlServer

#: Processes that `waiting_for` names.
_MAX_NAMED = 20


class Vitals:
    """Measures once per sweep; between sweeps only what a stop waits for changes."""

    def __init__(
        self,
        children: Children,
        control: ControlServer,
        host: HostGauge,
        home: Presence,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self.host = host.measure()
        self._host_gauge = host
        self._home = home
        self._notices: list[str] = []
        self._preload_verified: bool | None = None
        self._children, self._control = children, control
        self._gauge = Gauge(os.getpid(), FdBudget())
        self._clock, self._started_at = clock, clock.now().wall
        self._refreshed_at = time.monotonic()
        self._settings = settings
        self._oom_kills = _oom_kills()
        self._protected: tuple[int, ...] = ()
        self._fds: int | None = None

    def booted(self, child: Child | None, *, preloaded: bool) -> None:
        """Note whether the forkserver had preloaded our modules: Python 3.11 is silent about a failed preload."""
        if child and child.method == "forkserver":
            self._preload_verified = preloaded

    def refresh(self, now_monotonic: float) -> None:
        elapsed_s, self._refreshed_at = now_monotonic - self._refreshed_at, now_monotonic
        self.host = self._host_gauge.measure()
        self._gauge.measure(elapsed_s)
        self._fds = count_fds(os.getpid())
        self._oom_kills = _oom_kills()
        self._protected = self._find_protected()
        self._notices += filter(None, (self._home.look(), self._clock.notice()))

    def take_notices(self) -> list[str]:
        """Return what is to be journalled since the last call."""
        taken, self._notices = self._notices, []
        return taken

    def oom_kills_since_refresh(self) -> int:
        """Return how many OOM kills the kernel has counted since the last sweep."""
        return max(0, _oom_kills() - self._oom_kills)

    def supervisor(self, fleet: Fleet, journal_error: str | None) -> Supervisor:
        return Supervisor(
            pid=os.getpid(),
            started_at=self._started_at,
            python=platform.python_version(),
            forkserver_pid=self._children.forkserver.pid,
            preload_verified=self._preload_verified,
            protected=self._protected,
            stopping=fleet.stopping_by is not None,
            waiting_for=_waiting_for(fleet) if fleet.stopping_by else (),
            cpu_percent=self._gauge.sample.cpu_percent,
            rss_bytes=self._gauge.sample.rss_bytes,
            fds=self._fds,
            journal_error=journal_error or self._home.trouble,
            allow_targets=self._settings.allow_targets,
            not_shown=fleet.not_shown,
        )

    def _find_protected(self) -> tuple[int, ...]:
        """Return the pids of Procession itself: guardian, launcher, supervisor, web, forkserver, resource tracker."""
        clients = (client.pid for client in self._control.subscribers.values())
        ours = {os.getpid(), os.getppid(), self._settings.guardian_pid}
        return tuple(sorted((ours | {*self._children.forkserver.infrastructure(), *clients}) - {0}))


def _waiting_for(fleet: Fleet) -> tuple[str, ...]:
    waits = [
        f"{member.process.name} ({member.id}, pid {', '.join(map(str, _left(member.process)))})"
        for member in fleet.members.values()
        if member.process.state in LIVE
    ]
    more = len(waits) - _MAX_NAMED
    return tuple(waits[:_MAX_NAMED]) + ((f"and {more:,} more",) if more > 0 else ())


def _left(process: Process) -> tuple[int | None, ...]:
    return (process.stopping.left if process.stopping else ()) or (process.pid,)


def _oom_kills() -> int:
    for line in (read("vmstat", 64 * 1024) or b"").splitlines():
        if line.startswith(b"oom_kill "):
            return int(line.split()[1])
    return 0
