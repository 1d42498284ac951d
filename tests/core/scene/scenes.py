"""Scenes for the tests of findings: programs of a few processes, without a real one."""

from __future__ import annotations

from typing import Any

from app.core.findings.diagnosis import Diagnosis
from app.core.scene.scene import Actor, Scene
from app.records.primitives import Now
from app.records.process import Process, State
from app.records.resource import Resource, ResourceKind, Waiting
from app.records.waits import Edge, Finding, FindingKind, Node, ThreadWait, Waits
from app.records.wording import figure

START = 1_000_000.0
MAIN, ONE, TWO, THREE = 10, 11, 12, 13
NAMES = {MAIN: "main", ONE: "worker-1", TWO: "worker-2", THREE: "worker-3"}


def actor(pid: int, *, dead: int | None = None, **more: Any) -> Actor:
    """A process of program p1 by its pid; ``dead`` is its exit code."""
    of_process = {
        name: more.pop(name)
        for name in (
            "cause",
            "state",
            "start_time",
            "exited_at",
            "started_by",
            "exitcode",
            "alive",
            "daemon",
            "target",
            "fds",
            "cpu_percent",
            "log_bytes",
            "threads",
            "start_method",
        )
        if name in more
    }
    facts: dict[str, Any] = {
        "id": "p1" if pid == MAIN else f"p{pid}",
        "name": NAMES.get(pid, f"other-{pid}"),
        "workload": None,
        "target": "",
        "params": {},
        "pid": pid,
        "program": "p1",
        "observed": True,
        "started_by": None if pid == MAIN else MAIN,
        "state": State.RUNNING if dead is None else State.JOINED,
        "alive": dead is None,
        "exitcode": dead,
        "exited_at": None if dead is None else START,
    }
    return Actor(process=Process(**facts | of_process), **more)


def resource(key: str, kind: ResourceKind = ResourceKind.LOCK, **facts: Any) -> Resource:
    """A resource of program p1."""
    given: dict[str, Any] = {
        "id": key,
        "program": "p1",
        "kind": kind,
        "name": key,
        "created_by": MAIN,
        "created_at": START,
    }
    return Resource(**{"figure": figure(kind, facts)} | given | facts)


def edge(pid: int, key: str | None, *holders: int, to: str = "acquire", **facts: Any) -> Edge:
    """``pid`` waits for ``key`` since the start."""
    return Edge(**{"pid": pid, "resource": key, "since": START, "to": to, "holders": holders} | facts)


def join(pid: int, of: int) -> Edge:
    """``pid`` waits for process ``of``."""
    return Edge(pid=pid, resource=None, since=START, to="join", of=of)


def thread_wait(one: Edge, *others: Node) -> ThreadWait:
    """The wait of a thread that the main threads of its holders can end, of a lock its thread, and ``others``."""
    pids = one.holders if one.of is None else (one.of,)
    able = {(pid, one.holder_tid if len(pids) == 1 else 0) for pid in pids}
    return ThreadWait(edge=one, able=frozenset(able | set(others)))


def waiting(*pids: int, to: str = "acquire") -> tuple[Waiting, ...]:
    """As in a resource's record."""
    return tuple(Waiting(pid=pid, since=START, to=to) for pid in pids)


def scene(*things: Actor | Resource | Edge, **more: Any) -> Scene:
    """All of them; processes MAIN, ONE, TWO, THREE live where nothing else is said."""
    actors = {pid: actor(pid) for pid in NAMES}
    actors |= {one.pid: one for one in things if isinstance(one, Actor)}
    return Scene(
        at=START + 60,
        actors=actors,
        resources={one.id: one for one in things if isinstance(one, Resource)},
        edges=tuple(one for one in things if isinstance(one, Edge)),
        waits=tuple(thread_wait(one) for one in things if isinstance(one, Edge)),
        **more,
    )


def after(seconds: float) -> Now:
    """So long after the start."""
    return Now(mono=seconds, wall=START + 60 + seconds)


def settled(seen: Scene, seconds: float = 3) -> Waits:
    """What is told of a scene that stays as it is for so long."""
    diagnosis = Diagnosis()
    diagnosis.look(seen, after(0))
    return diagnosis.look(seen, after(seconds))


def only(seen: Scene, kind: FindingKind) -> Finding:
    """The one finding of a scene that stays as it is."""
    [finding] = settled(seen).findings
    assert finding.kind is kind
    return finding
