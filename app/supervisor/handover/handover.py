"""Hand programs of a terminal, which outlive the supervisor, over to the next supervisor.

::

    Fleet: processes ─────────────┐                     ┌─▶ journal, one row each: what was reported, not what is read
    ResourceHandover: resources ──┴─ changes, bounded ──┤
                                                        └─▶ DescriptorStore: descriptors of semaphores and pages
    after a start: rows whose processes still live, by (pid, start time) ──▶ Fleet, ResourceHandover, with the same ids

A process reports what it makes once; one that is blocked in a lock cannot report it again.  So it has to be kept.  The
reports themselves would be a log without bound, and its reader would need every fork and every end in between.  So the
*state* is kept: one row for each process and each resource, written when it is new or has changed.  What is read from
outside (values, holders, who waits) the next supervisor reads itself, except since when.

A row is written in the turn of the report as long as that costs little, otherwise less often.  What was reported just
before the supervisor died, or while none was running, may be missing: observers keep some of it
(`procession/observer/site/_procession_observer/line.py`).
"""

import contextlib
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
from app.records.event import about_supervisor
from app.records.guard import Guarding
from app.supervisor.journal.journal import Journal
from app.supervisor.resources.handover import ResourceHandover

from .descriptors import DescriptorStore

#: Share of one core: if writing takes longer, it is done less often.
_MAX_CPU = 0.02
#: Who waits, and who holds what, is checked this often if nothing else is new.
_LOOK_S = 1.0
_RETRY_S = 1.0
_ROWS_AT_ONCE = 500
#: Rows that are named when they are set aside.
_NAMED = 10


class Handover:
    """Called by the loop; `note` does nothing without a program of a terminal."""

    def __init__(
        self,
        journal: Journal,
        fleet: Fleet,
        resources: ResourceHandover,
        descriptors: DescriptorStore,
        guard: Guarding,
    ) -> None:
        self._guard = guard
        self._journal, self._fleet, self._resources, self._descriptors = journal, fleet, resources, descriptors
        self._touched: set[str] = set()
        #: In order of arrival, so that each has its turn.
        self._pending: dict[str, None] = {}
        self._written: dict[str, int] = {}
        self._next_at = self._look_at = 0.0

    def take_over(self, now: p.Now, *, set_all_aside: bool = False) -> tuple[set[str], list[a.Action]]:
        """Take over the programs that went on; return their ids and the actions to perform.

        Rows that cannot be read, or contradict each other, are set aside; with ``set_all_aside`` all of them.
        """
        try:
            rows = self._journal.handed_over()
        except JournalError:
            rows = {}
        facts = {key: None if set_all_aside else decode(row) for key, row in rows.items()}
        known = [fact for fact in facts.values() if fact]
        processes = [fact for fact in known if isinstance(fact, OfProcess)]
        went_on, out = inheritance.take_over(self._fleet, processes, identity.exists, now, self._guard)
        taken = {program for program, whole in went_on.items() if whole}
        failed = {fact.program for fact in processes} - went_on.keys()
        views = [one for one in known if isinstance(one, OfWindow) and one.program in taken]
        views = [one for one in views if identity.lives((one.pid, one.start))]
        views.sort(key=lambda one: (one.start, one.pid))
        things = [one for one in known if isinstance(one, OfThing) and one.program in taken]
        with self._guard.over("resources to take over"):
            self._resources.take_over(views, things, self._descriptors.take_back(), now)
        if bad := {key for key, fact in facts.items() if fact is None or fact.program in failed}:
            out.append(self._set_aside(sorted(bad), now))
        # Each row is checked once: written again, left as it is, or removed.
        self._written = {key: hash(row) for key, row in rows.items() if key not in bad}
        self._pending = dict.fromkeys(self._written)
        return taken, out

    def _set_aside(self, keys: list[str], now: p.Now) -> a.Action:
        with self._guard.over("rows to set aside"), contextlib.suppress(JournalError):
            self._journal.set_aside(keys)
        rows = "1 row" if len(keys) == 1 else f"{len(keys):,} rows"
        named = ", ".join(keys[:_NAMED]) + (" …" if len(keys) > _NAMED else "")
        text = f"{rows} of the previous supervisor about programs could not be read; set aside: {named}"
        return a.Note(about_supervisor(now.wall, text))

    def note(self, now: p.Now) -> None:
        """Write what is new if that is due; call it before `Publishing`, which empties the sets read here."""
        self._touched |= self._fleet.dirty | self._fleet.removed
        if now.mono < self._next_at:
            return
        if not (self._attached() or self._written or self._pending):
            self._touched.clear()
            self._resources.forget_news()
            return
        if self._touched or self._pending or self._resources.has_news() or now.mono >= self._look_at:
            self._write(now)

    def end(self, now: p.Now) -> None:
        """Write all that is pending: this supervisor ends as asked."""
        if self._attached():
            self._write(now, limit=None)

    def next_deadline(self) -> float | None:
        """Return when `note` has to be called for what it could not write yet; None if there is nothing."""
        news = self._written and (self._touched or self._resources.has_news())
        return self._next_at if self._pending or news else None

    def _attached(self) -> bool:
        return any(held.program.attached for held in self._fleet.programs.entries.values())

    def _write(self, now: p.Now, limit: int | None = _ROWS_AT_ONCE) -> None:
        began = time.thread_time()
        self._pending |= dict.fromkeys(sorted(key for key in self._touched if key.startswith("p")))
        self._pending |= dict.fromkeys(self._resources.look(now.mono))
        self._touched.clear()
        batch = list(islice(self._pending, limit))
        rows = dict(self._rows(batch))
        try:
            if rows:
                self._journal.hand_over(rows)
        except JournalError:
            # The page shows the error already; all of it is retried.
            self._next_at = now.mono + _RETRY_S
            return
        for key in batch:
            del self._pending[key]
        self._settle(batch, rows)
        self._look_at = now.mono + _LOOK_S
        self._next_at = now.mono + (time.thread_time() - began) / _MAX_CPU

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
        self._descriptors.forget(gone)
        # Unchanged ones too: descriptors that were taken over are not in the store any more.
        self._descriptors.keep(key for key in batch if key in self._written)

    def _fact(self, key: str) -> AnyFact | None:
        if key.startswith("p"):
            return inheritance.of_process(self._fleet, key)
        fact = self._resources.fact(key)
        held = self._fleet.programs.of(fact.program) if fact else None
        return fact if held and held.program.attached else None
