"""Read what programs hold and who waits for whom, and diagnose it; the loop calls this in every turn.

::

    Fleet: processes ───────────────┐
    Resources.read: records, edges ─┴─▶ Scene ──▶ Diagnosis.look ──▶ waits ──▶ published; new findings ──▶ journal
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from app.core.findings.diagnosis import Diagnosis
from app.core.findings.kill_costs import kill_cost
from app.core.fleet import events as e
from app.core.fleet.fleet import Fleet
from app.core.fleet.journal_lines import LineQuota
from app.core.fleet.member import Member
from app.core.fleet.program_book import ReportedState
from app.core.scene.scene import Actor, DeadThread, NotSent, Scene
from app.linux import identity, proc
from app.protocol.observer import NotSent as ItemNotSent
from app.protocol.observer import ThreadDied
from app.records import primitives as p
from app.records.event import EventDraft
from app.records.guard import Guard
from app.records.primitives import JsonDict
from app.records.process import Descendant, State, Stuck
from app.records.resource import Resource
from app.records.waits import Finding, Waits
from app.supervisor.resources.resources import Resources

from .suspects import Suspects

_NOTHING = Waits()
#: Findings about a program that has ended are shown for so long; after that only the journal has them.
_REMEMBERED_S = 20.0
_NS = 1e9


class Analysis:
    """Keeps the current wait graph and its findings; ``changed`` has the ids of the resources to publish."""

    def __init__(self, fleet: Fleet, resources: Resources, suspects: Suspects, guard: Guard) -> None:
        self._diagnosed, self._guard = _NOTHING, guard
        self.changed: set[str] = set()
        self._fleet, self._resources, self._suspects = fleet, resources, suspects
        self.forget = resources.forget
        self._diagnosis = Diagnosis(guard)
        self._recorded: set[str] = set()
        self._ended: set[str] = set()
        self._wall_of_mono = 0.0
        self._lines = LineQuota()
        self._judged: Mapping[str, Stuck] = {}

    @property
    def resources(self) -> Mapping[str, Resource]:
        return self._resources.records

    @property
    def waits(self) -> Waits:
        """Return who waits for whom, and all findings, those about Procession itself first."""
        if not self._guard.findings:
            return self._diagnosed
        return replace(self._diagnosed, findings=self._guard.findings + self._diagnosed.findings)

    def look(self, now: p.Now, *, watched: bool) -> list[EventDraft]:
        """Read and diagnose if that is due; return journal lines about new findings."""
        self._resources.watched = watched
        self._wall_of_mono = now.wall_of_mono
        due = self.next_deadline()
        if due is None or now.mono < due:
            return []
        self.changed |= self._resources.read(now)
        counts = {one.process.pid: one.process.fds for one in self._fleet.members.values()}
        self._resources.open_files.look({pid: fds for pid, fds in counts.items() if pid and fds}, now.mono)
        self._diagnosed = self._diagnosis.look(self.scene(now.wall - _REMEMBERED_S), now)
        self._suspects.look(self._diagnosis.suspects, self._resources.waits())
        self._ended = {key for key, held in self._fleet.programs.entries.items() if not held.living}
        return list(self._lines_about_findings(now))

    def judgements(self) -> Iterator[e.Judged]:
        """Yield an event for each observed process that is stuck since the last look, or no longer."""
        stuck = self._diagnosis.stuck
        if stuck is self._judged:
            return
        self._judged = stuck
        for key, member in self._fleet.members.items():
            if member.process.observed and member.process.stuck != stuck.get(key):
                yield e.Judged(key, stuck.get(key))

    def next_deadline(self) -> float | None:
        """Return when `look` has something to do; None if no program lives and none has left anything."""
        waiting = self._diagnosis.next_deadline()
        # A program that ended before the first look is analysed once, too.
        lives = any(held.living or key not in self._ended for key, held in self._fleet.programs.entries.items())
        if not (lives or waiting or self._resources.pending or self._diagnosed.findings or self._diagnosed.edges):
            return None
        deadlines = (self._resources.next_deadline(), waiting)
        return min(one for one in deadlines if one is not None)

    def scene(self, since: float = 0.0) -> Scene:
        """Return the input of a diagnosis, without programs that ended before ``since`` (wall clock)."""
        return Scene(
            actors=dict(self._actors(since)),
            resources=self._resources.records,
            edges=self._resources.edges(),
            waits=self._resources.waits(),
            stacks=self._suspects.stacks,
            thread_names=self._resources.thread_names,
            enders=self._resources.enders,
            interruptible=self._resources.interruptible,
            sources=self._suspects.sources,
            behind_s=self._resources.behind_s,
            others=self._others(),
            orphans=tuple(self._orphans()),
            open_files=self._resources.open_files.found,
            # Leaked objects of a program are shown for as long as the program is.
            leaks=tuple(one for one in self._resources.leaks if one.program in self._fleet.programs.entries),
        )

    def price(self, pid: int | None) -> str:
        """Return in sentences what ending a process now would break; empty if nothing."""
        return kill_cost(self.scene(), pid) if pid else ""

    def history(self, resource_id: str, points: int) -> JsonDict:
        """Return the chart of a resource; empty series if it has none."""
        history = self._resources.charts.history
        if resource_id in history:
            return history.as_reply(resource_id, points)
        return {"at": [], "series": {resource_id: {name: [] for name in history.names}}}

    def break_lock(self, resource_id: str) -> JsonDict:
        """Release a lock whose holder is dead; raise `NotPossible` or `NoSuchProcess`."""
        text = self._resources.break_lock(resource_id, self.scene().name)
        return {"resource": self._resources.records.get(resource_id), "text": text}

    def _actors(self, since: float) -> Iterator[tuple[int, Actor]]:
        """Yield processes by pid, of a reused pid the newest.  A process that left orphans stays as long as they."""
        held = self._fleet.programs.entries.values()
        recent = {one.program.id for one in held if one.program.ended_at is None or one.program.ended_at >= since}
        recent = {one for one in recent if self._fleet.members[one].process.state is not State.CLOSED}
        left_orphans = {one.root for one in self._orphans()}
        for member in self._fleet.members.values():
            process = member.process
            shown = process.program in recent or member.id in left_orphans
            if shown and process.pid is not None and process.state is not State.CLOSED:
                yield process.pid, self._actor(member, process.pid)

    def _orphans(self) -> Iterator[Descendant]:
        """Yield unobserved processes that have outlived the first process of their program."""
        held = self._fleet.programs.entries
        return (one for one in self._fleet.descendants.values() if one.orphan and one.root in held)

    def _others(self) -> Mapping[int, Descendant]:
        """Return unobserved processes by pid, with those that left their program and still write into a pipe of it."""
        found = {one.pid: one for one in self._fleet.descendants.values()}
        writers = {pid for one in self._resources.waits() if one.edge.to == "output" for pid in one.edge.holders}
        for stat in filter(None, map(proc.stat, writers - found.keys())):
            key = identity.text((stat.pid, stat.start_ticks))
            found[stat.pid] = Descendant(
                id=key, pid=stat.pid, ppid=stat.ppid, root=None, name=stat.name, command="", state=stat.state
            )
        return found

    def _actor(self, member: Member, pid: int) -> Actor:
        sighting = self._fleet.programs.reported.get(member.id) or ReportedState()
        return Actor(
            process=member.process,
            role=sighting.role,
            task=self._resources.task_of(pid),
            threads_at_fork=_threads_at_fork(member, sighting),
            threads_of_parent=tuple(sighting.threads_of_parent),
            python_threads=self._resources.python_threads(pid),
            refused=tuple(sighting.refused),
            exiting=sighting.exiting,
            ended_by_pool=sighting.ended_by_pool,
            signals=frozenset(sighting.signals),
            dead_threads=tuple(map(self._dead_thread, sighting.dead_threads)),
            not_sent=tuple(map(self._not_sent, sighting.not_sent)),
            reports=sighting.said_hello,
        )

    def _not_sent(self, word: ItemNotSent) -> NotSent:
        since = self._wall_of_mono + word.at / _NS
        return NotSent(resource=self._resources.id_of(word.key), error=word.error, since=since)

    def _dead_thread(self, word: ThreadDied) -> DeadThread:
        ids = filter(None, map(self._resources.id_of, word.uses))
        return DeadThread(name=word.name, target=word.target, error=word.error, resources=tuple(ids))

    def _lines_about_findings(self, now: p.Now) -> Iterator[EventDraft]:
        present = {finding.id: finding for finding in self._diagnosed.findings}
        self._recorded &= present.keys()
        for key in present.keys() - self._recorded:
            self._recorded.add(key)
            if self._lines.take(now.mono):
                yield _line(present[key], now)


def _threads_at_fork(member: Member, sighting: ReportedState) -> int:
    """Return how many threads a process lacks that still runs what it was forked from."""
    if sighting.by_os_fork and sighting.threads_at_fork:
        process = member.process
        programs = {proc.link(f"{pid}/exe") for pid in (process.pid, process.started_by)}
        return sighting.threads_at_fork if process.alive and len(programs) == 1 else 0
    # Before its parent has named it, it is unknown whether its threads belong to a pool, for example.
    return sighting.threads_at_fork if sighting.named else 0


def _line(finding: Finding, now: p.Now) -> EventDraft:
    return EventDraft(
        at=now.wall,
        kind="finding",
        text=finding.text,
        by="supervisor",
        process=finding.program,
        pid=finding.pids[0] if finding.pids else None,
        name=str(finding.kind),
    )
