"""What the supervisor leaves to the one after it, about programs that go on without it: those of a terminal.

::

    Fleet: processes ──┐                        ┌─▶ journal, a row for each: what was told, never what is read
    Estate: resources ─┴─ what is new, bounded ─┤
                                                └─▶ Parking: descriptors of semaphores and pages
    after a start:  rows whose processes still live, by (pid, start time) ──▶ Fleet, Estate, under the same ids

A process says once what it makes, and one that is blocked in a lock will never say it again, nor can it be asked.
So whoever heard it must keep it.  The words as they came would be a log without bound, and whoever reads it later has
to know of every fork and every end in between; so it is the *state* that is kept, one row for each process and each
resource that is there, written when it is new or other than before.  What is read from outside (values, holders, who
waits) the next supervisor reads for itself, except since when.

A row is written in the turn in which the word came, as long as this costs next to nothing; then less often.  What was
said in the last moment before the death, or while nobody listened, may be missing: observers keep some of it
(`procession/observer/site/_procession_observer/line.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from itertools import islice

from app.core.fleet import actions as a
from app.core.fleet.fleet import Fleet
from app.core.programs import handover as inheritance
from app.core.programs.handover_facts import AnyFact, OfProcess, OfThing, OfWindow, decode, encode
from app.linux import identity
from app.records import primitives as p
from app.records.errors import JournalError
from app.supervisor.journal.journal import Journal
from app.supervisor.resources.handover import Estate

from .descriptors import Parking

#: Of one core: where there is more to write, it is written less often.
_MOST_CPU = 0.02
#: Who waits, and who holds what, is looked at so often where nothing else is new.
_LOOK_S = 1.0
_RETRY_S = 1.0
_ROWS_AT_ONCE = 500


class Legacy:
    """Kept by the loop; `note` does nothing while no program of a terminal is there."""

    def __init__(self, journal: Journal, fleet: Fleet, estate: Estate, parking: Parking) -> None:
        self._journal, self._fleet, self._estate, self._parking = journal, fleet, estate, parking
        self._touched: set[str] = set()
        #: In the order in which they came, so that each has its turn.
        self._pending: dict[str, None] = {}
        self._written: dict[str, int] = {}
        self._next_at = self._look_at = 0.0

    def take_over(self, now: p.Now) -> tuple[set[str], list[a.Action]]:
        """Bring back the programs that went on: their ids, and what is to be done."""
        try:
            rows = self._journal.legacy()
        except JournalError:
            rows = {}
        known = [fact for fact in map(decode, rows.values()) if fact]
        processes = [fact for fact in known if isinstance(fact, OfProcess)]
        taken, out = inheritance.take_over(self._fleet, processes, identity.exists, now)
        windows = [one for one in known if isinstance(one, OfWindow) and one.program in taken]
        windows = [one for one in windows if identity.lives((one.pid, one.start))]
        windows.sort(key=lambda one: (one.start, one.pid))
        things = [one for one in known if isinstance(one, OfThing) and one.program in taken]
        self._estate.take_over(windows, things, self._parking.take_back(), now)
        # Each is looked at once: it is written anew, left as it is, or removed.
        self._written = {key: hash(fact) for key, fact in rows.items()}
        self._pending = dict.fromkeys(rows)
        return taken, out

    def note(self, now: p.Now) -> None:
        """Write what is new, where it is due: before `Publishing` empties what it looks at."""
        self._touched |= self._fleet.dirty | self._fleet.removed
        if now.mono < self._next_at:
            return
        if not (self._attached() or self._written or self._pending):
            self._touched.clear()
            self._estate.forget_news()
            return
        if self._touched or self._pending or self._estate.has_news() or now.mono >= self._look_at:
            self._write(now)

    def end(self, now: p.Now) -> None:
        """Write all that is still to be written: this supervisor ends in order."""
        if self._attached():
            self._write(now, limit=None)

    def next_deadline(self) -> float | None:
        """When `note` has something to do that came too early for it."""
        news = self._written and (self._touched or self._estate.has_news())
        return self._next_at if self._pending or news else None

    def _attached(self) -> bool:
        return any(held.program.attached for held in self._fleet.programs.entries.values())

    def _write(self, now: p.Now, limit: int | None = _ROWS_AT_ONCE) -> None:
        began = time.thread_time()
        self._pending |= dict.fromkeys(sorted(key for key in self._touched if key.startswith("p")))
        self._pending |= dict.fromkeys(self._estate.look(now.mono))
        self._touched.clear()
        batch = list(islice(self._pending, limit))
        rows = dict(self._rows(batch))
        try:
            if rows:
                self._journal.leave(rows)
        except JournalError:
            # The page says so already; all of it is tried again.
            self._next_at = now.mono + _RETRY_S
            return
        for key in batch:
            del self._pending[key]
        self._settle(batch, rows)
        self._look_at = now.mono + _LOOK_S
        self._next_at = now.mono + (time.thread_time() - began) / _MOST_CPU

    def _rows(self, keys: Iterable[str]) -> Iterable[tuple[str, bytes | None]]:
        for key in keys:
            fact = self._fact(key)
            row = encode(fact) if fact else None
            if (hash(row) if row else None) != self._written.get(key):
                yield key, row

    def _settle(self, batch: list[str], rows: dict[str, bytes | None]) -> None:
        gone = [key for key, row in rows.items() if row is None]
        self._written |= {key: hash(row) for key, row in rows.items() if row is not None}
        for key in gone:
            self._written.pop(key, None)
        self._parking.forget(gone)
        # Also those of which nothing is new: what we took over is not parked any more.
        self._parking.park(key for key in batch if key in self._written)

    def _fact(self, key: str) -> AnyFact | None:
        if key.startswith("p"):
            return inheritance.of_process(self._fleet, key)
        fact = self._estate.fact(key)
        held = self._fleet.programs.of(fact.program) if fact else None
        return fact if held and held.program.attached else None
