"""Random programs at rest, and by a slow definition which of their processes can never go on.

Each thread has acquired its locks and stands at one place: in a wait, in a sleep, or it has ended.  A wait for a
message can be ended by each thread that does not wait for ever itself and whose code names the object and calls what
ends the wait; what the first process of a program can use is unknown, so its main thread counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count

from hypothesis import strategies as st
from msgspec import Struct

from app.core.resources.blocked import Blocked
from app.core.resources.book import Book
from app.core.resources.edges import Edges
from app.core.resources.unblockers import Unblockers
from app.core.scene.wait_graph import find_deadlocks
from app.protocol.observer import Made, Started, Threaded
from app.records.waits import ThreadWait

LOCKS = ("lock_a", "lock_b", "lock_c")
QUEUES = ("queue_a", "queue_b")
EVENTS = ("event_a", "event_b")
OBJECTS = LOCKS + QUEUES + EVENTS
_WAITS = {**dict.fromkeys(LOCKS, "acquire"), **dict.fromkeys(QUEUES, "get"), **dict.fromkeys(EVENTS, "wait")}
#: What ends a wait.
CALLS = {**dict.fromkeys(QUEUES, "put"), **dict.fromkeys(EVENTS, "set")}
_KINDS = {**dict.fromkeys(LOCKS, "lock"), **dict.fromkeys(QUEUES, "queue"), **dict.fromkeys(EVENTS, "event")}

#: Numbers of a process and of a thread in it; 0 is the first process, and its main thread.
Name = tuple[int, int]


class Thread(Struct, frozen=True):
    """Where a thread stands: ``at`` an object, ``join`` (of process ``of``), ``threads``, ``sleep`` or ``end``.

    ``names``: the objects that its code names; ``calls``: the methods; ``timed``: its wait has a timeout.
    """

    at: str
    names: frozenset[str] = frozenset()
    calls: frozenset[str] = frozenset()
    holds: tuple[str, ...] = ()
    of: int = 0
    timed: bool = False

    @property
    def ends_by_itself(self) -> bool:
        return self.at == "sleep" or self.timed


Program = Mapping[Name, Thread]


def living(program: Program) -> dict[Name, Thread]:
    """Return the threads that have not ended."""
    return {name: thread for name, thread in program.items() if thread.at != "end"}


def stuck(program: Program) -> set[int]:
    """Return the processes with a thread that can never go on: of all that wait, less those that can be freed."""
    alive = living(program)
    held = {name for name, thread in alive.items() if not thread.ends_by_itself}
    while freed := {name for name in held if not unblockers(program, name) <= held}:
        held -= freed
    return {process for process, _ in held}


def unblockers(program: Program, name: Name) -> set[Name]:
    """Return the threads, any of which can end the wait of a thread."""
    alive, thread = living(program), program[name]
    if thread.at == "join":
        return {(thread.of, 0)}
    if thread.at == "threads":
        return {other for other in alive if other[0] == name[0]}
    if thread.at in LOCKS:
        return {other for other, each in alive.items() if thread.at in each.holds}
    return {other for other in alive if can_use(program, other, thread.at)}


def can_use(program: Program, name: Name, thing: str) -> bool:
    """Return whether the code of a thread names a thing and calls what ends a wait for it.

    That of a main thread also has what the threads of its process name and call.
    """
    if name == (0, 0):
        return True
    of = [thread for (process, _), thread in program.items() if process == name[0]] if name[1] == 0 else [program[name]]
    return any(thing in thread.names for thread in of) and any(CALLS[thing] in thread.calls for thread in of)


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Yield programs of up to five processes with up to three threads each."""
    names = [
        (process, thread)
        for process in range(draw(st.integers(2, 5)))
        for thread in range(draw(st.sampled_from((1, 1, 1, 2, 3))))
    ]
    found: dict[Name, Thread] = {}
    free = dict.fromkeys(LOCKS)
    for name in names:
        holds = tuple(lock for lock in list(free) if draw(st.integers(0, 3)) == 0)
        for lock in holds:
            del free[lock]
        found[name] = Thread("sleep", frozenset(holds), holds=holds)
    return {name: _placed(draw, found, name, frozenset(LOCKS) - frozenset(free)) for name in names}


def _placed(draw: st.DrawFn, program: Program, name: Name, held: frozenset[str]) -> Thread:
    thread = program[name]
    children = sorted({process for process, _ in program} - {0})
    # A thread that ends may not keep a lock, which would be abandoned.
    places = ["sleep", *QUEUES, *EVENTS, *sorted(held), *(["end"] if name[1] and not thread.holds else [])]
    if name == (0, 0):
        places.append("join")
    if name[1] == 0 and (name[0], 1) in program:
        places.append("threads")
    at = draw(st.sampled_from(places))
    others = draw(st.frozensets(st.sampled_from(OBJECTS), max_size=2))
    names = thread.names | others | ({at} & set(OBJECTS))
    calls = draw(st.frozensets(st.sampled_from(sorted(CALLS.values()))))
    timed = at in QUEUES + EVENTS and draw(st.integers(0, 9)) == 0
    return Thread(at, names, calls, thread.holds, draw(st.sampled_from(children)) if at == "join" else 0, timed)


class Read:
    """The waits of a program as the supervisor would read them."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._book = Book()
        numbers = count(1)
        for name in OBJECTS:
            key = f"sem:{next(numbers)}" if name in LOCKS else f"{_KINDS[name]}:{name}"
            self._book.made(pid_of(0), Made(key=key, resource=_KINDS[name], name=name, here=True), 0.0, 0.0)
        self._things = {thing.name: thing for thing in self._book}
        for process in sorted({process for process, _ in program} - {0}):
            reaches = self._reaches([thread for (of, _), thread in program.items() if of == process])
            self._book.reach.started(
                Started(child=pid_of(process), name="", daemon=False, start_method="fork", reaches=reaches)
            )
            self._book.forked(pid_of(0), pid_of(process))
        for (process, number), thread in program.items():
            if number:
                word = Threaded(tid=tid_of(process, number), reaches=self._reaches([thread]))
                self._book.reach.threaded(pid_of(process), word)
        self._hold()

    def waits(self) -> tuple[ThreadWait, ...]:
        tids: dict[int, tuple[int, ...]] = {}
        for process, number in living(self._program):
            pid = pid_of(process)
            tids[pid] = (*tids.get(pid, ()), tid_of(process, number) or pid)
        edges = Edges(self._book, Unblockers(self._book, threads=tids))
        edges.look([self._blocked(name) for name, one in living(self._program).items() if one.at != "sleep"], 9.0, 0.0)
        return edges.waits

    def _reaches(self, threads: list[Thread]) -> list[str]:
        """Return what the observer reports of code: the keys of what it names, and the methods that it calls."""
        keys = {self._things[name].key for thread in threads for name in thread.names}
        return sorted(keys | {f".{method}" for thread in threads for method in thread.calls})

    def _hold(self) -> None:
        for (process, number), thread in self._program.items():
            for lock in thread.holds:
                holding = self._things[lock].reading.holding
                holding.held_by(pid_of(process), 0.0)
                holding.tid = tid_of(process, number)

    def _blocked(self, name: Name) -> Blocked:
        thread, (process, number) = self._program[name], name
        thing = self._things.get(thread.at)
        to = _WAITS.get(thread.at) or {"join": "join", "threads": "thread"}[thread.at]
        blocked = Blocked(
            pid_of(process), thing, thing, to, number == 0, thread.timed, tid=tid_of(process, number) or pid_of(process)
        )
        if thread.at == "join":
            return blocked._replace(of=pid_of(thread.of))
        return blocked._replace(holders=(pid_of(process),)) if thread.at == "threads" else blocked


def pid_of(process: int) -> int:
    return 100 + process


def tid_of(process: int, number: int) -> int:
    """Return the number of a thread, 0 for a main one."""
    return 1000 + 10 * process + number if number else 0


def told(waits: tuple[ThreadWait, ...]) -> set[int]:
    """Return the pids that deadlocks are about."""
    found = find_deadlocks(waits, lambda _: True)
    return {pid for one in found for pid in (*one.pids, *one.blocked_behind)}
