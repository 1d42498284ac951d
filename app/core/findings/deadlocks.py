"""Findings about circles of waits.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from app.records import wait_words as edge_words
from app.records.resource import ResourceKind
from app.records.waits import Edge, Finding, FindingKind

from . import phrases as words
from .debounce import Candidate
from .knots import Knot
from .scene import Scene

#: So many clauses of a deadlock are told before its last.
_TOLD_FIRST = 4


def deadlocks(scene: Scene, found: tuple[Knot, ...]) -> Iterator[Candidate]:
    """A cycle of waits, told in the order of the cycle."""
    for knot in found:
        why, cure = _about(scene, knot)
        finding = Finding(
            id=deadlock_id(knot),
            kind=FindingKind.DEADLOCK,
            program=_program(scene, knot.pids),
            text=_told(scene, knot) + _behind(knot),
            why=why,
            cure=cure,
            pids=knot.pids + knot.behind,
            resources=tuple(dict.fromkeys(edge.resource for edge in knot.edges if edge.resource is not None)),
            since=max(edge.since for edge in knot.edges),
        )
        # A join's is worked out from two clocks at each look, and differs by their last digit.
        yield Candidate(finding=finding, mark=tuple(round(edge.since, 2) for edge in knot.edges))


def deadlock_id(knot: Knot) -> str:
    """The id of its finding: the cycle itself."""
    return f"{FindingKind.DEADLOCK}:{'-'.join(map(str, knot.cycle))}"


def _told(scene: Scene, knot: Knot) -> str:
    if len(knot.edges) == 1:
        return _told_of_one(scene, knot.edges[0])
    # What the one before waits for is what this one holds.
    before = (knot.edges[-1], *knot.edges[:-1])
    clauses = [_clause(scene, held, edge) for held, edge in zip(before, knot.edges, strict=True)]
    return "; ".join(_ends_of(clauses)) + "."


def _ends_of(clauses: list[str]) -> list[str]:
    """Of a large circle the first and the last: nobody reads thirty clauses of the same kind."""
    rest = len(clauses) - _TOLD_FIRST - 1
    if rest <= 1:
        return clauses
    return [*clauses[:_TOLD_FIRST], f"and so on through {rest} more processes", clauses[-1]]


def _told_of_one(scene: Scene, edge: Edge) -> str:
    told = f"{scene.name(edge.pid)} {words.waits(scene, edge)}"
    return f"{told}, which it holds itself." if _is_held(scene, edge) else f"{told}, which nobody else can end."


def _clause(scene: Scene, held: Edge, edge: Edge) -> str:
    holds = "holds" if len(held.holders) == 1 else "may hold"
    what = f"{holds} {words.thing(scene, held.resource or '')} and " if _is_held(scene, held) else ""
    return f"{scene.name(edge.pid)} {what}{words.waits(scene, edge)}{_liberators(scene, edge)}"


def _liberators(scene: Scene, edge: Edge) -> str:
    """``, which could be set by main (pid 10)``; who has a lock the next clause says."""
    resource = scene.resources.get(edge.resource or "")
    able = tuple(pid for pid in edge_words.able(edge, resource) if scene.lives(pid))
    if resource is None or not able or _is_held(scene, edge) or resource.kind is ResourceKind.LISTENER:
        return ""
    means = edge_words.ended_by(edge, resource, several=len(able) > 1)
    return f", {'where' if resource.kind is ResourceKind.BARRIER else 'which'} {means} {words.names(scene, able)}"


def _behind(knot: Knot) -> str:
    count = len(knot.behind)
    return f" {words.number(count, 'more process waits', 'more processes wait')} behind them." if count else ""


def _about(scene: Scene, knot: Knot) -> tuple[str, str]:
    """Why it is so, and what helps."""
    locks = [_is_held(scene, edge) for edge in knot.edges]
    if all(locks) and len(locks) == 1:
        return (
            "A Lock is not reentrant: its holder waits for itself as anybody else would.",
            "Take it once only, or make it an RLock. This process must be killed; its lock can then be broken.",
        )
    if all(locks) and any(_is_managed(scene, edge) for edge in knot.edges):
        return (
            (
                "Each holds what the one before waits for, and gives nothing back before it has what it waits for "
                "itself. A managed lock lives in the process of its manager, and stays locked when its holder dies."
            ),
            (
                "Restart the program: the others would go on waiting if one of them were killed. Let all of them take "
                "these locks in the same order, or acquire them with a timeout."
            ),
        )
    if all(locks):
        return (
            "Each holds what the one before waits for, and gives nothing back before it has what it waits for itself.",
            (
                "Kill one of them and break its lock; then the others go on. In the program, let all of them take "
                "these locks in the same order."
            ),
        )
    return (
        "Everybody who could let one of them go on waits too, without a time limit, so nothing will ever come.",
        (
            "Kill one of them. In the program, let one send, set or release what the other needs before it waits, "
            "or give the waits a timeout."
        ),
    )


def _is_held(scene: Scene, edge: Edge) -> bool:
    resource = scene.resources.get(edge.resource or "")
    return resource is not None and resource.kind in words.HELD and edge.to == "acquire"


def _is_managed(scene: Scene, edge: Edge) -> bool:
    resource = scene.resources.get(edge.resource or "")
    return resource is not None and resource.manager is not None


def _program(scene: Scene, pids: tuple[int, ...]) -> str | None:
    known = (scene.actors[pid].process.program for pid in pids if pid in scene.actors)
    return next((program for program in known if program), None)
