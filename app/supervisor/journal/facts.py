"""What the journal keeps besides events: which processes exist, so that the next supervisor knows them.  Pure.

The journal fills in ``boot_id``: a pid and a start time identify a process only within one boot.
"""

from msgspec import Struct, field

from app.records.event import EventDraft


class ProcessFact(Struct, frozen=True, kw_only=True):
    """One supervised process.  ``spec`` is JSON, enough to launch it again; None leaves the stored one unchanged."""

    id: str
    name: str
    state: str
    spec: str | None = None
    pid: int | None = None
    start_ticks: int | None = None
    created_at: float = 0.0
    boot_id: str = ""


class DescendantFact(Struct, frozen=True, kw_only=True):
    """A process of the OS below a supervised one; ``id`` is ``PID-STARTTICKS``."""

    id: str
    root: str | None
    name: str
    boot_id: str = ""


class Batch(Struct):
    """What one commit writes: new events, new facts, and the ids whose facts are deleted."""

    drafts: list[EventDraft] = field(default_factory=list)
    processes: dict[str, ProcessFact] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    descendants: dict[str, DescendantFact] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.drafts or self.processes or self.forgotten or self.descendants or self.gone)


class Unfinished(Struct, frozen=True):
    """The processes and descendants that had not ended when the journal was last written."""

    processes: tuple[ProcessFact, ...]
    descendants: tuple[DescendantFact, ...]


class Run(Struct, frozen=True, kw_only=True):
    """One run of a supervisor; ``ended_at`` is None if it was killed."""

    number: int
    pid: int
    boot_id: str
    started_at: float
    ended_at: float | None
