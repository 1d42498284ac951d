"""What is known of programs and of their processes, beside the records that are published.  Pure.

`programs` follows how a program fares, `observed` what its processes say; `book.actors` is what the findings need.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from app.records.primitives import Key
from app.records.program import Program

from .cause import Sent
from .journal_lines import Lines

#: Refused starts remembered of one process.
_REFUSALS = 5


@dataclass
class Sighting:
    """One process of a program.  ``said_hello``: it is observed; ``named``: its parent told that it started it.

    ``key`` stays after its end: its words may come later, and its pid may be another's by then.
    ``told_exit`` is the exit code by its own last word; ``joined_as`` by its parent's, where ``joined``; ``unlisted``
    when it is no zombie any more.  ``joining``: since when (wall clock) it waits for which pid.  ``ended_by_pool``: the
    pool that it works for told that it ends it; ``signals``: those that its parent told that it sends it.
    """

    key: Key | None = None
    said_hello: bool = False
    named: bool = False
    role: str | None = None
    threads_at_fork: int = 0
    refused: list[str] = field(default_factory=list)
    told_exit: int | None = None
    exiting: bool = False
    joined: bool = False
    joined_as: int | None = None
    unlisted: bool = False
    ended_by_pool: bool = False
    signals: set[int] = field(default_factory=set)
    joining: dict[int, float] = field(default_factory=dict)

    def refuse(self, error: str) -> None:
        """Its start() of another process was refused."""
        self.refused = [*self.refused, error][-_REFUSALS:]


@dataclass
class Held:
    """One program: its record, and what is known beside it; ``entered`` counts all the processes that it ever had.

    ``run`` is how often its first process was started again; ``runner`` the pid of its `procession run`; ``heard``: one
    of its processes has told of itself.  ``living`` and ``unjoined`` are ids of its processes; ``ended`` those of the
    others, oldest first.  ``beyond`` counts processes that there was no room for, ``unread`` words that could not be
    read or sent; ``killed`` is our SIGKILL to all of it.  ``unfired`` are ids of those
    whose sentinel is not ready.
    """

    program: Program
    run: int = 0
    runner: int | None = None
    heard: bool = False
    lines: Lines = field(default_factory=Lines)
    living: set[str] = field(default_factory=set)
    unjoined: set[str] = field(default_factory=set)
    ended: dict[str, None] = field(default_factory=dict)
    unread: int = 0
    beyond: int = 0
    entered: int = 1
    killed: Sent | None = None
    unfired: set[str] = field(default_factory=set)

    def update(self, **changes: Any) -> None:
        """Replace the record by one with these fields changed."""
        self.program = replace(self.program, **changes)


class ProgramBook:
    """``held`` by program id, ``seen`` by process id; ``by_pid`` has who has a pid, or had it last.

    ``strangers`` counts words of processes whose program is unknown.
    """

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.seen: dict[str, Sighting] = {}
        self.by_pid: dict[int, str] = {}
        self.stale: set[str] = set()
        self.strangers = 0

    def of(self, program: str | None) -> Held | None:
        """The program of that id, where it is known."""
        return self.held.get(program) if program else None

    def attached(self, program: str | None) -> bool:
        """Whether that program is of somebody's terminal, which our end does not end."""
        held = self.of(program)
        return held is not None and held.program.attached

    def kept(self, process_id: str) -> bool:
        """Whether that record is needed: it is the first process of a program of which something lives."""
        held = self.held.get(process_id)
        return held is not None and bool(held.living)

    def sighting(self, process_id: str) -> Sighting:
        """What was told of a process, made where nothing was yet."""
        return self.seen.setdefault(process_id, Sighting())

    def forget(self, process_id: str, pid: int | None) -> None:
        """The record of a process is gone; that of a first process takes its program with it."""
        self.seen.pop(process_id, None)
        self.held.pop(process_id, None)
        self.stale.discard(process_id)
        if pid is not None and self.by_pid.get(pid) == process_id:
            del self.by_pid[pid]
        for held in self.held.values():
            held.ended.pop(process_id, None)
            held.unjoined.discard(process_id)
