"""Findings about pools that make no progress: workers that die at once, jobs without a worker.  Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from app.core.scene import phrases
from app.core.scene.python_stack import Frame
from app.core.scene.scene import Actor, Scene
from app.core.scene.stability import Candidate
from app.core.scene.wait_graph import Deadlock
from app.records.resource import Resource, ResourceKind
from app.records.waits import Certainty, Finding, FindingKind
from app.records.wording import duration

from .queues import POOL_ROLE, died_with_its_task, pool_of
from .threads import served

#: So many workers that ended within so long, each soon after its start, do not end by accident.
_ENDED, _WITHIN_S, _LIFE_S = 6, 15.0, 5.0
#: An executor starts its workers with its first jobs; a pool replaces one within a fraction of a second.
_EMPTY_S = 8.0
#: The threads that receive results, and call callbacks.
_DELIVERING = frozenset(
    {
        ("multiprocessing.pool", "_handle_results"),
        ("concurrent.futures.process", "run"),
        ("concurrent.futures.process", "_queue_management_worker"),
    }
)
#: Threads that may have the result that a callback waits for.
_PRODUCING = frozenset(
    {
        ("multiprocessing.pool", "worker"),
        ("concurrent.futures.thread", "_worker"),
        ("asyncio.base_events", "run_forever"),
    }
)
_OF_POOLS = frozenset({"multiprocessing.pool", "concurrent.futures._base", "concurrent.futures.process"})


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


def stalled(scene: Scene) -> Iterator[Resource]:
    """Yield the pools with jobs whose workers have nothing to do: their results are not delivered."""
    for pool in scene.resources.values():
        if pool.kind is ResourceKind.POOL and pool.queued and not pool.running and _living(scene, pool):
            yield pool


def waits_in_callbacks(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each process whose results wait for a callback that itself waits for a result.

    Not if another pool of the process is at work, or a pool of threads or an event loop: the result may be theirs.
    """
    pools: dict[int, list[Resource]] = defaultdict(list)
    for pool in stalled(scene):
        pools[pool.created_by].append(pool)
    busy = {pool.created_by for pool in scene.resources.values() if pool.kind is ResourceKind.POOL and pool.running}
    timed = {(wait.edge.pid, wait.edge.tid) for wait in scene.waits if wait.edge.timed}
    for pid, those in pools.items():
        threads = scene.stacks.get(pid, {})
        if pid in busy or any(_is_one(frame, _PRODUCING) for frames in threads.values() for frame in frames):
            continue
        for tid, frames in threads.items():
            call = scene.call(pid, tid)
            delivers = any(_is_one(frame, _DELIVERING) for frame in frames)
            if call and call.module in _OF_POOLS and delivers and (pid, tid) not in timed:
                yield _in_callback(scene, those, tid, call)


def _is_one(frame: Frame, functions: AbstractSet[tuple[str, str]]) -> bool:
    return (frame.module, frame.function.rpartition(".")[2]) in functions


def _in_callback(scene: Scene, pools: Sequence[Resource], tid: int, call: Frame) -> Candidate:
    pid = pools[0].created_by
    what = phrases.resource(scene, pools[0].id) if len(pools) == 1 else "one of its pools"
    queued = sum(pool.queued or 0 for pool in pools)
    finding = Finding(
        id=f"{FindingKind.DEADLOCK}:{pid}-{tid}-callback",
        kind=FindingKind.DEADLOCK,
        program=pools[0].program,
        text=f"The thread of {scene.name(pid)} that receives all results of {what} executes a callback, which waits in "
        f"{call.in_words} at {scene.place(pid, tid)}: it cannot receive the result that it waits for. "
        f"{phrases.number(queued, 'job is', 'jobs are')} pending, and no worker has anything to do.",
        why="A pool calls the callbacks of results in the one thread that receives all of them.",
        cure="Restart the program. In the program, do not wait for a pool in a callback: submit the next job there "
        "without waiting for it, or hand the result over to another thread by a queue.Queue.",
        pids=(pid,),
        resources=tuple(pool.id for pool in pools),
        since=scene.at,
        certainty=Certainty.VERY_LIKELY,
    )
    return Candidate(finding=finding, fingerprint=(queued, tid))


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
