"""What is seen of all observed programs at one moment: the input of `diagnosis`, `findings` and `prices`.  Pure.

::

    fleet: processes, words ──▶ Actor ──┐
    readers: resources, edges ──────────┼──▶ Scene ──▶ diagnosis ──▶ Waits (edges, cycles, findings)
    /dev/shm: what nobody unlinked ─────┘         └──▶ prices: what a kill would cost just now
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import field

from app.records.primitives import Record
from app.records.process import Descendant, Process
from app.records.resource import Resource
from app.records.waits import Edge


class Actor(Record, frozen=True, kw_only=True):
    """One process of an observed program, alive or remembered: its record, and what only the findings need.

    ``role``: worker of pool KEY (``pool:KEY``), manager, tracker, forkserver.  ``task`` is what it executes, or was
    executing when it died, as its page says.  ``threads_at_fork`` its parent had besides its main thread when it
    forked.  ``refused`` are the errors of its `Process.start()` that were refused.  ``exiting``: its target is over.
    ``ended_by_pool``: its pool told that it ends it.
    """

    process: Process
    role: str | None = None
    task: str | None = None
    threads_at_fork: int = 0
    refused: tuple[str, ...] = ()
    exiting: bool = False
    ended_by_pool: bool = False

    @property
    def pid(self) -> int:
        """Its pid, also after its end."""
        return self.process.pid or 0

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self.process.alive


class Leak(Record, frozen=True, kw_only=True):
    """A semaphore or shared memory that is still in /dev/shm although nobody has it any more."""

    name: str
    program: str
    is_memory: bool
    made_by: int | None = None
    size_bytes: int | None = None
    resource: str | None = None


class Scene(Record, frozen=True, kw_only=True):
    """All of it, ``at`` a moment of the wall clock.

    ``orphans`` are processes without observation whose root belongs to a program and is gone.  ``last_edges``: what a
    dead process waited for when it was last seen; ``casualties``: by program, who did not end in order.  `diagnosis`
    fills these in.
    """

    at: float = 0.0
    actors: Mapping[int, Actor] = field(default_factory=dict)
    resources: Mapping[str, Resource] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    orphans: tuple[Descendant, ...] = ()
    leaks: tuple[Leak, ...] = ()
    last_edges: Mapping[int, tuple[Edge, ...]] = field(default_factory=dict)
    casualties: Mapping[str | None, tuple[int, ...]] = field(default_factory=dict)

    def name(self, pid: int) -> str:
        """What people call a process: ``worker-1 (pid 12)``."""
        actor = self.actors.get(pid)
        return f"{actor.process.name} (pid {pid})" if actor else f"pid {pid}"

    def lives(self, pid: int) -> bool:
        """Whether it is known to be alive; a pid that nobody knows is not said to be dead."""
        actor = self.actors.get(pid)
        return actor is None or actor.alive
