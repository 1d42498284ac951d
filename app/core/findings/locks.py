"""Findings about locks and semaphores that dead processes have left acquired.  Pure."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from signal import SIGTERM

from app.core.scene import phrases
from app.core.scene.scene import Scene
from app.core.scene.stability import Candidate
from app.core.scene.wait_graph import Deadlock
from app.records.resource import Resource, ResourceKind
from app.records.waits import Certainty, Finding, FindingKind

_IN_A_WITH_STATEMENT = (
    "In the program, acquire it in a with statement, which also releases it after an exception or an early return."
)
CURE_OF_KEPT = f"Break the semaphore: that releases one slot, and a waiting process continues. {_IN_A_WITH_STATEMENT}"


def abandoned(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each lock whose holder is dead."""
    for resource in scene.resources.values():
        if resource.abandoned and resource.kind in phrases.LOCKS and not _is_kept_on_purpose(scene, resource):
            waiting = phrases.waiters(resource)
            behind = tuple(pid for pid in scene.blocked_behind.get(resource.id, ()) if pid not in waiting)
            holder, known = _holder(scene, resource)
            if resource.lost:
                yield _lost_slots(scene, resource)
                continue
            if _may_be_released(scene, resource, {*waiting, *behind}):
                continue
            if _was_ended_on_purpose(scene, resource, waiting):
                continue
            finding = Finding(
                id=f"{FindingKind.ABANDONED_LOCK}:{resource.id}",
                kind=FindingKind.ABANDONED_LOCK,
                program=resource.program,
                text=_text_of_abandoned(scene, resource, waiting, behind),
                why=_why_abandoned(scene, resource),
                cure=_cure_of_abandoned(scene, resource),
                pids=(*((holder,) if holder else ()), *waiting, *behind),
                resources=(resource.id,),
                since=_ended_at(scene, holder),
                certainty=Certainty.CERTAIN if known or holder is None else Certainty.VERY_LIKELY,
            )
            yield Candidate(finding=finding, fingerprint=(resource.holder, resource.value), after_s=1.0)


def _may_be_released(scene: Scene, lock: Resource, blocked: set[int]) -> bool:
    """Return whether it may be meant as a gate: its holder ended well, and a process that can use it is free.

    A holder that ended before it was seen is one of its users that have ended.  The locks inside a queue are no gates.
    """
    holders = (lock.holder,) if lock.holder is not None else lock.ended_users
    ended = [scene.actors.get(pid) for pid in holders]
    if lock.part_of or lock.manager or not ended or not all(one and one.process.exitcode == 0 for one in ended):
        return False
    free = set(lock.users) - set(lock.inherited_by) - blocked
    return any(scene.lives(pid) for pid in free)


def _was_ended_on_purpose(scene: Scene, lock: Resource, waiting: tuple[int, ...]) -> bool:
    """Return whether nobody waits for the lock, and the holder was ended by its parent.

    By a signal, with its pool, or as a daemon.  As nobody waits, a guess who held it is enough to say nothing.
    """
    whole, holder = scene.resources.get(lock.part_of or ""), scene.actors.get(_holder(scene, lock)[0] or 0)
    if waiting or holder is None:
        return False
    code = holder.process.exitcode or 0
    as_daemon = bool(holder.process.daemon) and code == -SIGTERM and whole is not None and whole.kind in phrases.QUEUES
    return holder.ended_by_pool or -code in holder.signals or as_daemon


def _lost_slots(scene: Scene, semaphore: Resource) -> Candidate:
    """Return who has acquired the slots that no living process has, how each ended, and how to get them back."""
    waiting = phrases.waiters(semaphore)
    lost, takers = semaphore.lost or 0, tuple(dict.fromkeys(semaphore.lost_to or ()))
    waits = "waits" if len(waiting) == 1 else "wait"
    named = f"; {phrases.names(scene, waiting)} {waits} for it" if waiting else ""
    times = "" if lost == 1 else f", {lost:,} times"
    finding = Finding(
        id=f"{FindingKind.ABANDONED_LOCK}:{semaphore.id}",
        kind=FindingKind.ABANDONED_LOCK,
        program=semaphore.program,
        text=f"{_slots_lost(scene, semaphore, _takers(scene, semaphore))} "
        f"{phrases.number(semaphore.value or 0, 'slot is', 'slots are')} free{named}.",
        why="A process that ends between acquire() and release() keeps its slot: each one leaves one less for all "
        "others, until nobody gets any.",
        cure=f"Break the semaphore{times}: each time it releases one slot, and a waiting process continues. "
        + _IN_A_WITH_STATEMENT,
        pids=(*takers, *waiting),
        resources=(semaphore.id,),
        since=min((_ended_at(scene, pid) for pid in takers), default=scene.at),
    )
    # Its reader has counted the slots for a while already.
    return Candidate(finding=finding, after_s=0.5)


def _slots_lost(scene: Scene, semaphore: Resource, takers: str) -> str:
    lost = semaphore.lost or 0
    them = "it" if lost == 1 else "them"
    return (
        f"{phrases.capitalized(phrases.resource(scene, semaphore.id))} has lost {phrases.number(lost, 'slot')}: "
        f"{takers} acquired {them}, and ended without releasing {them}."
    )


def _takers(scene: Scene, semaphore: Resource) -> str:
    """Return who acquired the lost slots and how each ended, as far as that is known."""
    known = Counter(semaphore.lost_to or ())
    words = [
        phrases.name_and_end(scene, pid) + (f", {count:,} times" if count > 1 else "") for pid, count in known.items()
    ]
    if unknown := (semaphore.lost or 0) - known.total():
        words.append("a process that died" if unknown == 1 else "processes that died")
    return phrases.listed(words)


def kept_slots(scene: Scene, deadlock: Deadlock) -> str:
    """Return in a sentence who ended with slots of a semaphore that the deadlock waits for; empty where nobody did."""
    awaited = (scene.resources.get(edge.resource or "") for edge in deadlock.edges if edge.to == "acquire")
    semaphore = next((one for one in awaited if one and one.lost), None)
    if semaphore is None:
        return ""
    # Who has kept some without failing has not died.
    takers = _takers(scene, semaphore) if semaphore.lost_to else "other processes"
    return f" {_slots_lost(scene, semaphore, takers)}"


def explain(scene: Scene, deadlock: Deadlock) -> bool:
    """Return whether a deadlock is only the outcome of lost slots, which are told as what they are."""
    awaited = (scene.resources.get(edge.resource or "") for edge in deadlock.edges if edge.to == "acquire")
    return any(one and one.lost and not _is_kept_on_purpose(scene, one) for one in awaited)


def _is_kept_on_purpose(scene: Scene, resource: Resource) -> bool:
    """Return whether no process failed: one that acquires a slot and exits normally may mean to keep it."""
    return bool(resource.lost) and not scene.failed_pids.get(resource.program)


def _text_of_abandoned(scene: Scene, resource: Resource, waiting: tuple[int, ...], behind: tuple[int, ...]) -> str:
    pid, known = _holder(scene, resource)
    if pid is None:
        who = "is locked, but no living process holds it"
    else:
        probably = "" if known else "most likely "
        who = f"is {probably}held by {scene.name(pid)}, which is dead: {phrases.how_it_ended(scene, pid)}"
    text = f"{phrases.capitalized(phrases.resource(scene, resource.id))} {who}"
    return (
        "; ".join(filter(None, (text, _who_waits(scene, waiting))))
        + "."
        + phrases.blocked_behind(scene, behind, len(waiting))
    )


def _who_waits(scene: Scene, waiting: tuple[int, ...]) -> str:
    """Return ``worker-2 (pid 12), at train.py:12 in work(), waits for it``; nothing for nobody."""
    if not waiting:
        return ""
    places = ((scene.name(pid), scene.place(pid)) for pid in waiting)
    named = phrases.listed([f"{name} at {place}" if place else name for name, place in places])
    return f"{named} {'waits' if len(waiting) == 1 else 'wait'} for it"


def _holder(scene: Scene, resource: Resource) -> tuple[int | None, bool]:
    """Return the dead holder and whether that is known.

    The only one of its users that a signal ended is a fair guess.
    """
    if resource.holder is not None:
        return resource.holder, True
    dead = [pid for pid in scene.failed_pids.get(resource.program, ()) if pid in resource.ended_users]
    killed = list(islice((pid for pid in dead if (scene.actors[pid].process.exitcode or 0) < 0), 2))
    return (killed[0] if len(killed) == 1 else None), False


def _why_abandoned(scene: Scene, resource: Resource) -> str:
    whole = scene.resources.get(resource.part_of or "")
    text = "The holder died between acquire() and release(), and a multiprocessing lock is not released by that."
    if whole and whole.kind in phrases.QUEUES | {ResourceKind.POOL}:
        return (
            f"{text} It died in a put() or get() of {phrases.resource(scene, whole.id)}: the pipe may contain half a "
            "message, which the next reader cannot decode."
        )
    return f"{text} The data it protects may be half written."


def _cure_of_abandoned(scene: Scene, resource: Resource) -> str:
    whole = scene.resources.get(resource.part_of or "")
    if whole and whole.kind in phrases.QUEUES | {ResourceKind.POOL}:
        return (
            "Restart the program. Breaking the lock helps only if the process died while it waited for an item: in the "
            "middle of a message, the next reader gets the rest of it, fails, or waits for bytes that never come."
        )
    once = "once you know that the data it protects is consistent"
    if resource.manager:
        return (
            "The lock lives in its manager's process and cannot be released from here. Any process with its proxy may "
            f"call release(), {once}; otherwise restart the program."
        )
    return f"Break the lock, which releases it, {once}; otherwise restart the program."


def _ended_at(scene: Scene, pid: int | None) -> float:
    actor = scene.actors.get(pid or 0)
    return (actor.process.exited_at if actor else None) or scene.at
