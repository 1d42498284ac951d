"""The fleet: every supervised process, pool and program.  Pure; it holds what is known and decides nothing.

The modules that decide (`starts`, `stops`, `endings`, `pools`, `programs` …) change it, each its own part; `deciding`
hands out the events, `ticking` does what is due by the clock.
"""

import random
from collections.abc import Callable, Iterator
from itertools import count

from app.records import primitives as p
from app.records.errors import NoSuchProcess
from app.records.process import LIVE, Descendant

from . import events as e
from .journal_lines import LineQuota
from .member import Member, create
from .pool_book import PoolBook
from .program_book import ProgramBook


class Fleet:
    """All members by id.  ``dirty`` and ``removed`` collect what the loop has to publish; it empties them.

    ``timed``: ids of the members with a deadline; ``to_start``: of those that wait to be spawned.
    """

    def __init__(
        self,
        *,
        next_number: Callable[[], int] | None = None,
        own_pid: int = 0,
        max_processes: int = 2000,
        rng: random.Random | None = None,
    ) -> None:
        self.members: dict[str, Member] = {}
        self.pools = PoolBook()
        self.programs = ProgramBook()
        self.descendants: dict[str, Descendant] = {}
        self.dirty: set[str] = set()
        self.removed: set[str] = set()
        self.own_pid = own_pid
        self.max_processes = max_processes
        self.not_shown = 0
        self.stopping_by: str | None = None
        self.rng = rng or random.Random()
        self._next_number = next_number or count(1).__next__
        self.to_start: list[str] = []
        self.timed: set[str] = set()

    def member(self, process_id: str) -> Member:
        """Return the member of that id; raises `NoSuchProcess`."""
        try:
            return self.members[process_id]
        except KeyError:
            raise NoSuchProcess(f"process not found: {process_id}") from None

    def add(self, plan: e.Plan, now: p.Now) -> Member:
        """Add a member with a new id and return it."""
        process_id = f"p{self._next_number()}"
        member = create(plan, process_id, now)
        self.members[process_id] = member
        self.changed(member)
        return member

    def changed(self, member: Member) -> None:
        """Have the record published, and `tick` look at the member."""
        self.dirty.add(member.id)
        self.timed.add(member.id)

    def enqueue_start(self, member: Member) -> None:
        """Have it spawned in this turn or, after a burst, in one of the next."""
        member.spawning = True
        self.to_start.append(member.id)

    def cancel_start(self, member: Member) -> None:
        """Take a member out of the queue of starts."""
        member.spawning = False
        self.to_start.remove(member.id)

    def live(self) -> Iterator[Member]:
        """Yield the members that have, or are about to have, a process of the OS, but programs in a terminal."""
        living = (member for member in self.members.values() if member.process.state in LIVE)
        return (member for member in living if not self.programs.attached(member.process.program))

    def lines_of(self, member: Member) -> LineQuota | None:
        """Return the quota of journal lines of its program; None, no limit, for any other process."""
        entry = self.programs.of(member.process.program)
        return entry.lines if member.process.observed and entry else None

    def drop(self, member: Member) -> None:
        """Remove a member and all that is known of it."""
        del self.members[member.id]
        self.pools.forget(member.id)
        self.programs.forget(member.id, member.process.pid)
        self.dirty.discard(member.id)
        self.timed.discard(member.id)
        self.removed.add(member.id)
