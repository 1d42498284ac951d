"""Findings about locks and about what is waited at together: deadlocks, and what the dead leave behind.  Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from app.records.resource import Resource, ResourceKind
from app.records.waits import Finding, FindingKind

from . import phrases as words
from .debounce import Candidate
from .scene import Scene


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
