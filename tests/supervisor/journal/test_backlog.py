"""While the journal cannot be written, events and facts are kept in a bounded backlog."""

from __future__ import annotations

from app.records.errors import JournalError
from app.records.event import Event, EventDraft
from app.supervisor.journal.backlog import RETRY_S, Backlog
from app.supervisor.journal.facts import Batch, DescendantFact, ProcessFact


class FakeJournal:
    """A journal whose disk may be full."""

    def __init__(self) -> None:
        self.full = False
        self.tries = 0
        self.written: list[Batch] = []

    def commit(self, batch: Batch) -> list[Event]:
        """Store the batch, or raise as `Journal.commit` does."""
        self.tries += 1
        if self.full:
            raise JournalError("the disk is full")
        self.written.append(batch)
        return [
            Event(seq=n, at=d.at, kind=d.kind, process=None, pid=None, name=None, text=d.text, by=d.by)
            for n, d in enumerate(batch.drafts, 1)
        ]


def draft(text: str) -> EventDraft:
    """Return an event with that text."""
    return EventDraft(at=1.0, kind="started", text=text, by="operator")


def fact(state: str, spec: str | None = None) -> ProcessFact:
    """Return a fact about process 1."""
    return ProcessFact(id="1", name="one", state=state, spec=spec)


def test_committed_events_are_not_written_again() -> None:
    journal, backlog = FakeJournal(), Backlog()
    backlog.note(draft("a"))
    assert [event.text for event in backlog.settle(journal.commit, 0.0)] == ["a"]
    assert backlog.settle(journal.commit, 0.0) == []
    assert not backlog


def test_failed_commit_is_retried_after_a_second() -> None:
    """What came meanwhile is written with it; the error is shown until then."""
    journal, backlog = FakeJournal(), Backlog()
    journal.full = True
    backlog.note(draft("a"))
    backlog.remember(fact("running", spec="{}"))
    assert backlog.settle(journal.commit, 10.0) == []
    assert (backlog.error, backlog.next_deadline()) == ("the disk is full", 10.0 + RETRY_S)
    journal.full = False
    backlog.note(draft("b"))
    backlog.remember(fact("exited"))
    assert backlog.settle(journal.commit, 10.5) == []
    assert journal.tries == 1
    assert [event.text for event in backlog.settle(journal.commit, 11.0)] == ["a", "b"]
    assert journal.written[0].processes == {"1": fact("exited", spec="{}")}
    assert (backlog.error, backlog.next_deadline()) == (None, None)


def test_oldest_events_over_the_limit_are_dropped_and_counted() -> None:
    """The loss is recorded in one line, however often the commit was retried."""
    journal, backlog = FakeJournal(), Backlog(limit=10)
    journal.full = True
    for n in range(25):
        backlog.note(draft(str(n)))
        backlog.settle(journal.commit, float(2 * n))
    assert backlog.dropped > 0
    lost = backlog.dropped
    journal.full = False
    texts = [event.text for event in backlog.settle(journal.commit, 99.0)]
    assert texts == [*map(str, range(lost, 25)), f"{lost} events were lost while the journal could not be written"]
    assert backlog.dropped == 0


def test_a_loss_without_other_events_has_the_time_of_the_last_that_was_lost() -> None:
    """Not that of 1970."""
    journal, backlog = FakeJournal(), Backlog()
    for at in (5.0, 6.0):
        backlog.note(EventDraft(at=at, kind="started", text="\ud800", by="operator"))
    backlog.drop_unwritable()
    (lost,) = backlog.settle(journal.commit, 99.0)
    assert (lost.at, lost.text[:13]) == (6.0, "2 events were")


def test_last_change_to_a_process_or_descendant_wins() -> None:
    """Within one batch, forgetting cancels remembering, and the reverse."""
    journal, backlog = FakeJournal(), Backlog()
    below = DescendantFact(id="7-99", root="1", name="python")
    backlog.remember(fact("running"))
    backlog.forget("1")
    backlog.remember_descendant(below)
    backlog.forget_descendant(below.id)
    backlog.settle(journal.commit, 0.0)
    backlog.forget("1")
    backlog.remember(fact("running"))
    backlog.forget_descendant(below.id)
    backlog.remember_descendant(below)
    backlog.settle(journal.commit, 0.0)
    first, second = journal.written
    assert (first.processes, first.forgotten, first.descendants, first.gone) == ({}, {"1"}, {}, {"7-99"})
    assert (second.processes, second.forgotten) == ({"1": fact("running")}, set())
    assert (second.descendants, second.gone) == ({"7-99": below}, set())
