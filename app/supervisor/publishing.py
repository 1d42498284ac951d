"""Send subscribers a snapshot, then numbered deltas; what is published was written to the journal before.

A change goes out at once if nothing was sent in the last 20 ms; otherwise it is merged with what follows in that time.
The samples of a sweep are one delta.  Without subscribers the sequence still advances: it numbers states, not messages.
"""

from collections.abc import Iterable, Mapping
from typing import TypeVar

from app.core.fleet.fleet import Fleet
from app.protocol import control as m
from app.protocol.delta import patches
from app.protocol.frames import framed
from app.records import primitives as p
from app.records.event import Event
from app.records.machine import Host, Supervisor
from app.records.pool import Pool
from app.records.primitives import JsonDict
from app.records.process import Descendant, Process
from app.records.program import Program
from app.records.resource import Resource
from app.records.stream import Changes, Delta, Snapshot
from app.records.waits import Waits
from app.supervisor.control.peer import Client
from app.supervisor.control.server import ControlServer

from .analysis import Analysis
from .context import Context

Book = TypeVar("Book", Process, Descendant, Pool, Program, Resource)

COALESCE_S = 0.02
_NOTHING = Changes()


class Publishing:
    """Keeps what was last published, and sends what has changed since."""

    def __init__(self, context: Context, fleet: Fleet, control: ControlServer, analysis: Analysis) -> None:
        self._context, self._fleet, self._control, self._analysis = context, fleet, control, analysis
        self._seq = 0
        self._sent_at = 0.0
        self._processes: dict[str, Process] = {}
        self._descendants: dict[str, Descendant] = {}
        self._pools: dict[str, Pool] = {}
        self._programs: dict[str, Program] = {}
        self._resources: dict[str, Resource] = {}
        self._waits = Waits()
        self._host: Host | None = None
        self._supervisor: Supervisor | None = None
        self._events: list[Event] = []

    def publish(self, now: p.Now) -> None:
        """Write new journal lines; then, unless a delta was just sent, send what changed."""
        self._events += self._context.recording.commit(self._fleet, now)
        if now.mono >= self._sent_at + COALESCE_S:
            self._send_delta(now)
        for client in self._control.due_snapshots():
            self._send_snapshot(client, None, now)

    def next_deadline(self) -> float | None:
        """Return when changes that were held back are due; None if there are none."""
        if self._fleet.dirty or self._fleet.removed or self._analysis.changed or self._events:
            return self._sent_at + COALESCE_S
        return self._context.recording.next_deadline()

    @property
    def watched(self) -> bool:
        """Whether there are subscribers."""
        return bool(self._control.subscribers)

    def resync(self) -> None:
        """Let every subscriber get a snapshot: a delta could not be made."""
        for client in self._control.subscribers.values():
            client.needs_snapshot = True

    def subscribe(self, client: Client, request: int, now: p.Now) -> None:
        """Send a snapshot now, and every delta from now on."""
        self._send_delta(now)
        self._control.subscribe(client)
        self._send_snapshot(client, request, now)

    def _send_snapshot(self, client: Client, request: int | None, now: p.Now) -> None:
        # The snapshot must match its sequence number: first send the others what changed since the last delta.
        self._send_delta(now)
        client.send(m.SnapshotMessage(snapshot=self.snapshot(now), request=request))

    def snapshot(self, now: p.Now) -> Snapshot:
        """Return everything as last published."""
        return Snapshot(
            seq=self._seq,
            at=now.wall,
            host=self._context.vitals.host,
            supervisor=self._supervisor_now(),
            processes=tuple(self._processes.values()),
            descendants=tuple(self._descendants.values()),
            events=self._context.recording.newest(),
            pools=tuple(self._pools.values()),
            programs=tuple(self._programs.values()),
            resources=tuple(self._resources.values()),
            waits=self._waits,
        )

    def _send_delta(self, now: p.Now) -> None:
        changes, removed = self._take_changes()
        events, self._events = tuple(self._events), []
        if not (changes or removed or events):
            return
        delta = Delta(
            seq=self._seq + 1,
            base=self._seq,
            at=now.wall,
            changed=changes or Changes(),
            removed=removed,
            events=events,
        )
        self._seq, self._sent_at = delta.seq, now.mono
        if self._control.subscribers:
            self._control.publish(framed(m.encode(m.DeltaMessage(delta=delta))))

    def _take_changes(self) -> tuple[Changes | None, tuple[str, ...]]:
        """Return what differs from what was published, and the ids of removed records."""
        fleet = self._fleet
        # In order of creation.
        touched = sorted(fleet.dirty | fleet.removed, key=_age)
        fleet.dirty, fleet.removed = set(), set()
        current = {key: fleet.members[key].process for key in touched if key in fleet.members}
        processes, ended = self._step(self._processes, current, touched)
        descendants, gone = self._step(self._descendants, fleet.descendants, touched)
        # Pools and programs share the ids of their processes, whose removal is reported above.
        pools, _ = self._step(self._pools, {key: one.pool for key, one in fleet.pools.entries.items()}, touched)
        programs, _ = self._step(
            self._programs, {key: one.program for key, one in fleet.programs.entries.items()}, touched
        )
        held, self._analysis.changed = sorted(self._analysis.changed, key=_age), set()
        resources, dropped = self._step(self._resources, self._analysis.resources, held)
        changes = Changes(
            processes=processes,
            descendants=descendants,
            pools=pools,
            programs=programs,
            resources=resources,
            waits=self._changed_waits(),
            host=self._changed_host(),
            supervisor=self._changed_supervisor(),
        )
        return (None if changes == _NOTHING else changes), (*ended, *gone, *dropped)

    @staticmethod
    def _step(
        published: dict[str, Book], current: Mapping[str, Book], touched: Iterable[str]
    ) -> tuple[tuple[JsonDict, ...], tuple[str, ...]]:
        """Return the changes and removals of one kind of record, and note them as published."""
        changed, gone = patches(published, current, touched)
        published.update((change["id"], current[change["id"]]) for change in changed)
        for key in gone:
            published.pop(key, None)
        return changed, gone

    def _changed_waits(self) -> Waits | None:
        before, self._waits = self._waits, self._analysis.waits
        return self._waits if self._waits != before else None

    def _supervisor_now(self) -> Supervisor:
        return self._context.vitals.supervisor(self._fleet, self._context.recording.error)

    def _changed_host(self) -> Host | None:
        before, self._host = self._host, self._context.vitals.host
        return self._host if self._host != before else None

    def _changed_supervisor(self) -> Supervisor | None:
        before, self._supervisor = self._supervisor, self._supervisor_now()
        return self._supervisor if self._supervisor != before else None


def _age(key: str) -> tuple[int, str]:
    """Return a sort key for ids, which count up: p9 is older than p10."""
    return len(key), key
