"""Findings about conditions, events and barriers: who waits there for what cannot come.  Pure."""

from collections.abc import Iterator

from app.core.scene import phrases
from app.core.scene.scene import Scene
from app.core.scene.stability import Candidate
from app.records.resource import Resource, ResourceKind
from app.records.waits import Certainty, Finding, FindingKind

_SYNCHRONIZE = "multiprocessing.synchronize"
#: A sleeper confirms in a moment.
_AWAKE_AFTER_S = 5.0


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
    certainty = Certainty.CERTAIN if seen else Certainty.VERY_LIKELY
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
        certainty=certainty,
    )
    return Candidate(finding=finding, fingerprint=missing)


def _never_awake(scene: Scene, resource: Resource, pid: int) -> Candidate:
    """Return a candidate for a notify() that waits for a sleeper where no process sleeps."""
    what = phrases.resource(scene, resource.id)
    inner = [frame for frame in scene.frames(pid) if frame.module == _SYNCHRONIZE]
    itself = {frame.function.rpartition(".")[2] for frame in inner} >= {"notify", "wait"}
    who = phrases.with_place(scene, scene.name(pid), pid)
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
