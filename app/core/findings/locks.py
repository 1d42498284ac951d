"""Findings about locks, conditions, events and barriers: what dead processes leave behind.  Pure."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice

from app.records.resource import Resource, ResourceKind
from app.records.waits import Finding, FindingKind

from . import phrases
from .scene import Scene
from .stability import Candidate
from .wait_graph import Deadlock

_SYNCHRONIZE = "multiprocessing.synchronize"
#: A sleeper confirms in a moment.
_AWAKE_AFTER_S = 5.0


def abandoned(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each lock whose holder is dead."""
    for resource in scene.resources.values():
        if resource.abandoned and resource.kind in phrases.LOCKS and not _is_kept_on_purpose(scene, resource):
            waiting = phrases.waiters(resource)
            behind = tuple(pid for pid in scene.blocked_behind.get(resource.id, ()) if pid not in waiting)
            holder, _ = _holder(scene, resource)
            if resource.lost:
                yield _lost_slots(scene, resource)
                continue
            if _may_be_released(scene, resource, {*waiting, *behind}):
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
            )
            yield Candidate(finding=finding, fingerprint=(resource.holder, resource.value), after_s=1.0)


def _may_be_released(scene: Scene, lock: Resource, blocked: set[int]) -> bool:
    """Return whether it may be meant as a gate: its holder ended well, and a process that can use it is free."""
    holder = scene.actors.get(lock.holder or 0)
    if lock.manager or holder is None or holder.process.exitcode != 0:
        return False
    free = set(lock.users) - set(lock.inherited_by) - blocked
    return any(scene.lives(pid) for pid in free)


def _lost_slots(scene: Scene, semaphore: Resource) -> Candidate:
    """Return who has acquired the slots that no living process has, how each ended, and how to get them back."""
    waiting = phrases.waiters(semaphore)
    lost, takers = semaphore.lost or 0, tuple(dict.fromkeys(semaphore.lost_to or ()))
    waits = "waits" if len(waiting) == 1 else "wait"
    named = f"; {phrases.names(scene, waiting)} {waits} for it" if waiting else ""
    them, times = ("it", "") if lost == 1 else ("them", f", {lost:,} times")
    finding = Finding(
        id=f"{FindingKind.ABANDONED_LOCK}:{semaphore.id}",
        kind=FindingKind.ABANDONED_LOCK,
        program=semaphore.program,
        text=f"{phrases.capitalized(phrases.resource(scene, semaphore.id))} has lost {phrases.number(lost, 'slot')}: "
        f"{_takers(scene, semaphore)} acquired {them}, and ended without releasing {them}. "
        f"{phrases.number(semaphore.value or 0, 'slot is', 'slots are')} free{named}.",
        why="A process that ends between acquire() and release() keeps its slot: each one leaves one less for all "
        "others, until nobody gets any.",
        cure=f"Break the semaphore{times}: each time it releases one slot, and a waiting process continues. In the "
        "program, acquire it in a with statement, which also releases it after an exception.",
        pids=(*takers, *waiting),
        resources=(semaphore.id,),
        since=min((_ended_at(scene, pid) for pid in takers), default=scene.at),
    )
    # Its reader has counted the slots for a while already.
    return Candidate(finding=finding, after_s=0.5)


def _takers(scene: Scene, semaphore: Resource) -> str:
    """Return who acquired the lost slots and how each ended, as far as that is known."""
    known = Counter(semaphore.lost_to or ())
    words = [
        phrases.name_and_end(scene, pid) + (f", {count:,} times" if count > 1 else "") for pid, count in known.items()
    ]
    if unknown := (semaphore.lost or 0) - known.total():
        words.append("a process that died" if unknown == 1 else "processes that died")
    return phrases.listed(words)


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


def dead_sleepers(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each condition, event or barrier that counts more sleepers than living processes wait."""
    for resource in scene.resources.values():
        if resource.kind not in phrases.WITH_SLEEPERS or resource.broken or _covered_by_whole(scene, resource):
            continue
        asleep = [one.pid for one in resource.waiting if one.to == "wait"]
        # The process that wakes them has counted them off already, and waits until each is awake.
        waking = [one.pid for one in resource.waiting if one.to == "notify"]
        missing = _sleeping(resource) - len(asleep)
        failed = scene.failed_pids.get(resource.program, ())
        # Only those that could use it: any other process did not die while it waited for it.
        dead = tuple(pid for pid in failed if pid in resource.ended_users)
        if (missing > 0 or (waking and not asleep)) and dead:
            yield _dead_sleeper(scene, resource, max(1, missing), dead, waking)
        elif waking and not asleep:
            yield _never_awake(scene, resource, waking[0])


def _dead_sleeper(
    scene: Scene, resource: Resource, missing: int, dead: tuple[int, ...], waking: list[int]
) -> Candidate:
    seen = tuple(pid for pid in dead if any(e.resource == resource.id for e in scene.last_edges.get(pid, ())))
    what = phrases.resource(scene, resource.id)
    who = phrases.names(scene, seen) if seen else phrases.number(missing, "process", "processes")
    if not seen and len(dead) == missing:
        seen, who = dead, f"Most likely {phrases.names(scene, dead)}"
    them = "it" if max(1, len(seen), 0 if seen else missing) == 1 else "them"
    finding = Finding(
        id=f"{FindingKind.DEAD_SLEEPER}:{resource.id}",
        kind=FindingKind.DEAD_SLEEPER,
        program=resource.program,
        text=f"{who} died while waiting on {what}, which still counts {them}: "
        f"{_outcome(scene, resource, waking, them)}.",
        why="A condition counts its sleepers, and notify() waits until each one confirms that it is awake. A dead "
        "process never does.",
        cure="Restart the program: this cannot be repaired from outside. In the program, give the waits a timeout, and "
        "stop processes by a message instead of a signal while they wait.",
        pids=seen + phrases.waiters(resource),
        resources=(resource.id,),
        since=scene.at,
    )
    return Candidate(finding=finding, fingerprint=missing)


def _never_awake(scene: Scene, resource: Resource, pid: int) -> Candidate:
    """Return a candidate for a notify() that waits for a sleeper where no process sleeps."""
    what = phrases.resource(scene, resource.id)
    inner = [frame for frame in scene.frames(pid) if frame.module == _SYNCHRONIZE]
    itself = {frame.function.rpartition(".")[2] for frame in inner} >= {"notify", "wait"}
    place = scene.place(pid)
    who = f"{scene.name(pid)}, at {place}," if place else scene.name(pid)
    finding = Finding(
        id=f"{FindingKind.DEADLOCK}:{pid}-{resource.id}-notify",
        kind=FindingKind.DEADLOCK,
        program=resource.program,
        text=f"{who} waits in notify() on {what} for a sleeper to wake up. "
        + (
            "The sleeper is the process itself: a signal handler has interrupted its wait() and called notify()."
            if itself
            else "No process waits for it that could wake up."
        ),
        why="notify() waits until each sleeper confirms that it is awake. A signal handler runs on top of the wait() "
        "that it has interrupted, which cannot go on before the handler returns.",
        cure="Kill the process. In the program, do not use a Condition or Event in a signal handler; set a plain "
        "variable there, or write to a pipe, and give the wait() a timeout.",
        pids=(pid,),
        resources=(resource.id,),
        since=min(one.since for one in resource.waiting if one.to == "notify"),
    )
    return Candidate(finding=finding, fingerprint=(pid, round(finding.since, 2)), after_s=_AWAKE_AFTER_S)


def _outcome(scene: Scene, resource: Resource, waking: list[int], them: str) -> str:
    if waking:
        return f"{scene.name(waking[0])} waits forever for {them} to wake up"
    match resource.kind:
        case ResourceKind.BARRIER:
            return "the other processes wait forever, and abort() or reset() would hang"
        case ResourceKind.EVENT:
            return "the next set() will hang forever"
        case _:
            return "the next notify_all() will hang forever"


def _sleeping(resource: Resource) -> int:
    return (resource.sleepers if resource.sleepers is not None else resource.arrived) or 0


def _covered_by_whole(scene: Scene, resource: Resource) -> bool:
    whole = scene.resources.get(resource.part_of or "")
    return whole is not None and whole.kind in phrases.WITH_SLEEPERS and _sleeping(whole) > 0


def broken_barriers(scene: Scene) -> Iterator[Candidate]:
    for resource in scene.resources.values():
        if resource.kind is ResourceKind.BARRIER and resource.broken:
            what = phrases.capitalized(phrases.resource(scene, resource.id))
            finding = Finding(
                id=f"{FindingKind.BROKEN_BARRIER}:{resource.id}",
                kind=FindingKind.BROKEN_BARRIER,
                program=resource.program,
                text=f"{what} is broken: every wait() raises BrokenBarrierError.",
                why="The wait() of a party timed out, or a process called abort().",
                cure="Call reset() when no process waits at the barrier, then let all parties wait again. Find out why "
                "one was late.",
                pids=resource.users,
                resources=(resource.id,),
                since=scene.at,
            )
            yield Candidate(finding=finding, after_s=0.5)
