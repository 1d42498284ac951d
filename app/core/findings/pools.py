"""Findings about pools that make no progress: workers that die at once, jobs without a worker.  Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from app.records.resource import Resource, ResourceKind
from app.records.waits import Finding, FindingKind
from app.records.wording import duration

from . import phrases
from .queues import POOL_ROLE, died_with_its_task, pool_of
from .scene import Actor, Scene
from .stability import Candidate
from .threads import served
from .wait_graph import Deadlock

#: So many workers that ended within so long, each soon after its start, do not end by accident.
_ENDED, _WITHIN_S, _LIFE_S = 6, 15.0, 5.0
#: An executor starts its workers with its first jobs; a pool replaces one within a fraction of a second.
_EMPTY_S = 8.0


def crash_loops(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each pool whose workers die right after their start, and are replaced again and again."""
    for ended in _short_lived(scene).values():
        # One that failed once, when it was used for the first time, has no replacement that failed.
        if len(ended) >= _ENDED and scene.lives(ended[-1].process.started_by or 0):
            yield _crash_loop(scene, ended, pool_of(scene, ended[-1]))


def _short_lived(scene: Scene) -> dict[str, list[Actor]]:
    """Return by role the workers that failed a moment ago, soon after their start, and without a task; oldest first."""
    found: dict[str, list[Actor]] = defaultdict(list)
    for actor in scene.actors.values():
        process = actor.process
        if actor.alive or actor.ended_by_pool or actor.task is not None or process.exitcode in (0, None):
            continue
        ended_at, role = process.exited_at or 0.0, actor.role or ""
        short = scene.at - ended_at <= _WITHIN_S and ended_at - (process.start_time or 0.0) <= _LIFE_S
        if role.startswith(POOL_ROLE) and short:
            found[role].append(actor)
    return {role: sorted(those, key=lambda one: one.process.exited_at or 0.0) for role, those in found.items()}


def _crash_loop(scene: Scene, ended: Sequence[Actor], pool: Resource | None) -> Candidate:
    last = ended[-1]
    owner = last.process.started_by or 0
    took_s = scene.at - (ended[0].process.exited_at or scene.at)
    what = phrases.capitalized(phrases.resource(scene, pool.id)) if pool else "A pool"
    initializer = f" Its initializer is {pool.initializer}()." if pool and pool.initializer else ""
    causes = Counter(phrases.how_it_ended(scene, actor.pid) for actor in ended)
    finding = Finding(
        id=f"{FindingKind.CRASH_LOOP}:{last.role}",
        kind=FindingKind.CRASH_LOOP,
        program=last.process.program,
        text=f"{what} of {scene.name(owner)} makes no progress: its workers die right after their start, "
        f"{len(ended):,} within the last {duration(took_s)}, none with a task ({causes.most_common(1)[0][0]})."
        f"{initializer}",
        why="A Pool replaces a worker that has died, whatever the reason, and tells nobody: if its initializer or an "
        "import raises an exception, each new worker dies of the same one, and the tasks wait forever.",
        cure="See the traceback in the log of the program. Make the initializer raise no exception: catch it there, "
        "and let the tasks report it; or use concurrent.futures.ProcessPoolExecutor, which then raises "
        "BrokenProcessPool.",
        pids=(owner, last.pid),
        resources=(pool.id,) if pool else (),
        since=ended[0].process.exited_at or scene.at,
    )
    return Candidate(finding=finding)


def jobs_without_workers(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each pool with jobs whose workers have all ended, and that starts no new ones."""
    for pool in scene.resources.values():
        if pool.kind is ResourceKind.POOL and pool.queued and not _living(scene, pool):
            ended = [actor for actor in scene.actors.values() if not actor.alive and _worked_for(scene, actor, pool)]
            if ended and not any(actor.role in _short_lived(scene) for actor in ended) and scene.lives(pool.created_by):
                yield _without_workers(scene, pool, ended)


def _living(scene: Scene, pool: Resource) -> bool:
    return any(pid in scene.actors and scene.lives(pid) for pid in pool.workers or ())


def _worked_for(scene: Scene, actor: Actor, pool: Resource) -> bool:
    return bool(actor.role and actor.role.startswith(POOL_ROLE)) and pool_of(scene, actor) == pool


def _without_workers(scene: Scene, pool: Resource, ended: Sequence[Actor]) -> Candidate:
    last = max(ended, key=lambda actor: actor.process.exited_at or 0.0)
    finding = Finding(
        id=f"{FindingKind.NO_WORKERS}:{pool.id}",
        kind=FindingKind.NO_WORKERS,
        program=pool.program,
        text=f"{phrases.capitalized(phrases.resource(scene, pool.id))} of {scene.name(pool.created_by)} has "
        f"{phrases.number(pool.queued or 0, 'pending job')}, but no worker is left: the last to end was "
        f"{phrases.name_and_end(scene, last.pid)}.",
        why="The threads of the pool that start workers, or take their results, have ended or are blocked, so its jobs "
        "are never run.",
        cure="See the log of the program for a traceback of one of these threads, and the stack of its owner. Create a "
        "new pool for the jobs.",
        pids=(pool.created_by, last.pid),
        resources=(pool.id,),
        since=last.process.exited_at or scene.at,
    )
    return Candidate(finding=finding, fingerprint=(pool.queued, len(ended)), after_s=_EMPTY_S)


def explain(scene: Scene, deadlock: Deadlock) -> bool:
    """Return whether a deadlock is only the outcome of a lost task or a dead handler thread of an idle pool."""
    awaited = {edge.resource for edge in deadlock.edges}
    pools = {one.id for one in scene.resources.values() if one.id in awaited and one.kind is ResourceKind.POOL}
    if not pools:
        return False
    lost = (pool_of(scene, actor) for actor in scene.actors.values() if died_with_its_task(actor))
    unserved = (served(scene, one) for actor in scene.actors.values() if actor.alive for one in actor.dead_threads)
    return any(pool and pool.id in pools for pool in (*lost, *unserved))
