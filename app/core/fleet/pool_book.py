"""What is known of pools beside the records that are published.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec
from msgspec.structs import replace

from app.protocol.pool_host import AnyAsk
from app.records.errors import NoSuchProcess
from app.records.pool import JobDetail, Pool

from .journal_lines import Lines
from .pool_crew import Crew

#: Of one pool; a host is trusted with nothing, and says the newest first.
MAX_BYTES = 2 * 1024 * 1024


class Details:
    """By the number of the job."""

    def __init__(self) -> None:
        self._by_job: dict[int, JobDetail] = {}
        self._left = MAX_BYTES

    def keep(self, detail: JobDetail) -> None:
        """Keep one, where there is room for it."""
        size = len(msgspec.json.encode(detail))
        if size <= self._left and detail.job.id not in self._by_job:
            self._left -= size
            self._by_job[detail.job.id] = detail

    def get(self, job: int) -> JobDetail | None:
        """The one of this job, if its host said it."""
        return self._by_job.get(job)


@dataclass(frozen=True)
class Pending:
    """An ask that its host has not answered; ``until`` is monotonic, None without limit."""

    pool: str
    client: int
    request: int
    ask: AnyAsk
    until: float | None


@dataclass
class Held:
    """One pool: its record, and what is known beside it.  ``run`` is how often its host was started again.

    ``unheard`` says why its host cannot be asked although it lives; ``stale`` that there is something new about its
    workers, to be shown once in a turn however many of them it is about.
    """

    pool: Pool
    run: int
    crew: Crew = field(default_factory=Crew)
    lines: Lines = field(default_factory=Lines)
    details: Details = field(default_factory=Details)
    dead: bool = False
    stale: bool = False
    unheard: str | None = None

    def update(self, **changes: Any) -> None:
        """Replace the record by one with these fields changed."""
        self.pool = replace(self.pool, **changes)


class PoolBook:
    """All pools by id, and what their hosts were asked and have not answered, by number."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.asks: dict[int, Pending] = {}
        self.numbers = count(1)

    def find(self, pool_id: str) -> Held:
        """The pool of that id; raises `NoSuchProcess`."""
        try:
            return self.held[pool_id]
        except KeyError:
            raise NoSuchProcess(f"there is no pool {pool_id}") from None

    def living(self) -> Iterator[Pool]:
        """The pools whose host lives."""
        return (held.pool for held in self.held.values() if not held.dead)

    def forget(self, pool_id: str) -> None:
        """The record of its host is gone."""
        self.held.pop(pool_id, None)

    def forget_client(self, client: int) -> None:
        """The answers to it are nobody's."""
        self.asks = {number: one for number, one in self.asks.items() if one.client != client}

    def deadlines(self) -> list[float]:
        """When the asks are due to be refused."""
        return [one.until for one in self.asks.values() if one.until is not None]
