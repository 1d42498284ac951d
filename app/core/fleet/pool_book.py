"""What is known of pools besides their published records.  Pure."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from app.protocol.pool_host import AnyAsk
from app.records.errors import NoSuchProcess
from app.records.pool import JobDetail, Pool

from .journal_lines import LineQuota
from .pool_workers import PoolWorkers

#: For the jobs of one pool; a host is not trusted, and sends the newest first.
MAX_BYTES = 2 * 1024 * 1024


class JobDetails(dict[int, JobDetail]):
    """What a host sent about its jobs before it ended, by job number."""

    _left = MAX_BYTES

    def keep(self, detail: JobDetail) -> None:
        """Keep one, if there is room for it."""
        size = len(msgspec.json.encode(detail))
        if size <= self._left and detail.job.id not in self:
            self._left -= size
            self[detail.job.id] = detail


class PendingAsk(Struct, frozen=True):
    """A request that the host has not answered; ``until`` is monotonic, None without limit."""

    pool: str
    client: int
    request: int
    ask: AnyAsk
    until: float | None


class PoolEntry(Struct):
    """One pool: its record, and what else is known of it.  ``run``: how often its host was restarted.

    ``unreachable``: why its host cannot be asked although it lives.  ``ending_until``: its host closed its channel, as
    it does when it ends; until then requests wait for that end.  ``stale``: the workers in the record are out of date;
    they are published once a turn.
    """

    pool: Pool
    run: int
    workers: PoolWorkers = field(default_factory=PoolWorkers)
    lines: LineQuota = field(default_factory=LineQuota)
    details: JobDetails = field(default_factory=JobDetails)
    dead: bool = False
    stale: bool = False
    unreachable: str | None = None
    ending_until: float | None = None

    def update(self, **changes: Any) -> None:
        """Replace the record by one with these fields changed."""
        self.pool = replace(self.pool, **changes)


class PoolBook:
    """All pools by id, and the unanswered requests to their hosts, by number."""

    def __init__(self) -> None:
        self.entries: dict[str, PoolEntry] = {}
        self.asks: dict[int, PendingAsk] = {}
        self.numbers = count(1)

    def find(self, pool_id: str) -> PoolEntry:
        """Return the pool of that id; raises `NoSuchProcess`."""
        try:
            return self.entries[pool_id]
        except KeyError:
            raise NoSuchProcess(f"pool not found: {pool_id}") from None

    def living(self) -> Iterator[Pool]:
        return (entry.pool for entry in self.entries.values() if not entry.dead)

    def forget(self, pool_id: str) -> None:
        """Forget a pool, because the record of its host is gone."""
        self.entries.pop(pool_id, None)

    def forget_client(self, client: int) -> None:
        """Forget the requests of a client that has disconnected."""
        self.asks = {number: one for number, one in self.asks.items() if one.client != client}

    def deadlines(self) -> list[float]:
        """Return when requests are to be refused."""
        return [one.until for one in self.asks.values() if one.until is not None]
