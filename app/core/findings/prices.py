"""What it would cost to end a process just now, in sentences: what it holds, does and has not yet given away.  Pure.

A signal leaves a process no time to release or to finish anything, be it SIGKILL or a SIGTERM that it does not handle.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.records.resource import Resource, ResourceKind

from . import phrases as words
from .queues import POOL_ROLE
from .scene import Scene


def prices(scene: Scene, pid: int) -> tuple[str, ...]:
    """One sentence without a full stop for each thing that is lost or that others lose; most severe first."""
    return tuple(
        dict.fromkeys(
            [
                *_locks(scene, pid),
                *_task(scene, pid),
                *_manager(scene, pid),
                *_buffers(scene, pid),
                *_gatherings(scene, pid),
                *_pools(scene, pid),
            ]
        )
    )


def price(scene: Scene, pid: int) -> str:
    """All of it as one text for people; empty where nothing is lost."""
    return " ".join(f"{words.at_start(one)}." for one in prices(scene, pid))


def _locks(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        if resource.kind in words.HELD and resource.holder == pid and not resource.abandoned:
            waiting = words.wait_for_it(len(words.waiters(resource, apart_from=(pid,))))
            told = "; ".join(filter(None, (f"it holds {words.thing(scene, resource.id)}", waiting)))
            yield f"{told}, and it would stay locked"
    for semaphore in scene.resources.values():
        if pid in (semaphore.acquired_by or ()):
            waiting = words.wait_for_it(len(words.waiters(semaphore, apart_from=(pid,))))
            told = f"it has acquired {words.thing(scene, semaphore.id)} and would never release it"
            yield "; ".join(filter(None, (told, waiting)))


def _task(scene: Scene, pid: int) -> Iterator[str]:
    actor = scene.actors.get(pid)
    if actor is None or actor.task is None:
        return
    if actor.role and actor.role.startswith(POOL_ROLE):
        yield f"it is executing task {actor.task}; it is lost, and whoever waits for its result waits for ever"
    else:
        yield f"it is executing task {actor.task}; it is lost"


def _manager(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        if resource.kind is ResourceKind.MANAGER and resource.server == pid:
            users = [user for user in resource.users if user != pid]
            objects = "its objects go" if resource.objects is None else _objects(resource.objects)
            use = f"; {words.number(len(users), 'process', 'processes')} could use them" if users else ""
            yield f"it is the manager {resource.name}: {objects}{use}"


def _objects(count: int) -> str:
    return f"{words.number(count, 'object')} {'goes' if count == 1 else 'go'}"


def _buffers(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        count = (resource.buffered or {}).get(str(pid))
        if isinstance(count, int) and count > 0:
            which = words.number(count, "item")
            lost = "is" if count == 1 else "are"
            yield f"{which} in its feeder's buffer for {words.thing(scene, resource.id)} {lost} lost"


def _gatherings(scene: Scene, pid: int) -> Iterator[str]:
    for resource in scene.resources.values():
        if resource.kind in words.GATHERING and any(one.pid == pid and one.to == "wait" for one in resource.waiting):
            yield f"it waits at {words.thing(scene, resource.id)}, and {_hangs(resource)} would hang for ever"


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
                stay = words.number(len(living), "worker stays", "workers stay")
                yield f"{stay} behind of its {words.thing(scene, resource.id)}"
