"""Findings about threads that died of an exception while others depend on them.  Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from app.core.scene import phrases
from app.core.scene.scene import Actor, DeadThread, Scene
from app.core.scene.stability import Candidate
from app.records.resource import Resource, ResourceKind
from app.records.waits import Finding, FindingKind


class _Part(NamedTuple):
    """What a thread of a library does for others: what it is called, and what no longer happens without it."""

    called: str
    outcome: str
    why: str
    cure: str


#: Of the program's own threads that died.
_MOST_NAMED = 2
_POOLS = frozenset({ResourceKind.POOL})
_REPLACE = "Restart the program: nothing restarts this thread. "
_UNPICKLED = (
    "One thread receives all results, and calls their callbacks. It ends if a callback raises an exception, or if the "
    "exception of a task, which is pickled in the worker, cannot be unpickled."
)
_PICKLABLE = (
    _REPLACE + "In the program, let the __init__ of exceptions pass all of its arguments on to super().__init__(), or "
    "catch the exception in the task and return a plain value."
)
#: By the module, without its first name, and the last name of what the thread ran.
_PARTS = {
    ("pool", "_handle_results"): _Part(
        "result handler",
        "no result is delivered any more, and whatever waits for one, as in get(), map() or join(), waits forever",
        _UNPICKLED,
        _PICKLABLE + " Let callbacks catch their exceptions.",
    ),
    ("pool", "_handle_tasks"): _Part(
        "task handler",
        "no task is sent to its workers any more, and whatever waits for a result waits forever",
        "One thread sends all tasks to the workers.",
        _REPLACE + "In the program, find out what raised the exception: an iterator of tasks, for example.",
    ),
    ("pool", "_handle_workers"): _Part(
        "worker handler",
        "a worker that ends is not replaced any more, and close() and join() never return",
        "One thread starts a new worker for each that ends.",
        _REPLACE + "In the program, find out what raised the exception: starting a process, for example.",
    ),
    ("process", "run"): _Part(
        "manager",
        "no task is sent to its workers any more, and no result is delivered: result() waits forever",
        "One thread of the executor sends all tasks and receives all results.",
        _PICKLABLE,
    ),
    ("queues", "_feed"): _Part(
        "feeder",
        "what this process puts into it is not written any more",
        "One thread in each process writes its items into the pipe of the queue.",
        _REPLACE + "In the program, find out what raised the exception.",
    ),
}
_OTHER_NAMES = {
    ("process", "_queue_management_worker"): ("process", "run"),
    ("process_executor", "run"): ("process", "run"),
}


def dead_threads(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each dead thread of a pool, executor or queue that is still in use."""
    for actor in scene.actors.values():
        for thread in actor.dead_threads if actor.alive else ():
            part, used = part_of(thread), served(scene, thread)
            if part and used and _is_in_use(scene, used):
                yield _dead_thread(scene, actor, thread, part, used)


def part_of(thread: DeadThread) -> _Part | None:
    """Return what a thread of a library did for others; None for a thread of the program."""
    names = thread.target.split(".")
    module = next((one for one in names[1:-1] if one in {"pool", "process", "queues", "process_executor"}), "")
    is_library = names[0] in {"multiprocessing", "multiprocess", "billiard", "concurrent", "loky", "joblib"}
    key = (module, names[-1])
    return _PARTS.get(_OTHER_NAMES.get(key, key)) if is_library else None


def served(scene: Scene, thread: DeadThread) -> Resource | None:
    """Return the pool or queue that it worked for: the outermost of what has a resource that it used."""
    used = set(thread.resources)
    kinds = phrases.QUEUES if thread.target.endswith("._feed") else _POOLS
    for resource in scene.resources.values():
        if resource.kind in kinds and not used.isdisjoint({resource.id, *resource.parts}):
            return resource
    return None


def _is_in_use(scene: Scene, served: Resource) -> bool:
    """Return whether it has not been closed: a pool that has ended has no worker left."""
    return served.kind not in _POOLS or any(scene.lives(pid) for pid in served.workers or ())


def _dead_thread(scene: Scene, actor: Actor, thread: DeadThread, part: _Part, served: Resource) -> Candidate:
    workers = tuple(pid for pid in served.workers or () if scene.lives(pid))
    idle = ""
    if workers and not served.running:
        idle = f" {'Its worker has' if len(workers) == 1 else f'Its {len(workers)} workers have'} nothing to do."
    finding = Finding(
        id=f"{FindingKind.DEAD_THREAD}:{actor.pid}-{served.id}-{thread.name}",
        kind=FindingKind.DEAD_THREAD,
        program=actor.process.program,
        text=f"The {part.called} thread of {phrases.resource(scene, served.id)} in {scene.name(actor.pid)} has died of "
        f"{thread.error}: {part.outcome}.{idle}",
        why=part.why,
        cure=part.cure,
        pids=(actor.pid, *workers),
        resources=(served.id,),
        since=scene.at,
    )
    return Candidate(finding=finding, after_s=0.0)


def died_of_the_program(scene: Scene, program: str | None) -> str:
    """Return in sentences which of a program's own threads died of an exception while their processes live on."""
    told = [
        f" Thread {thread.name} of {scene.name(actor.pid)} has died of {thread.error}."
        for actor in scene.actors.values()
        if actor.alive and actor.process.program == program
        for thread in actor.dead_threads
        if part_of(thread) is None
    ]
    return "".join(told[:_MOST_NAMED])
