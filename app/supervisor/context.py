"""What the parts of the loop share: settings, poller, inventory, journal, charts, logs."""

from collections import deque
from collections.abc import Iterable

from msgspec import Struct

from app.clock import Clock
from app.core.charts.history import HOST, History
from app.core.fleet import events as e
from app.linux.descriptors import FdReserve
from app.linux.heartbeat import Heartbeat
from app.linux.poller import Poller
from app.records import primitives as p
from app.records.guard import Guard
from app.records.pool import Pool
from app.settings import Settings
from app.supervisor.inventory.inventory import Inventory, Sweep
from app.supervisor.journal.recording import Recording
from app.supervisor.logs.keeper import LogKeeper

from .aside import Aside, Token
from .vitals import Vitals


class Context(Struct, frozen=True, kw_only=True):
    """Made once, in `app.supervisor.__main__`.  ``nofile`` is the soft limit of open files that children get."""

    settings: Settings
    clock: Clock
    guard: Guard
    poller: Poller
    inventory: Inventory
    recording: Recording
    history: History
    pool_history: History
    logs: LogKeeper
    vitals: Vitals
    happened: deque[e.Happening]
    nofile: int
    fd_reserve: FdReserve
    heartbeat: Heartbeat | None
    aside: Aside[Token]

    def now(self) -> p.Now:
        """Return this moment."""
        return self.clock.now()

    def remember(self, sweep: Sweep, pools: Iterable[Pool], now: p.Now) -> None:
        """Add a sweep and the figures of living pools to the charts."""
        samples = {key: (one.cpu_percent, one.rss_bytes) for key, one in sweep.samples.items()}
        host = self.vitals.host
        self.history.record(now.wall, {**samples, HOST: (host.cpu_percent, host.memory_used_bytes)})
        # Recorded at the same times, so that both share one axis.
        self.pool_history.record(now.wall, {pool.id: (pool.queued, pool.tasks_per_s) for pool in pools})

    def forget(self, process_id: str) -> None:
        """Drop everything about a process except its lines in the journal."""
        self.inventory.forget_root(process_id)
        self.recording.forget(process_id)
        self.history.forget(process_id)
        self.pool_history.forget(process_id)
        self.logs.forget(process_id)
