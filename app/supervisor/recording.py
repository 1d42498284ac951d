"""The journal as the loop uses it: one transaction per turn, written before what it tells is published.

A full disk does not stop the supervisor: the lines wait in memory, bounded and counted, and the page says so.
"""

from __future__ import annotations

from collections import deque
from itertools import islice

import msgspec

from . import actions as a
from .delta import EVENTS_SHOWN
from .errors import JournalError
from .facts import Batch, DescendantFact, ProcessFact
from .fleet import Fleet
from .journal import Journal
from .member import Member
from .messages import Events
from .model import Event, EventDraft

_WAITING = 10_000
_RETRY_S = 1.0
#: What of a process the journal keeps, beside what it was launched as.
Stand = tuple[str, int | None]


class Recording:
    """Collects what a turn brings and commits it."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.error: str | None = None
        self._dropped = 0
        self._batch = Batch()
        self._stands: dict[str, Stand] = {}
        self._descendants: set[str] = set()
        latest, _ = journal.events(Events(request=0, latest=True, limit=EVENTS_SHOWN))
        self._newest: deque[Event] = deque(latest, maxlen=EVENTS_SHOWN)
        self._retry_at = 0.0

    def note(self, draft: EventDraft) -> None:
        """Have a line written at the end of this turn."""
        if len(self._batch.drafts) >= _WAITING:
            del self._batch.drafts[0]
            self._dropped += 1
        self._batch.drafts.append(draft)

    def forget(self, process_id: str) -> None:
        """The record of a process is gone."""
        self._stands.pop(process_id, None)
        self._batch.processes.pop(process_id, None)
        self._batch.forgotten.add(process_id)

    def commit(self, fleet: Fleet, now: a.Now) -> list[Event]:
        """Write what this turn brought; the numbered lines, or none while the journal cannot be written."""
        self._collect(fleet)
        if not self._batch or now.mono < self._retry_at:
            return []
        try:
            written = self.journal.commit(self._batch)
        except JournalError as error:
            self.error = f"{error}; {len(self._batch.drafts)} lines wait, {self._dropped} were dropped"
            self._retry_at = now.mono + _RETRY_S
            return []
        self._batch = Batch()
        self._newest.extend(written)
        self._recovered(now)
        return written

    def newest(self) -> tuple[Event, ...]:
        """The newest lines, oldest first."""
        return tuple(islice(self._newest, EVENTS_SHOWN))

    def next_deadline(self) -> float | None:
        """When there is something to write."""
        return self._retry_at if self._batch else None

    def _collect(self, fleet: Fleet) -> None:
        for process_id in fleet.dirty & fleet.members.keys():
            self._collect_process(fleet.members[process_id])
        seen = fleet.descendants.keys()
        if seen != self._descendants:
            for gone in self._descendants - seen:
                self._batch.descendants.pop(gone, None)
                self._batch.gone.add(gone)
            for new in seen - self._descendants:
                one = fleet.descendants[new]
                self._batch.gone.discard(new)
                self._batch.descendants[new] = DescendantFact(id=new, root=one.root, name=one.name)
            self._descendants = set(seen)

    def _collect_process(self, member: Member) -> None:
        process = member.process
        stand = (str(process.state), process.pid)
        known = self._stands.get(process.id)
        if stand == known:
            return
        self._stands[process.id] = stand
        earlier = self._batch.processes.get(process.id)
        spec = msgspec.json.encode(member.plan).decode() if known is None else earlier and earlier.spec
        self._batch.processes[process.id] = ProcessFact(
            id=process.id,
            name=process.name,
            state=process.state,
            pid=process.pid,
            start_ticks=member.key[1] if member.key else None,
            created_at=process.created_at,
            spec=spec,
        )

    def _recovered(self, now: a.Now) -> None:
        if self.error is None:
            return
        text = f"the journal can be written again; {self._dropped} lines were dropped meanwhile"
        self.error, self._dropped = None, 0
        self.note(EventDraft(at=now.wall, kind="supervisor", text=text, by="supervisor"))
