"""What is known of programs and of their processes, besides their published records.  Pure.

`core.programs.program` follows the state of a program, `core.programs.observed` what its processes report.
"""

from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from app.protocol.observer import NotSent, ThreadDied
from app.records.primitives import Int64, Key
from app.records.program import Program

from .cause import Sent
from .journal_lines import LineQuota

#: Refused starts remembered of one process, threads that died, and items that were not sent.
_REFUSALS, _DEAD_THREADS, _NOT_SENT = 5, 20, 5


class ReportedState(Struct):
    """What one process of a program, and its parent, reported.  ``said_hello``: it is observed.

    ``named``: its parent reported its start; ``by_os_fork``: no parent will.  ``key`` stays after its end: its words
    may come later, and its pid may be another process's by then.  ``told_exit``: the exit code that it reported itself;
    ``joined_as``: that its parent reported, if ``joined``.  ``unlisted``: its zombie is gone.  ``joining``: the pids
    that it joins, since when (wall clock).  ``ended_by_pool``: its pool reported that it ends it; ``signals``: those
    that its parent reported to send.  ``threads_of_parent``: the first of the threads that its parent had when it
    forked; ``dead_threads``: those that died of an exception; ``not_sent``: items that its feeder threads dropped.
    """

    key: Key | None = None
    said_hello: bool = False
    named: bool = False
    by_os_fork: bool = False
    role: str | None = None
    threads_at_fork: Int64 = 0
    threads_of_parent: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    told_exit: Int64 | None = None
    exiting: bool = False
    joined: bool = False
    joined_as: Int64 | None = None
    unlisted: bool = False
    ended_by_pool: bool = False
    signals: set[Int64] = field(default_factory=set)
    joining: dict[Int64, float] = field(default_factory=dict)
    dead_threads: list[ThreadDied] = field(default_factory=list)
    not_sent: list[NotSent] = field(default_factory=list)

    def refuse(self, error: str) -> None:
        """Remember that one of its calls of start() raised."""
        self.refused = [*self.refused, error][-_REFUSALS:]

    def thread_died(self, word: ThreadDied) -> None:
        """Remember that one of its threads died of an exception."""
        self.dead_threads = [*self.dead_threads, word][-_DEAD_THREADS:]

    def item_not_sent(self, word: NotSent) -> None:
        """Remember that one of its feeder threads could not send an item."""
        self.not_sent = [*self.not_sent, word][-_NOT_SENT:]


class ProgramEntry(Struct):
    """One program: its record, and what else is known of it.

    ``run``: how often its first process was restarted.  ``runner``: the pid of its `procession run`.  ``heard``: one of
    its processes has reported.  ``living``, ``unjoined``: ids of its processes; ``ended``: of the others, oldest first.
    ``entered`` counts all processes that it ever had, ``beyond`` those that there was no room for, ``unread`` words
    that could not be read or sent.  ``killed``: the SIGKILL that Procession sent to all of it.  ``unfired``: ids of
    processes whose sentinel is not ready.
    """

    program: Program
    run: int = 0
    runner: int | None = None
    heard: bool = False
    lines: LineQuota = field(default_factory=LineQuota)
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
    """All programs, by id; what their processes reported, by process id.

    ``by_pid``: the process that has a pid, or had it last.  ``stale``: ids of programs whose record is out of date.
    ``unknown_words`` counts words of processes whose program is unknown.
    """

    def __init__(self) -> None:
        self.entries: dict[str, ProgramEntry] = {}
        self.reported: dict[str, ReportedState] = {}
        self.by_pid: dict[int, str] = {}
        self.stale: set[str] = set()
        self.unknown_words = 0

    def of(self, program: str | None) -> ProgramEntry | None:
        """Return the program of that id, if it is known."""
        return self.entries.get(program) if program else None

    def attached(self, program: str | None) -> bool:
        """Return whether a program runs in a terminal: it outlives the supervisor."""
        entry = self.of(program)
        return entry is not None and entry.program.attached

    def kept(self, process_id: str) -> bool:
        """Return whether a record must stay: it is the first process of a program that still has a living one."""
        entry = self.entries.get(process_id)
        return entry is not None and bool(entry.living)

    def reported_of(self, process_id: str) -> ReportedState:
        """Return what was reported of a process, empty at first."""
        return self.reported.setdefault(process_id, ReportedState())

    def forget(self, process_id: str, pid: int | None) -> None:
        """Forget a process whose record is gone; with the first one its program."""
        self.reported.pop(process_id, None)
        self.entries.pop(process_id, None)
        self.stale.discard(process_id)
        if pid is not None and self.by_pid.get(pid) == process_id:
            del self.by_pid[pid]
        for entry in self.entries.values():
            entry.ended.pop(process_id, None)
            entry.unjoined.discard(process_id)
