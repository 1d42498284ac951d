"""Waits for the results of a pool, as the caller's stack tells: workers end them, not just any thread.  Pure.

What the main thread waits for in ``Pool.map()`` is a lock between threads, which any thread of its process might
release; only the result of a worker does.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from app.records.resource import Resource, ResourceKind
from app.records.waits import MAIN, Edge, ThreadWait

from .scene import Scene

_MODULE = "multiprocessing.pool"


def resolved(scene: Scene) -> tuple[ThreadWait, ...]:
    """Return the waits of a scene; those for a result of a pool end by the workers that execute its tasks."""
    working = dict(_working(scene))
    if not working:
        return scene.waits
    return tuple(
        replace(wait, able=frozenset((pid, MAIN) for pid in working[wait.edge.pid]))
        if wait.edge.to == "thread" and wait.edge.pid in working and _is_for_result(scene, wait.edge)
        else wait
        for wait in scene.waits
    )


def blocked(scene: Scene) -> Iterator[Resource]:
    """Yield the pools of which each worker with a task waits without a timeout."""
    waits = scene.main_waits()
    for pool in _pools(scene):
        pids = _workers_at_work(scene, pool, waits)
        if pids and waits.keys() >= set(pids):
            yield pool


def _working(scene: Scene) -> Iterator[tuple[int, list[int]]]:
    """Yield each process with one pool at work, and no pool of threads: the pids of its workers with tasks."""
    pools: dict[int, list[Resource]] = {}
    for pool in _pools(scene):
        if pool.running or pool.queued:
            pools.setdefault(pool.created_by, []).append(pool)
    waits = scene.main_waits() if pools else {}
    for pid, those in pools.items():
        if (
            len(those) == 1
            and (workers := _workers_at_work(scene, those[0], waits))
            and not _has_pool_of_threads(scene, pid)
        ):
            yield pid, workers


def _pools(scene: Scene) -> Iterator[Resource]:
    return (one for one in scene.resources.values() if one.kind is ResourceKind.POOL)


def _workers_at_work(scene: Scene, pool: Resource, waits: Mapping[int, Edge]) -> list[int]:
    """Return the workers with tasks; if none has one although jobs are pending, those in the initializer."""
    if pool.running:
        return [one["pid"] for one in pool.running]
    workers = [pid for pid in pool.workers or () if scene.lives(pid)]
    idle = any(pid not in waits or waits[pid].resource == pool.id for pid in workers)
    return [] if idle or not pool.queued else workers


def _is_for_result(scene: Scene, edge: Edge) -> bool:
    call = scene.call(edge.pid, edge.tid)
    return call is not None and call.module == _MODULE


def _has_pool_of_threads(scene: Scene, pid: int) -> bool:
    stack = scene.stacks.get(pid, {})
    return any(frame.module == _MODULE and frame.function == "worker" for frames in stack.values() for frame in frames)
