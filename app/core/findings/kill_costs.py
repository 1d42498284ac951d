"""What ending a process now would cost, in sentences: what it holds, executes and has not yet flushed.  Pure.

A signal leaves a process no time to release or to finish anything, be it SIGKILL or a SIGTERM that it does not handle.
"""

from collections.abc import Iterator

from app.core.scene import phrases
from app.core.scene.scene import Scene
from app.records.resource import Resource, ResourceKind

from .queues import POOL_ROLE


def kill_costs(scene: Scene, pid: int) -> tuple[str, ...]:
    """Return one sentence, without its full stop, for each loss; the most severe first."""
    return tuple(
        dict.fromkeys(
            [
                *_locks(scene, pid),
                *_task(scene, pid),
                *_manager(scene, pid),
                *_buffers(scene, pid),
                *_sleepers(scene, pid),
                *_pools(scene, pid),
            ]
        )
    )


def kill_cost(scene: Scene, pid: int) -> str:
    """Return all of `kill_costs` as one text; empty if nothing would be lost."""
    return " ".join(f"{phrases.capitalized(one)}." for one in kill_costs(scene, pid))


def _locks(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        if resource.kind in phrases.LOCKS and resource.holder == pid and not resource.abandoned:
            text = f"it holds {phrases.resource(scene, resource.id)}, which would stay locked"
            yield _with_waiters(text, resource, pid)
    for semaphore in scene.resources.values():
        if pid in (semaphore.acquired_by or ()):
            text = f"it has acquired {phrases.resource(scene, semaphore.id)} and would never release it"
            yield _with_waiters(text, semaphore, pid)


def _with_waiters(text: str, resource: Resource, pid: int) -> str:
    waiting = phrases.wait_for_it(len(phrases.waiters(resource, apart_from=(pid,))))
    return "; ".join(filter(None, (text, waiting)))


def _task(scene: Scene, pid: int) -> Iterator[str]:
    actor = scene.actors.get(pid)
    if actor is None or actor.task is None:
        return
    if actor.role and actor.role.startswith(POOL_ROLE):
        yield f"it is executing task {actor.task}, which would be lost; calls that wait for its result would hang"
    else:
        yield f"it is executing task {actor.task}, which would be lost"


def _manager(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        if resource.kind is ResourceKind.MANAGER and resource.server == pid:
            users = [user for user in resource.users if user != pid]
            objects = "its objects" if resource.objects is None else phrases.number(resource.objects, "object")
            use = f"; {phrases.number(len(users), 'process uses', 'processes use')} it" if users else ""
            yield f"it is the manager {resource.name}: {objects} would be lost{use}"


def _buffers(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        count = (resource.buffered or {}).get(str(pid))
        if isinstance(count, int) and count > 0:
            items = phrases.number(count, "item")
            yield f"{items} in its feeder's buffer for {phrases.resource(scene, resource.id)} would be lost"


def _sleepers(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        waits = any(one.pid == pid and one.to == "wait" for one in resource.waiting)
        if resource.kind in phrases.WITH_SLEEPERS and waits:
            yield f"it waits on {phrases.resource(scene, resource.id)}, and {_hangs(resource)} would hang forever"


def _hangs(resource: Resource) -> str:
    match resource.kind:
        case ResourceKind.BARRIER:
            return "abort() and reset()"
        case ResourceKind.EVENT:
            return "the next set()"
        case _:
            return "the next notify_all()"


def _pools(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        if resource.kind is ResourceKind.POOL and resource.created_by == pid:
            living = [worker for worker in resource.workers or () if scene.lives(worker)]
            if living:
                workers = phrases.number(len(living), "worker")
                yield f"{workers} of its {phrases.resource(scene, resource.id)} would be left running"
