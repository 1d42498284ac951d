"""Collect what the next commit writes to the journal; keep it while the journal cannot be written.  Pure.

The loop notes and remembers during its turn, and commits at the end of it, before it publishes::

    note · remember · forget ──▶ Backlog ──settle(journal.commit, now)──▶ [Event] ──▶ publish
                                    └── JournalError: everything is kept, `error` is shown, retried after a second
"""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import astuple, replace

from app.records.errors import JournalError
from app.records.event import Event, EventDraft, about_supervisor
from app.records.primitives import INT64

from .facts import Batch, DescendantFact, ProcessFact

#: Events that are kept while the journal cannot be written.
LIMIT = 10_000
RETRY_S = 1.0


class Backlog:
    """Collects what one commit writes; keeps at most ``limit`` events, and counts those that it dropped.

    ``error`` says why the last commit failed; None if it did not.
    """

    def __init__(self, limit: int = LIMIT) -> None:
        self.error: str | None = None
        self.dropped = 0
        self._dropped_at = 0.0
        self._limit = limit
        self._batch = Batch()
        self._retry_at = 0.0

    def __bool__(self) -> bool:
        return bool(self._batch)

    def note(self, draft: EventDraft) -> None:
        drafts = self._batch.drafts
        drafts.append(draft)
        if len(drafts) > self._limit:
            # Half of them at once: dropping one by one would move the whole list for every event.
            surplus = len(drafts) - self._limit // 2
            self._drop(drafts[:surplus])
            del drafts[:surplus]

    def remember(self, fact: ProcessFact) -> None:
        """Add what is known of a process; the latest fact counts, except that a spec once given is kept."""
        before = self._batch.processes.get(fact.id)
        if before is not None and fact.spec is None:
            fact = replace(fact, spec=before.spec)
        self._batch.processes[fact.id] = fact
        self._batch.forgotten.discard(fact.id)

    def forget(self, process: str) -> None:
        """Delete a process that is no longer shown."""
        self._batch.processes.pop(process, None)
        self._batch.forgotten.add(process)

    def remember_descendant(self, fact: DescendantFact) -> None:
        self._batch.descendants[fact.id] = fact
        self._batch.gone.discard(fact.id)

    def forget_descendant(self, descendant: str) -> None:
        """Delete a descendant that has ended."""
        self._batch.descendants.pop(descendant, None)
        self._batch.gone.add(descendant)

    def next_deadline(self) -> float | None:
        """Return when `settle` is to be called again although nothing new happened; None if it is not."""
        return self._retry_at if self.error is not None else None

    def settle(self, commit: Callable[[Batch], list[Event]], now: float) -> list[Event]:
        """Commit; return the events that are in the journal now, none if it cannot be written."""
        if self.error is not None and now < self._retry_at:
            return []
        try:
            events = commit(replace(self._batch, drafts=self._batch.drafts + self._dropped_notice()))
        except JournalError as error:
            self.error, self._retry_at = str(error), now + RETRY_S
            return []
        self.error, self.dropped, self._batch = None, 0, Batch()
        return events

    def drop_unwritable(self) -> None:
        """Drop the entries that SQLite does not take: they would keep all others from being written."""
        batch = self._batch
        self._drop([one for one in batch.drafts if not _is_writable(one)])
        batch.drafts = [one for one in batch.drafts if _is_writable(one)]
        batch.processes = {key: one for key, one in batch.processes.items() if _is_writable(one)}
        batch.descendants = {key: one for key, one in batch.descendants.items() if _is_writable(one)}

    def _drop(self, drafts: list[EventDraft]) -> None:
        if drafts:
            self.dropped += len(drafts)
            self._dropped_at = drafts[-1].at

    def _dropped_notice(self) -> list[EventDraft]:
        if not self.dropped:
            return []
        text = f"{self.dropped:,} events were lost while the journal could not be written"
        at = self._batch.drafts[-1].at if self._batch.drafts else self._dropped_at
        return [about_supervisor(at, text)]


def _is_writable(entry: Struct) -> bool:
    """Return whether SQLite takes all fields: it has 64-bit numbers, and text without lone surrogates."""
    for value in astuple(entry):
        if isinstance(value, int) and value not in INT64:
            return False
        if isinstance(value, str) and not _is_unicode(value):
            return False
    return True


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
