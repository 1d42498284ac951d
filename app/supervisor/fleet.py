"""The fleet: every supervised process, and what is decided about it.

Pure: `handle` takes one event, `tick` looks at the clock, both return the actions that the loop is to perform::

    loop ──Event, Now──▶ Fleet.handle ──[Action]──▶ loop performs ──outcome as Event──▶ Fleet.handle …

Who decides what: `verbs` what a person's wish leads to, `endings` what an end leads to, `progress` what a sample or a
report says, `stopping` how a stop escalates, `pools` what those do that hold a pool, `programs` and `observed` how
programs fare and what their processes say; `dispatch` says whose event is whose.  This module keeps the members, and
answers.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import count

from . import actions as a
from . import dispatch, endings, joins, pool_asks, pools, programs, starts, stops
from .errors import NoSuchProcess, ProcessionError
from .lifecycle import LIVE
from .member import Member
from .messages import refuse
from .model import Descendant, Process, State
from .pools import PoolBook
from .program_book import ProgramBook
from .stopping import Due

#: Starts per turn of the loop: a start blocks for some milliseconds.
STARTS_PER_TURN = 10
_MAX_RECORDS = 2000


class Fleet:
    """All members by id.  ``dirty`` and ``removed`` collect what the loop has to publish; it empties them."""

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
        self._to_start: list[str] = []
        self._timed: set[str] = set()

    # What the loop calls

    def handle(self, event: a.Happening, now: a.Now) -> list[a.Action]:
        """The actions that follow from ``event``.  A refusal becomes an `Answer`; nothing else changes then."""
        out: list[a.Action] = []
        try:
            dispatch.dispatch(self, event, now, out)
        except ProcessionError as refusal:
            out.append(self._refuse(event, refusal))
        return out

    def tick(self, now: a.Now) -> list[a.Action]:
        """What is due by the clock: starts, escalations, restarts, joins that time out, looks."""
        out: list[a.Action] = []
        for process_id in tuple(self._timed):
            if member := self.members.get(process_id):
                self._tick_member(member, now, out)
        pool_asks.expire(self, now, out)
        programs.refresh(self, now, out)
        for process_id in self._take_starts():
            starts.spawn(self, self.members[process_id], now, out)
        self._forget_surplus(out)
        return out

    def next_deadline(self) -> float | None:
        """When `tick` has something to do next, monotonic; None for never, 0 for at once."""
        if self._to_start:
            return 0.0
        of_members = (at for one in self._timed for at in _deadlines(self.members[one]))
        return min((*of_members, *self.pools.deadlines()), default=None)

    # What the other modules of the core use

    def member(self, process_id: str) -> Member:
        """The member of that id; raises `NoSuchProcess`."""
        try:
            return self.members[process_id]
        except KeyError:
            raise NoSuchProcess(f"there is no process {process_id}") from None

    def add(self, plan: a.Plan, now: a.Now) -> Member:
        """Create a member with a fresh id."""
        process_id = f"p{self._next_number()}"
        member = starts.create(plan, process_id, now)
        self.members[process_id] = member
        self.changed(member)
        return member

    def changed(self, member: Member) -> None:
        """The record is to be published, and `tick` has to look at the member."""
        self.dirty.add(member.id)
        self._timed.add(member.id)

    def enqueue_start(self, member: Member) -> None:
        """Have it spawned in this turn or, after a burst, in one of the next."""
        member.spawning = True
        self._to_start.append(member.id)

    def cancel_start(self, member: Member) -> None:
        """It is not to be spawned after all."""
        member.spawning = False
        self._to_start.remove(member.id)

    def below(self, process_id: str) -> list[Descendant]:
        """The descendants of a process by the last sweep."""
        return [one for one in self.descendants.values() if one.root == process_id]

    def live(self) -> Iterator[Member]:
        """The members that have a process of the OS, or are about to; a program in a terminal is not ours."""
        living = (member for member in self.members.values() if member.process.state in LIVE)
        return (member for member in living if not programs.attached(self, member))

    def processes(self) -> tuple[Process, ...]:
        """All records, in the order of creation."""
        return tuple(member.process for member in self.members.values())

    def _refuse(self, event: a.Happening, refusal: ProcessionError) -> a.Answer:
        match event:
            case a.Launched() | a.Acted() | a.Signalled() | a.Registered():
                return a.Answer(event.client, refuse(event.request, refusal))
            case a.Joining() | a.Asking() | a.RunnerSaid():
                return a.Answer(event.client, refuse(event.command.request, refusal))
            case _:
                raise refusal

    # By the clock

    def _take_starts(self) -> list[str]:
        batch, self._to_start = self._to_start[:STARTS_PER_TURN], self._to_start[STARTS_PER_TURN:]
        return batch

    def _tick_member(self, member: Member, now: a.Now, out: list[a.Action]) -> None:
        if member.process.pool:
            pools.follow(self, member, now, out)
        if member.stop:
            self._tick_stop(member, now, out)
        if member.retry_at is not None and member.retry_at <= now.mono:
            starts.retry(self, member, out)
        while member.looks and member.looks[0] <= now.mono:
            member.looks.pop(0)
            out.append(a.Look(member.id))
        joins.expire(member, now, out)
        if member.forget_at is not None and member.forget_at <= now.mono:
            self.forget(member, out)
            return
        if member.process.program:
            programs.follow(self, member)
        if next(_deadlines(member), None) is None:
            self._timed.discard(member.id)

    def _tick_stop(self, member: Member, now: a.Now, out: list[a.Action]) -> None:
        assert member.stop
        match member.stop.due(now.mono):
            case Due.KILL:
                stops.kill_tree(self, member, now, out)
            case Due.CHECK:
                out.append(a.CheckTree(member.id, frozenset(member.stop.tree)))
            case Due.DONE:
                endings.tree_gone(self, member, now, out)
            case Due.NOTHING:
                pass

    # Forgetting

    def forget(self, member: Member, out: list[a.Action]) -> None:
        """Its record goes, and with that of a first process all that is left of its program."""
        for process_id in tuple(held.ended) if (held := self.programs.held.get(member.id)) else ():
            self._forget(self.members[process_id], out)
        self._forget(member, out)

    def _forget(self, member: Member, out: list[a.Action]) -> None:
        del self.members[member.id]
        self.pools.forget(member.id)
        self.programs.forget(member.id, member.process.pid)
        self.dirty.discard(member.id)
        self._timed.discard(member.id)
        self.removed.add(member.id)
        out.append(a.Forget(member.id))

    def _forget_surplus(self, out: list[a.Action]) -> None:
        """Bound the table: what ended well goes first, what failed is kept longest."""
        surplus = len(self.members) - max(_MAX_RECORDS, self.max_processes)
        if surplus <= 0:
            return
        over = [m for m in self.members.values() if m.process.state in (State.JOINED, State.CLOSED, State.FATAL)]
        for member in sorted(over, key=lambda m: m.process.failed)[:surplus]:
            # The first process of a program is needed for as long as others live, and takes those that ended along.
            if member.id in self.members and not programs.kept(self, member):
                out.append(a.Close(member.id))
                self.forget(member, out)
                self.not_shown += 1

    def forget_client(self, client: int) -> None:
        """Nobody waits for the answers to it any more."""
        pool_asks.forget_client(self, client)
        for member in self.members.values():
            member.waiters = [one for one in member.waiters if one.client != client]


def _deadlines(member: Member) -> Iterator[float]:
    if member.stop:
        yield member.stop.deadline()
    if member.retry_at is not None:
        yield member.retry_at
    if member.forget_at is not None:
        yield member.forget_at
    yield from member.looks[:1]
    yield from (waiter.until for waiter in member.waiters if waiter.until is not None)
