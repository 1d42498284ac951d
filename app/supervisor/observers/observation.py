"""Observe programs for the loop: take their messages, watch their processes.

::

    ObserverSocket ──Heard──▶ messages about processes ──▶ Fleet ──Watch──▶ Watching ──ended──▶ Fleet
                       └────▶ the others, and all fds ──▶ resources
"""

from collections.abc import Iterator
from functools import partial
from typing import Protocol

from app.core.fleet import actions as a
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.linux.poller import Poller
from app.protocol.observer import AnyWord, Dropped, Hello, Made, Paged, Started
from app.records import primitives as p
from app.records.guard import Guarding
from app.supervisor.inventory.inventory import Inventory

from .connection import Heard, NotSeen, close_all
from .descent import Descent
from .listener import ObserverSocket
from .watching import Watching

_WORDS_PER_TURN = 1024


class Holdings(Protocol):
    """What this module uses of `resources.intake.Intake`."""

    def report(self, key: p.Key, word: AnyWord, fds: tuple[int, ...], now: p.Now) -> None:
        """Take in a message; the fds are the taker's from now on."""

    def forked(self, parent: int, child: int) -> None:
        """Let a child use what its parent uses."""

    def ended(self, pid: int, now: p.Now) -> None:
        """Note the end of a process."""


class Observation:
    """Takes messages, and watches the processes that the fleet names."""

    def __init__(
        self,
        observers: ObserverSocket,
        poller: Poller,
        inventory: Inventory,
        fleet: Fleet,
        holdings: Holdings,
        guard: Guarding,
    ) -> None:
        self._guard = guard
        self._observers, self._inventory, self._fleet = observers, inventory, fleet
        self._holdings = holdings
        self.descent = Descent(fleet, inventory, observers.path)
        self._watching = Watching(poller)
        self.signal, self.forget = self._watching.signal, self._watching.forget

    def waiting(self) -> bool:
        """Return whether a turn left something for the next."""
        return bool(self._observers.inbox or self._watching.ended)

    def take(self, now: p.Now) -> Iterator[e.Happening]:
        """Yield the events of messages, then of ends: the last messages of a process come before its end."""
        self._observers.new_turn()
        ended = tuple(self._watching.ended)
        self._watching.ended.clear()
        for pid in self._senders_about(ended):
            self._observers.drain(pid)
        for one in self._observers.take(_WORDS_PER_TURN if not ended else len(self._observers.inbox)):
            yield from self._taken(one, now)
        for process_id in ended:
            with self._guard.over("ends of processes"):
                yield from self._ended(process_id, now)

    def child_ended(self, process_id: str, now: p.Now) -> Iterator[e.Happening]:
        """Yield the last messages of a child of ours that is the first process of a program."""
        member = self._fleet.members.get(process_id)
        if member and member.process.program and member.process.pid:
            self._observers.drain(member.process.pid)
            for one in self._observers.take(len(self._observers.inbox)):
                yield from self._taken(one, now)
            self._holdings.ended(member.process.pid, now)

    def watch(self, action: a.Watch) -> e.Happening:
        """Watch a process of a program, unless the pid is that of a process outside the program."""
        pidfd = self._observers.take_pidfd(action.pid)
        if pidfd is None and not self.descent.proves(action.pid, action.program):
            return e.Watching(action.process, None)
        return self._watched(action, pidfd)

    def _watched(self, action: a.Watch, pidfd: int | None) -> e.Happening:
        key = self._watching.watch(action.process, action.pid, pidfd)
        if key and action.program:
            self._inventory.observe(action.process, key, action.program, attached=action.attached)
        return e.Watching(action.process, key)

    def watch_again(self, action: a.Watch) -> e.Happening:
        """Watch a process of a previous run, which was identified by its start time."""
        return self._watched(action, None)

    def watch_runner(self, action: a.WatchRunner) -> e.Happening:
        """Watch the process that is about to start a program."""
        return e.Watching(action.process, self._watching.watch(action.process, action.pid))

    def look(self) -> list[e.Happening]:
        """Return which dead processes were reaped; count what could not be sent.  Called in each sweep."""
        self._observers.look()
        return [e.Reaped(process_id) for process_id in self._watching.reaped()]

    def close(self) -> None:
        """Stop watching; what still runs goes on."""
        self._watching.close()
        self._observers.close()

    def refuse(self, key: p.Key) -> None:
        """Disconnect a process whose message could not be handled."""
        self._observers.refuse(key)

    def _taken(self, one: Heard | NotSeen, now: p.Now) -> Iterator[e.Happening]:
        with self._guard.over("messages of observed processes", partial(self.refuse, one.key)):
            yield from self._events(one, now)

    def _events(self, one: Heard | NotSeen, now: p.Now) -> Iterator[e.Happening]:
        if isinstance(one, NotSeen):
            yield e.NotSeen(one.key, one.count)
            return
        pid, word = one.key[0], one.word
        if self._is_false(one.key, word):
            close_all(one.fds)
            yield e.NotSeen(one.key, 1)
            return
        self._holdings.report(one.key, word, one.fds, now)
        if isinstance(word, Hello) and word.forked:
            self._holdings.forked(word.ppid, pid)
        if not isinstance(one.word, Made | Dropped | Paged):
            yield e.Heard(one.key, one.word)

    def _ended(self, process_id: str, now: p.Now) -> Iterator[e.Happening]:
        member = self._fleet.members.get(process_id)
        if member is None:
            return
        pid = self._watching.pid_of(process_id)
        if pid == member.process.pid and pid:
            self._holdings.ended(pid, now)
        self._inventory.drop_observed(process_id)
        yield e.Ended(process_id, self._watching.exitcode(process_id))

    def _senders_about(self, ended: tuple[str, ...]) -> set[int]:
        """Return the ended processes and their parents: a pool announces the end of its workers."""
        members = filter(None, map(self._fleet.members.get, ended))
        pids = (*map(self._watching.pid_of, ended), *(member.process.started_by for member in members))
        return {pid for pid in pids if pid}

    def _is_false(self, key: p.Key, word: AnyWord) -> bool:
        """Return whether a message claims that a process belongs to a program to which it does not belong."""
        match word:
            case Hello(program=program):
                return self.descent.disproves(key[0], program)
            case Started(child=child):
                member = self._fleet.members.get(self._fleet.programs.by_pid.get(key[0], ""))
                sender = member.process.program if member else None
                return sender is not None and self.descent.disproves(child, sender)
            case _:
                return False
