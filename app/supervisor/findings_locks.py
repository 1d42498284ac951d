"""Findings about locks and about what is waited at together: deadlocks, and what the dead leave behind.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from . import edge_words
from . import finding_words as words
from .program_model import Edge, Finding, FindingKind, Resource, ResourceKind
from .scene import Scene
from .settling import Candidate
from .waits import Knot

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


def abandoned(scene: Scene) -> Iterator[Candidate]:
    """A lock whose holder is dead."""
    for resource in scene.resources.values():
        if resource.abandoned and resource.kind in words.HELD and not _is_used_up_on_purpose(scene, resource):
            waiting = words.waiters(resource)
            holder, _ = _holder(scene, resource)
            finding = Finding(
                id=f"{FindingKind.ABANDONED_LOCK}:{resource.id}",
                kind=FindingKind.ABANDONED_LOCK,
                program=resource.program,
                text=_told_of_abandoned(scene, resource, len(waiting)),
                why=_why_abandoned(scene, resource),
                cure=_cure_of_abandoned(resource),
                pids=(*((holder,) if holder else ()), *waiting),
                resources=(resource.id,),
                since=_ended_at(scene, holder),
            )
            yield Candidate(finding=finding, mark=_mark(resource), after_s=1.0)


def _mark(resource: Resource) -> tuple[int | None, int | None]:
    """It is another one when this is; what is left of a semaphore goes on being acquired and released."""
    return resource.holder, resource.lost or resource.value


def _is_used_up_on_purpose(scene: Scene, resource: Resource) -> bool:
    """Who acquires a place of a semaphore and ends in order may mean to keep it."""
    return bool(resource.lost) and not scene.casualties.get(resource.program)


def _told_of_abandoned(scene: Scene, resource: Resource, waiting: int) -> str:
    pid, known = _holder(scene, resource)
    if resource.lost:
        whose = "somebody" if pid is None else f"{'' if known else 'most likely '}{scene.name(pid)}"
        ended = "" if pid is None else f": {words.how_it_ended(scene, pid)}"
        who = f"has lost {words.number(resource.lost, 'place')} to {whose}, which is dead{ended}"
    elif pid is None:
        who = "is taken, but nobody who lives holds it"
    else:
        probably = "" if known else "most likely "
        who = f"is {probably}held by {scene.name(pid)}, which is dead: {words.how_it_ended(scene, pid)}"
    told = f"{words.at_start(words.thing(scene, resource.id))} {who}"
    return "; ".join(filter(None, (told, words.wait_for_it(waiting)))) + "."


def _holder(scene: Scene, resource: Resource) -> tuple[int | None, bool]:
    """Who had it, and whether that is known; the only one of its program that died by a signal is a fair guess."""
    if resource.holder is not None:
        return resource.holder, True
    dead = scene.casualties.get(resource.program, ())
    killed = list(islice((pid for pid in dead if (scene.actors[pid].process.exitcode or 0) < 0), 2))
    return (killed[0] if len(killed) == 1 else None), False


def _why_abandoned(scene: Scene, resource: Resource) -> str:
    whole = scene.resources.get(resource.part_of or "")
    text = "The holder died between acquire() and release(). No lock of multiprocessing is released by a death."
    if whole and whole.kind in words.QUEUES | {ResourceKind.POOL}:
        return (
            f"{text} It died in a put() or get() of {words.thing(scene, whole.id)}: half a message may be in the pipe, "
            "which whoever reads next cannot understand."
        )
    return f"{text} What it protects may be half done."


def _cure_of_abandoned(resource: Resource) -> str:
    in_order = "once you know that what it protects is in order: what was half written stays half written."
    if resource.manager:
        return (
            "It lives in the process of its manager, so it cannot be broken from here. Any process that has its proxy "
            f"may call release(), {in_order} Otherwise restart the program."
        )
    return f"Break the lock, which releases it in its place, {in_order} Otherwise restart the program."


def _ended_at(scene: Scene, pid: int | None) -> float:
    actor = scene.actors.get(pid or 0)
    return (actor.process.exited_at if actor else None) or scene.at


def dead_sleepers(scene: Scene) -> Iterator[Candidate]:
    """More sleep at a condition, an event or a barrier than there are living processes that wait at it."""
    for resource in scene.resources.values():
        if resource.kind not in words.GATHERING or resource.broken or _told_by_its_whole(scene, resource):
            continue
        asleep = [one.pid for one in resource.waiting if one.to == "wait"]
        # Who wakes them has counted them off already, and waits until each is awake.
        waking = [one.pid for one in resource.waiting if one.to == "notify"]
        missing = _sleeping(resource) - len(asleep)
        if (missing > 0 or (waking and not asleep)) and (dead := scene.casualties.get(resource.program)):
            yield _dead_sleeper(scene, resource, max(1, missing), dead, waking)


def _dead_sleeper(
    scene: Scene, resource: Resource, missing: int, dead: tuple[int, ...], waking: list[int]
) -> Candidate:
    seen = tuple(pid for pid in dead if any(e.resource == resource.id for e in scene.last_edges.get(pid, ())))
    what = words.thing(scene, resource.id)
    who = words.names(scene, seen) if seen else words.number(missing, "process", "processes")
    if not seen and len(dead) == missing:
        seen, who = dead, f"Most likely {words.names(scene, dead)}"
    finding = Finding(
        id=f"{FindingKind.DEAD_SLEEPER}:{resource.id}",
        kind=FindingKind.DEAD_SLEEPER,
        program=resource.program,
        text=f"{who} died while waiting at {what}, which still counts on it: {_outcome(scene, resource, waking)}.",
        why="A condition counts its sleepers, and whoever wakes them waits until each has said that it is awake. "
        "A dead one never does.",
        cure="Nothing can be put right from outside: restart the program. Give the waits a timeout, and end processes "
        "by a message instead of by a signal while they wait.",
        pids=seen + words.waiters(resource),
        resources=(resource.id,),
        since=scene.at,
    )
    return Candidate(finding=finding, mark=missing)


def _outcome(scene: Scene, resource: Resource, waking: list[int]) -> str:
    if waking:
        return f"{scene.name(waking[0])} waits for ever until it says that it is awake"
    match resource.kind:
        case ResourceKind.BARRIER:
            return "the others wait in vain, and abort() or reset() would hang for ever"
        case ResourceKind.EVENT:
            return "the next set() hangs for ever"
        case _:
            return "the next notify_all() hangs for ever"


def _sleeping(resource: Resource) -> int:
    return (resource.sleepers if resource.sleepers is not None else resource.arrived) or 0


def _told_by_its_whole(scene: Scene, resource: Resource) -> bool:
    whole = scene.resources.get(resource.part_of or "")
    return whole is not None and whole.kind in words.GATHERING and _sleeping(whole) > 0


def broken_barriers(scene: Scene) -> Iterator[Candidate]:
    """A barrier at which nobody can wait any more."""
    for resource in scene.resources.values():
        if resource.kind is ResourceKind.BARRIER and resource.broken:
            what = words.at_start(words.thing(scene, resource.id))
            finding = Finding(
                id=f"{FindingKind.BROKEN_BARRIER}:{resource.id}",
                kind=FindingKind.BROKEN_BARRIER,
                program=resource.program,
                text=f"{what} is broken: each wait() raises BrokenBarrierError.",
                why="One of the parties ran into the timeout of its wait(), or somebody called abort().",
                cure="Call reset() when nobody waits at it, then let all parties wait again; find out why one came "
                "late.",
                pids=resource.users,
                resources=(resource.id,),
                since=scene.at,
            )
            yield Candidate(finding=finding, after_s=0.5)


def _program(scene: Scene, pids: tuple[int, ...]) -> str | None:
    known = (scene.actors[pid].process.program for pid in pids if pid in scene.actors)
    return next((program for program in known if program), None)
