"""What waits for the journal is kept while it cannot be written, in bounds that are told."""

from __future__ import annotations

from app.records.errors import JournalError
from app.records.event import Event, EventDraft
from app.supervisor.journal.backlog import RETRY_S, Backlog
from app.supervisor.journal.facts import Batch, DescendantFact, ProcessFact


class Paper:
    """A journal that may be full."""

    def __init__(self) -> None:
        self.full = False
        self.tries = 0
        self.written: list[Batch] = []

    def commit(self, batch: Batch) -> list[Event]:
        """As `Journal.commit`."""
        self.tries += 1
        if self.full:
            raise JournalError("the disk is full")
        self.written.append(batch)
        return [
            Event(seq=n, at=d.at, kind=d.kind, process=None, pid=None, name=None, text=d.text, by=d.by)
            for n, d in enumerate(batch.drafts, 1)
        ]


def draft(text: str) -> EventDraft:
    """An event."""
    return EventDraft(at=1.0, kind="started", text=text, by="operator")


def fact(state: str, spec: str | None = None) -> ProcessFact:
    """What is known of process 1."""
    return ProcessFact(id="1", name="one", state=state, spec=spec)


def test_settled_events_are_not_written_twice() -> None:
    """One turn, one batch."""
    paper, backlog = Paper(), Backlog()
    backlog.note(draft("a"))
    assert [event.text for event in backlog.settle(paper.commit, 0.0)] == ["a"]
    assert backlog.settle(paper.commit, 0.0) == []
    assert not backlog


def test_what_could_not_be_written_is_written_later() -> None:
    """After a second at the earliest, together with what came since; the error is shown until then."""
    paper, backlog = Paper(), Backlog()
    paper.full = True
    backlog.note(draft("a"))
    backlog.remember(fact("running", spec="{}"))
    assert backlog.settle(paper.commit, 10.0) == []
    assert (backlog.error, backlog.next_deadline()) == ("the disk is full", 10.0 + RETRY_S)
    paper.full = False
    backlog.note(draft("b"))
    backlog.remember(fact("exited"))
    assert backlog.settle(paper.commit, 10.5) == []
    assert paper.tries == 1
    assert [event.text for event in backlog.settle(paper.commit, 11.0)] == ["a", "b"]
    assert paper.written[0].processes == {"1": fact("exited", spec="{}")}
    assert (backlog.error, backlog.next_deadline()) == (None, None)


def test_too_many_events_lose_the_oldest_and_say_so() -> None:
    """The confession is one line, however often the journal was tried."""
    paper, backlog = Paper(), Backlog(limit=10)
    paper.full = True
    for n in range(25):
        backlog.note(draft(str(n)))
        backlog.settle(paper.commit, float(2 * n))
    assert backlog.dropped > 0
    lost = backlog.dropped
    paper.full = False
    texts = [event.text for event in backlog.settle(paper.commit, 99.0)]
    assert texts == [*map(str, range(lost, 25)), f"{lost} events were lost while the journal could not be written"]
    assert backlog.dropped == 0


def test_the_last_word_on_a_process_counts() -> None:
    """Known, forgotten, known again; likewise a descendant."""
    paper, backlog = Paper(), Backlog()
    below = DescendantFact(id="7-99", root="1", name="python")
    backlog.remember(fact("running"))
    backlog.forget("1")
    backlog.remember_descendant(below)
    backlog.forget_descendant(below.id)
    backlog.settle(paper.commit, 0.0)
    backlog.forget("1")
    backlog.remember(fact("running"))
    backlog.forget_descendant(below.id)
    backlog.remember_descendant(below)
    backlog.settle(paper.commit, 0.0)
    first, second = paper.written
    assert (first.processes, first.forgotten, first.descendants, first.gone) == ({}, {"1"}, {}, {"7-99"})
    assert (second.processes, second.forgotten) == ({"1": fact("running")}, set())
    assert (second.descendants, second.gone) == ({"7-99": below}, set())
