"""What the journal keeps besides events: which processes exist, so that the next supervisor knows them.  Pure.

The journal fills in ``boot_id``: a pid and a start time identify a process only within one boot.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from app.records.event import EventDraft
from app.records.limits import MAX_PID
from app.records.process import State

#: Later times cannot be shown as a date.
LATEST = 1e11
#: What a row of the file must fulfil: an id becomes the name of a file, a time is shown as a date.
Id = Annotated[str, Meta(pattern=r"^[A-Za-z0-9]{1,40}\Z")]
Pid = Annotated[int, Meta(ge=1, le=MAX_PID)]
Ticks = Annotated[int, Meta(ge=0, lt=2**53)]
Wall = Annotated[float, Meta(ge=0, lt=LATEST)]


class ProcessFact(Struct, frozen=True, kw_only=True):
    """One supervised process.  ``spec`` is JSON, enough to launch it again; None leaves the stored one unchanged."""

    id: Id
    name: str
    state: State
    spec: str | None = None
    pid: Pid | None = None
    start_ticks: Ticks | None = None
    created_at: Wall = 0.0
    boot_id: str = ""


class DescendantFact(Struct, frozen=True, kw_only=True):
    """A process of the OS below a supervised one; ``id`` is ``PID-STARTTICKS``."""

    id: Annotated[str, Meta(pattern=r"^[0-9]{1,7}-[0-9]{1,16}\Z")]
    root: Id | None
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

    processes: tuple[ProcessFact, ...] = ()
    descendants: tuple[DescendantFact, ...] = ()


class Run(Struct, frozen=True, kw_only=True):
    """One run of a supervisor; ``ended_at`` is None if it was killed."""

    pid: Pid
    ended_at: Wall | None
