"""What waits for the journal: one turn's worth as a rule, more while the journal cannot be written.

Pure.  The loop notes and remembers during its turn and settles at the end of it, before it publishes::

    note · remember · forget ──▶ Backlog ──settle(journal.commit, now)──▶ [Event] ──▶ publish
                                    └── JournalError: all is kept, `error` is shown, tried again after a second
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from app.records.errors import JournalError
from app.records.event import Event, EventDraft

from .facts import Batch, DescendantFact, ProcessFact

LIMIT = 10_000
RETRY_S = 1.0


class Backlog:
    """Collects what one commit writes; keeps at most ``limit`` events, and says so where it dropped the oldest.

    ``error`` is why the journal could not be written at the last try; None while all is well.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.error: str | None = None
        self.dropped = 0
        self._limit = limit
        self._batch = Batch()
        self._retry_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._batch)

    def note(self, draft: EventDraft) -> None:
        """An event for the journal."""
        drafts = self._batch.drafts
        drafts.append(draft)
        if len(drafts) > self._limit:
            # Half at once: one by one would move the whole list for every event.
            surplus = len(drafts) - self._limit // 2
            del drafts[:surplus]
            self.dropped += surplus

    def remember(self, fact: ProcessFact) -> None:
        """What is now known of a process; the last word counts, and a spec once given is kept."""
        before = self._batch.processes.get(fact.id)
        if before is not None and fact.spec is None:
            fact = replace(fact, spec=before.spec)
        self._batch.processes[fact.id] = fact
        self._batch.forgotten.discard(fact.id)

    def forget(self, process: str) -> None:
        """A process is not shown any more."""
        self._batch.processes.pop(process, None)
        self._batch.forgotten.add(process)

    def remember_descendant(self, fact: DescendantFact) -> None:
        """A descendant was found."""
        self._batch.descendants[fact.id] = fact
        self._batch.gone.discard(fact.id)

    def forget_descendant(self, descendant: str) -> None:
        """A descendant ended."""
        self._batch.descendants.pop(descendant, None)
        self._batch.gone.add(descendant)

    def next_deadline(self) -> float | None:
        """When `settle` should be called again although nothing new happened."""
        return self._retry_at if self.error is not None else None

    def settle(self, commit: Callable[[Batch], list[Event]], now: float) -> list[Event]:
        """The events that are in the journal now; none, and everything kept, where it cannot be written."""
        if self.error is not None and now < self._retry_at:
            return []
        try:
            events = commit(replace(self._batch, drafts=self._batch.drafts + self._confession()))
        except JournalError as error:
            self.error, self._retry_at = str(error), now + RETRY_S
            return []
        self.error, self.dropped, self._batch = None, 0, Batch()
        return events

    def _confession(self) -> list[EventDraft]:
        if not self.dropped:
            return []
        text = f"{self.dropped} events were lost while the journal could not be written"
        at = self._batch.drafts[-1].at
        return [EventDraft(at=at, kind="supervisor", text=text, by="supervisor")]
