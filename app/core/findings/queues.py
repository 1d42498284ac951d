"""Findings about queues and the pools of the standard library.  Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from app.records import wording
from app.records.resource import Resource, ResourceKind
from app.records.waits import Edge, Finding, FindingKind

from . import phrases as words
from .debounce import Candidate
from .scene import Actor, Scene

POOL_ROLE = "pool:"


def joins_before_drain(scene: Scene) -> Iterator[Candidate]:
    """A process is joined that cannot end, because what it has put into a queue is not taken out."""
    flushing = _flushing(scene)
    for edge in scene.edges:
        # Who waits for whatever comes first, an end or an item, takes out the item.
        if edge.of is not None and edge.to == "join" and not edge.timed and scene.lives(edge.of):
            for key in sorted(flushing[edge.of]):
                yield _join_before_drain(scene, edge, edge.of, scene.resources[key])


def _flushing(scene: Scene) -> defaultdict[int, set[str]]:
    """Whose feeder threads stand before a full pipe, or have items left although the target is over."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for edge in scene.edges:
        if edge.to == "flush" and edge.resource and edge.resource in scene.resources:
            found[edge.pid].add(edge.resource)
    for key, resource in scene.resources.items():
        for pid in map(int, resource.buffered or ()):
            actor = scene.actors.get(pid)
            if actor and actor.exiting and _buffered(resource, pid) and resource.pipe_bytes:
                found[pid].add(key)
    return found


def _buffered(resource: Resource, pid: int) -> int | None:
    """How many items its feeder thread has; None where that could not be read."""
    count = (resource.buffered or {}).get(str(pid))
    return count if isinstance(count, int) else None


def _join_before_drain(scene: Scene, join: Edge, pid: int, resource: Resource) -> Candidate:
    count = _buffered(resource, pid)
    child, queue = scene.name(pid), words.thing(scene, resource.id)
    items = words.number(count, "item") if count else "items"
    finding = Finding(
        id=f"{FindingKind.JOIN_BEFORE_DRAIN}:{join.pid}-{pid}-{resource.id}",
        kind=FindingKind.JOIN_BEFORE_DRAIN,
        program=resource.program,
        text=f"{scene.name(join.pid)} waits in join() for {child}, which cannot end: its feeder thread still has "
        f"{items} to write into {queue}, whose pipe is full, and nobody takes anything out.",
        why="A process that has put items into a Queue does not end before its feeder thread has written all of them "
        "into the pipe. So a process must not be joined before everything that it put has been taken out.",
        cure=f"Take all items out of {queue} first, then join {child}. If the items do not matter, call "
        "cancel_join_thread() in the process that puts them: they are then lost.",
        pids=(pid, join.pid),
        resources=(resource.id,),
        since=join.since,
    )
    return Candidate(finding=finding, mark=(count, resource.pipe_bytes))


def tasks_lost(scene: Scene) -> Iterator[Candidate]:
    """A worker of a pool of the standard library died with its task, and its pool did not end it."""
    broken: set[str] = set()
    lost = [actor for actor in scene.actors.values() if _died_with_its_task(actor)]
    for actor in sorted(lost, key=lambda one: one.process.exited_at or scene.at):
        role = actor.role or ""
        # An executor goes with the first of its workers; what becomes of the others follows from that.
        if role not in broken:
            yield _task_lost(scene, actor, _pool_of(scene, actor))
        if _is_of_executor(actor):
            broken.add(role)


def _died_with_its_task(actor: Actor) -> bool:
    is_worker = bool(actor.role and actor.role.startswith(POOL_ROLE))
    died = not actor.alive and actor.process.exitcode != 0 and not actor.ended_by_pool
    return is_worker and died and actor.task is not None


def _is_of_executor(actor: Actor) -> bool:
    return (actor.process.target or "").endswith("._process_worker")


def _pool_of(scene: Scene, actor: Actor) -> Resource | None:
    """By its other workers; else the only pool of who started it."""
    pools = [one for one in scene.resources.values() if one.kind is ResourceKind.POOL]
    workers = {other.pid for other in scene.actors.values() if other.role == actor.role}
    its = [one for one in pools if workers.intersection(one.workers or ())]
    its = its or [one for one in pools if one.created_by == actor.process.started_by]
    return its[0] if len(its) == 1 else None


def _task_lost(scene: Scene, actor: Actor, pool: Resource | None) -> Candidate:
    process = actor.process
    of = f" of {words.thing(scene, pool.id)}" if pool else " of a pool"
    owner = (pool.created_by,) if pool else ()
    outcome, why, cure = _about_loss(actor)
    finding = Finding(
        id=f"{FindingKind.POOL_TASK_LOST}:{process.id}",
        kind=FindingKind.POOL_TASK_LOST,
        program=process.program,
        text=f"{scene.name(actor.pid)}{of} died while it executed {actor.task}: {outcome} "
        f"({words.how_it_ended(scene, actor.pid)}).",
        why=why,
        cure=cure,
        pids=(actor.pid, *owner),
        resources=(pool.id,) if pool else (),
        since=process.exited_at or scene.at,
    )
    return Candidate(finding=finding, after_s=0.0)


def _about_loss(actor: Actor) -> tuple[str, str, str]:
    """What becomes of the task, why, and what to do."""
    if _is_of_executor(actor):
        return (
            "all jobs that were not done raise BrokenProcessPool",
            (
                "concurrent.futures.ProcessPoolExecutor does not know which job went with a worker. So it ends the "
                "other workers too, gives up every job, and takes no new one."
            ),
            (
                "Find out why this worker died: a SIGKILL that nobody sent is often the kernel's, for want of memory. "
                "A new executor can run the jobs again; in a procession.Pool only this one would be lost."
            ),
        )
    return (
        "that job never completes",
        (
            "multiprocessing.Pool starts another worker in its place, but does not know which task went with the old "
            "one. Whoever waits for the result, in get(), map() or join(), waits for ever."
        ),
        (
            "Run it with a safe pool (procession run --safe-pool), or use procession.Pool in it: the task then raises "
            "WorkerLost, or is tried again. "
            "get(timeout=…) at least lets the program notice."
        ),
    )


def leaks(scene: Scene) -> Iterator[Candidate]:
    """What is left in /dev/shm and nobody will take away."""
    for leak in scene.leaks:
        what = ResourceKind.SHARED_MEMORY if leak.is_memory else ResourceKind.SEMAPHORE
        size = f" ({words.size(leak.size_bytes)})" if leak.size_bytes is not None else ""
        made_by = f", made by {scene.name(leak.made_by)}," if leak.made_by is not None else ""
        finding = Finding(
            id=f"{FindingKind.LEAK}:{leak.name}",
            kind=FindingKind.LEAK,
            program=leak.program,
            text=f"{words.at_start(wording.kind_words(what))} {leak.name}{size}{made_by} is still there, and "
            "nobody has it any more.",
            why="It lives until unlink() is called, longer than its processes. The resource tracker of "
            "multiprocessing takes it away when the whole program has ended, unless it was killed or told not to.",
            cure=f"rm /dev/shm/{leak.name.lstrip('/')} takes it away now. Call unlink() once, in the process that made "
            "it, and close() in all others.",
            pids=(leak.made_by,) if leak.made_by is not None else (),
            resources=(leak.resource,) if leak.resource else (),
            since=scene.at,
        )
        # The readers have waited already whether anybody takes it again.
        yield Candidate(finding=finding, after_s=0.5)
