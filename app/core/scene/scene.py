"""All observed programs at one moment: the input of `diagnosis` and `kill_costs`.  Pure.

::

    fleet: processes, words ──▶ Actor ──┐
    readers: resources, edges ──────────┼──▶ Scene ──▶ diagnosis ──▶ Waits (edges, cycles, findings)
    /dev/shm: what was not unlinked ────┘         └──▶ kill_costs: what ending a process now would cost
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import field

from app.records.primitives import Record
from app.records.process import Descendant, Process
from app.records.resource import Resource, ResourceKind
from app.records.waits import MAIN, Edge, Node, ThreadWait

from .growth import Growth
from .python_stack import Frame, Frames, call_of, own_frame, own_frames
from .surroundings import Line, Surroundings


class DeadThread(Record, frozen=True, kw_only=True):
    """A thread that died of an exception: ``error`` with its place, ``target`` what it ran, the resources it used."""

    name: str
    target: str
    error: str
    resources: tuple[str, ...] = ()


class NotSent(Record, frozen=True, kw_only=True):
    """An item of a queue, if that is known, that a feeder thread dropped because of an error; ``since``: wall clock."""

    resource: str | None
    error: str
    since: float = 0.0


class Actor(Record, frozen=True, kw_only=True):
    """One process of an observed program, alive or remembered: its record, and what only the findings need.

    ``role``: worker of pool KEY (``pool:KEY``), manager, tracker, forkserver.  ``task`` is what it executes, or was
    executing when it died, as its page says.  ``threads_at_fork``: how many threads besides the main one its parent
    had when it forked, ``threads_of_parent`` what the first of them were called.
    ``python_threads``: how many threads besides the main one Python has started in it.  ``refused``: the errors that
    its calls of `Process.start()` raised.  ``exiting``: its target has returned.  ``ended_by_pool``: its pool reported
    that it ends it; ``signals``: those that its parent has sent it.  ``dead_threads``: those that died of an exception.
    ``not_sent``: what its feeder threads dropped.  ``reports``: it is observed.
    """

    process: Process
    role: str | None = None
    task: str | None = None
    threads_at_fork: int = 0
    threads_of_parent: tuple[str, ...] = ()
    python_threads: int = 0
    refused: tuple[str, ...] = ()
    exiting: bool = False
    ended_by_pool: bool = False
    signals: frozenset[int] = frozenset()
    dead_threads: tuple[DeadThread, ...] = ()
    not_sent: tuple[NotSent, ...] = ()
    reports: bool = True

    @property
    def pid(self) -> int:
        """Return its pid, also after its end."""
        return self.process.pid or 0

    @property
    def alive(self) -> bool:
        """Return whether it still runs."""
        return self.process.alive


class Leak(Record, frozen=True, kw_only=True):
    """The ``files`` in /dev/shm of an object that no process uses any more: its semaphores or its memory.

    ``removed``: the resource tracker removed them after the maker's end.
    """

    name: str
    program: str
    kind: ResourceKind
    files: tuple[str, ...]
    made_by: int | None = None
    size_bytes: int | None = None
    removed: bool = False


class HeldFiles(Record, frozen=True, kw_only=True):
    """How many descriptors of a process are ``what``: ``pipe``, ``socket``, ``file`` or ``other``.

    ``of``: the kind of resource that they belong to, ``sentinel``, the path of the files or, with a slash at its end,
    their folder; ``place``: where those resources were created.
    """

    what: str
    of: str
    place: str
    count: int


class OpenFiles(Record, frozen=True, kw_only=True):
    """The soft limit of open files of a process that has many, and what the newest of them are, most common first."""

    limit: int
    held: tuple[HeldFiles, ...] = ()


class Scene(Record, frozen=True, kw_only=True):
    """All processes, resources and waits, ``at`` a moment of the wall clock.

    ``edges`` are the waits to show, one for all threads of a process; ``waits`` are those of each thread.  ``stacks``
    has the frames of those processes for which they were captured, ``thread_names`` what their threads are called,
    ``enders`` the threads and handlers whose code ends or interrupts processes, ``interruptible`` who goes on after
    Ctrl-C, ``sources`` what is around their lines in the program's own files.  ``behind_s``: how old the oldest
    reading of a process is.  ``others`` are unobserved processes by pid, ``orphans`` those whose root belongs to a
    program and is gone; ``open_files`` are of processes that have many.

    `diagnosis` fills in:

    - ``last_edges``: what each dead process waited for when it was last seen
    - ``failed_pids``: by program, the dead processes whose exit code was not 0
    - ``blocked_behind``: by abandoned lock, who waits behind those that wait for it
    - ``growing_children``, ``growing_files``: the processes that have more and more exited children, or open files
    - ``deadlocked``: the processes of deadlocks, and those that are blocked behind them
    """

    at: float = 0.0
    actors: Mapping[int, Actor] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    waits: tuple[ThreadWait, ...] = ()
    stacks: Mapping[int, Frames] = field(default_factory=dict)
    thread_names: Mapping[int, Mapping[int, str]] = field(default_factory=dict)
    enders: frozenset[Node] = frozenset()
    interruptible: frozenset[int] = frozenset()
    sources: Mapping[Line, Surroundings] = field(default_factory=dict)
    behind_s: float = 0.0
    others: Mapping[int, Descendant] = field(default_factory=dict)
    orphans: tuple[Descendant, ...] = ()
    open_files: Mapping[int, OpenFiles] = field(default_factory=dict)
    leaks: tuple[Leak, ...] = ()
    last_edges: Mapping[int, tuple[Edge, ...]] = field(default_factory=dict)
    failed_pids: Mapping[str | None, tuple[int, ...]] = field(default_factory=dict)
    blocked_behind: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    growing_children: Mapping[int, Growth] = field(default_factory=dict)
    growing_files: Mapping[int, Growth] = field(default_factory=dict)
    deadlocked: frozenset[int] = frozenset()

    def name(self, pid: int) -> str:
        """Return what people call a process: ``worker-1 (pid 12)``."""
        known = actor.process if (actor := self.actors.get(pid)) else self.others.get(pid)
        return f"{known.name} (pid {pid})" if known else f"pid {pid}"

    def thread(self, pid: int, tid: int, name: str = "") -> str:
        """Return ``thread job of worker-1 (pid 12)``; by its number if its ``name`` is neither given nor known."""
        return f"thread {name or self.thread_names.get(pid, {}).get(tid) or tid} of {self.name(pid)}"

    def frames(self, pid: int, tid: int = MAIN) -> Sequence[Frame]:
        """Return the frames of a thread, innermost first; none if they are unknown."""
        of_process = self.stacks.get(pid, {})
        return of_process.get(tid or pid) or of_process.get(tid, ())

    def place(self, pid: int, tid: int = MAIN) -> str:
        """Return ``train.py:12 in work()``, the line at which a thread stands; empty if unknown."""
        own = own_frame(self.frames(pid, tid))
        return own.place if own else ""

    def surroundings(self, pid: int, tid: int = MAIN) -> Iterator[tuple[Frame, Surroundings]]:
        """Yield the program's own frames of a thread, innermost first, with what is around their lines."""
        for frame in own_frames(self.frames(pid, tid)):
            if around := self.sources.get(Line(pid, frame.file, frame.line)):
                yield frame, around

    def call(self, pid: int, tid: int = MAIN) -> Frame | None:
        """Return the frame of the standard library that a thread of the program has called; None if unknown."""
        frames = self.frames(pid, tid)
        return call_of(frames, own_frame(frames))

    def main_waits(self) -> dict[int, Edge]:
        """Return by pid the wait of each main thread that waits without a timeout."""
        return {one.edge.pid: one.edge for one in self.waits if one.edge.main and not one.edge.timed}

    def for_first(self, edge: Edge) -> bool:
        """Return whether a wait is for the first item of a queue, into which nobody has put yet."""
        return any(one.for_first for one in self.waits if one.edge == edge)

    def has_failed(self, pid: int) -> bool:
        """Return whether a process has ended with another exit code than 0."""
        actor = self.actors.get(pid)
        return actor is not None and not actor.alive and actor.process.exitcode not in (0, None)

    def has_ended(self, program: str | None) -> bool:
        """Return whether no process of a program is alive."""
        return not any(one.alive for one in self.actors.values() if one.process.program == program)

    def lives(self, pid: int) -> bool:
        """Return whether a process may be alive: an unknown pid is not taken to be dead."""
        actor = self.actors.get(pid)
        return actor is None or actor.alive
