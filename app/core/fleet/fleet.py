"""The fleet: every supervised process, its pools and its programs.  Pure: it knows, and decides nothing.

The modules that decide (`starts`, `stops`, `endings`, `pools`, `programs` …) change it, each for its own business;
`deciding` says whose business an event is, `ticking` what is due by the clock.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count

from app.records import primitives as p
from app.records.errors import NoSuchProcess
from app.records.process import Descendant, Process

from . import events as e
from .journal_lines import Lines
from .lifecycle import LIVE
from .member import Member, create
from .pool_book import PoolBook
from .program_book import ProgramBook


class Fleet:
    """All members by id.  ``dirty`` and ``removed`` collect what the loop has to publish; it empties them.

    ``timed`` are ids of those that the clock has to do with, ``to_start`` of those that wait for their turn.
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
        """The member of that id; raises `NoSuchProcess`."""
        try:
            return self.members[process_id]
        except KeyError:
            raise NoSuchProcess(f"there is no process {process_id}") from None

    def add(self, plan: e.Plan, now: p.Now) -> Member:
        """Create a member with a fresh id."""
        process_id = f"p{self._next_number()}"
        member = create(plan, process_id, now)
        self.members[process_id] = member
        self.changed(member)
        return member

    def changed(self, member: Member) -> None:
        """The record is to be published, and `tick` has to look at the member."""
        self.dirty.add(member.id)
        self.timed.add(member.id)

    def enqueue_start(self, member: Member) -> None:
        """Have it spawned in this turn or, after a burst, in one of the next."""
        member.spawning = True
        self.to_start.append(member.id)

    def cancel_start(self, member: Member) -> None:
        """It is not to be spawned after all."""
        member.spawning = False
        self.to_start.remove(member.id)

    def below(self, process_id: str) -> list[Descendant]:
        """The descendants of a process by the last sweep."""
        return [one for one in self.descendants.values() if one.root == process_id]

    def live(self) -> Iterator[Member]:
        """The members that have a process of the OS, or are about to; a program in a terminal is not ours."""
        living = (member for member in self.members.values() if member.process.state in LIVE)
        return (member for member in living if not self.programs.attached(member.process.program))

    def processes(self) -> tuple[Process, ...]:
        """All records, in the order of creation."""
        return tuple(member.process for member in self.members.values())

    def lines_of(self, member: Member) -> Lines | None:
        """How many lines may still be written about it; None where nobody is bounded: it is no process of a program."""
        held = self.programs.of(member.process.program)
        return held.lines if member.process.observed and held else None

    def drop(self, member: Member) -> None:
        """Its record goes."""
        del self.members[member.id]
        self.pools.forget(member.id)
        self.programs.forget(member.id, member.process.pid)
        self.dirty.discard(member.id)
        self.timed.discard(member.id)
        self.removed.add(member.id)
