"""What the journal is told beside events: which processes there are, so that a crash of the supervisor loses none.

Pure.  ``boot_id`` is filled in by the journal: a pid and a start time mean nothing after a reboot.
"""

from __future__ import annotations

from msgspec import Struct, field

from app.records.event import EventDraft


class ProcessFact(Struct, frozen=True, kw_only=True):
    """One supervised process.  ``spec`` is JSON, enough to launch it again; None: as it was written before."""

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
    """What one commit writes: new events, what is now known, and what is not to be known any more."""

    drafts: list[EventDraft] = field(default_factory=list)
    processes: dict[str, ProcessFact] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    descendants: dict[str, DescendantFact] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return bool(self.drafts or self.processes or self.forgotten or self.descendants or self.gone)


class Unfinished(Struct, frozen=True):
    """What was still there by the journal when it was last written."""

    processes: tuple[ProcessFact, ...]
    descendants: tuple[DescendantFact, ...]


class Run(Struct, frozen=True, kw_only=True):
    """One supervisor's time; ``ended_at`` None: it did not end in order."""

    number: int
    pid: int
    boot_id: str
    started_at: float
    ended_at: float | None
