"""One member of the fleet: the published record, and what else is known about the process.

Pure.  The `Fleet` owns its members; only the functions of the core change them.
"""

from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from app.records.event import EventDraft
from app.records.primitives import Key, Now
from app.records.process import Process, Sample

from .cause import Sent
from .escalation import Stop
from .events import Plan
from .lifecycle import Trigger, advance
from .stuck import ProgressWatch


class Waiter(Struct, frozen=True):
    """A client that joins; ``until`` is monotonic, None without limit."""

    client: int
    request: int
    until: float | None


class Member(Struct):
    """A process of the fleet.  ``key`` is set while there is a process of the OS; times are monotonic seconds.

    ``sample``: the last one in its record.  ``sent``: the signals that Procession sent it.  ``stopped``: a user stopped
    it, so its end is no failure and no policy restarts it.  ``looks``: when to read its state letter.  ``restart_by``:
    the user that it is restarted for.
    """

    process: Process
    plan: Plan
    watch: ProgressWatch
    key: Key | None = None
    sample: Sample | None = None
    spawn_by: str | None = None
    spawning: bool = False
    started_at: float = 0.0
    sent: list[Sent] = field(default_factory=list)
    stop: Stop | None = None
    stopped: bool = False
    error: str | None = None
    attempts: int = 0
    retry_at: float | None = None
    restart_by: str | None = None
    looks: list[float] = field(default_factory=list)
    waiters: list[Waiter] = field(default_factory=list)
    forget_at: float | None = None

    @property
    def id(self) -> str:
        return self.process.id

    def update(self, **changes: Any) -> None:
        """Replace the record by one with these fields changed."""
        self.process = replace(self.process, **changes)

    def advance(self, trigger: Trigger, **changes: Any) -> None:
        """Take the transition and change these fields; raises `IllegalTransition` before any change."""
        self.update(state=advance(self.process.state, trigger), **changes)

    def draft(self, now: Now, kind: str, text: str, by: str) -> EventDraft:
        process = self.process
        return EventDraft(
            at=now.wall, kind=kind, text=text, by=by, process=process.id, pid=process.pid, name=process.name
        )


def create(plan: Plan, process_id: str, now: Now) -> Member:
    """Return a member as it is before start()."""
    process = replace(plan.process, id=process_id, name=name_of(plan.process), created_at=now.wall)
    return Member(process=process, plan=plan, watch=ProgressWatch(since=now.mono))


def name_of(process: Process) -> str:
    """Return its given name, else what it runs."""
    return process.name or process.workload or process.target
