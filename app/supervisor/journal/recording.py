"""The journal as the loop uses it: collect the lines of a turn, commit them before they are published."""

from collections import deque
from contextlib import suppress

import msgspec

from app.core.fleet.fleet import Fleet
from app.core.fleet.member import Member
from app.protocol.control import Events
from app.protocol.delta import EVENTS_SHOWN
from app.records import primitives as p
from app.records.errors import JournalError
from app.records.event import Event, about_supervisor
from app.records.guard import NO_GUARD, Guarding

from .backlog import Backlog
from .facts import DescendantFact, ProcessFact, Run, Unfinished
from .journal import Journal


class Recording(Backlog):
    """Commits once per turn.  A full disk does not stop the supervisor; the page shows the error (`Backlog`)."""

    def __init__(self, journal: Journal, guard: Guarding = NO_GUARD) -> None:
        super().__init__()
        self._guard = guard
        self.journal = journal
        self._states: dict[str, tuple[str, int | None]] = {}
        self._descendants: set[str] = set()
        latest, _ = journal.events(Events(request=0, latest=True, limit=EVENTS_SHOWN))
        self._newest: deque[Event] = deque(latest, maxlen=EVENTS_SHOWN)

    def forget(self, process: str) -> None:
        """Delete what is known of a process whose record is gone."""
        self._states.pop(process, None)
        super().forget(process)

    def commit(self, fleet: Fleet, now: p.Now) -> list[Event]:
        """Write the lines of this turn; return them numbered, or none if the journal cannot be written."""
        for process_id in fleet.dirty & fleet.members.keys():
            self._remember(fleet.members[process_id])
        self._remember_descendants(fleet)
        if not self:
            return []
        written: list[Event] = []
        with self._guard.over("writes to the journal", self.drop_unwritable):
            written = self.settle(self.journal.commit, now.mono)
        self._newest.extend(written)
        return written

    def begin(self, pid: int, now: p.Now) -> Run | None:
        """Begin a run; return the previous one, None if there is none or the journal cannot be written."""
        try:
            return self.journal.begin_run(pid, now.wall)
        except JournalError as error:
            self.note(about_supervisor(now.wall, str(error)))
            return None

    def settled(self) -> None:
        """Write that this supervisor runs well: what it took over did not kill it."""
        with suppress(JournalError):
            self.journal.settled()

    def unfinished(self, now: p.Now) -> Unfinished:
        """Return what the previous run left; nothing if the journal cannot be read."""
        try:
            return self.journal.unfinished()
        except JournalError as error:
            self.note(about_supervisor(now.wall, str(error)))
            return Unfinished()

    def end(self, now: p.Now) -> None:
        """Write that this run ends as asked; if that fails, the next start reports that it was killed."""
        self.settled()
        with suppress(JournalError):
            self.journal.end_run(now.wall)
        with suppress(JournalError):
            self.journal.close()

    def newest(self) -> tuple[Event, ...]:
        """Return the newest lines, oldest first."""
        return tuple(self._newest)

    def _remember(self, member: Member) -> None:
        process = member.process
        if process.observed and process.id != process.program:
            return  # it ends with its program, or outlives us
        state, known = (str(process.state), process.pid), self._states.get(process.id)
        if state == known:
            return
        self._states[process.id] = state
        self.remember(
            ProcessFact(
                id=process.id,
                name=process.name,
                state=process.state,
                pid=process.pid,
                start_ticks=member.key[1] if member.key else None,
                created_at=process.created_at,
                spec=msgspec.json.encode(member.plan).decode() if known is None else None,
            )
        )

    def _remember_descendants(self, fleet: Fleet) -> None:
        seen = fleet.descendants.keys()
        if seen == self._descendants:
            return
        for gone in self._descendants - seen:
            self.forget_descendant(gone)
        for new in seen - self._descendants:
            one = fleet.descendants[new]
            self.remember_descendant(DescendantFact(id=new, root=one.root, name=one.name))
        self._descendants = set(seen)
