"""Notes about forks of processes with threads: a copy lacks these, and keeps what they held locked.  Pure."""

from collections.abc import Iterator, Mapping, Sequence

from app.core.scene import phrases
from app.core.scene.scene import Actor, Scene
from app.core.scene.stability import LASTS_S
from app.records.waits import FEEDER, Note

from .processes import by_parent
from .queues import POOL_ROLE

#: A Pool has three threads in its parent: for tasks, for results, and to replace workers.
POOL_THREADS = 3
_BY_START = "Use the start method forkserver or spawn, or fork before starting threads."
_BY_OS_FORK = "Call os.fork() before starting threads, or start them in each child; some servers have a hook for that."
#: What the threads of a Queue and of a Pool are called: a child makes the locks of the queues that it inherits anew,
#: and does not use the pools of its parent.
OF_LIBRARY = frozenset({FEEDER, "multiprocessing.pool"})
_MAIN_THREAD = "MainThread"
#: How many threads a note names.
_THREADS_NAMED = 4
#: So much later than its replacement starts, the end of a worker may be seen.
_SEEN_LATE_S = 0.5


def forks_from_threads(scene: Scene) -> Iterator[Note]:
    """Yield a note for each process that forked a living one while it had several threads."""
    first_ends = _first_ends(scene)
    others = {actor.pid: _other_threads(actor, first_ends) for actor in scene.actors.values() if _counts(scene, actor)}
    for parent, children in by_parent(actor for actor in scene.actors.values() if others.get(actor.pid, 0) > 0).items():
        by_os_fork = all(actor.process.start_method is None for actor in children)
        most = max(children, key=lambda actor: others[actor.pid])
        count = others[most.pid]
        threads = phrases.number(count, "other thread") + named_threads(most.threads_of_parent, count)
        program = children[0].process.program
        if program:
            yield Note(
                program=program,
                since=min(actor.process.start_time or scene.at for actor in children),
                title="a process with threads was forked",
                text=f"{scene.name(parent)} had {threads} when it forked "
                f"{phrases.names(scene, [actor.pid for actor in children])}. fork() copies only the thread that calls "
                "it: a lock that another thread held at that moment, in logging or malloc for example, stays locked in "
                f"the child. {_BY_OS_FORK if by_os_fork else _BY_START}",
            )


def _counts(scene: Scene, actor: Actor) -> bool:
    """Return whether it lives, and has not just been forked to execute another program."""
    by_multiprocessing = actor.process.start_method is not None
    return actor.alive and (by_multiprocessing or scene.at - (actor.process.start_time or 0.0) >= LASTS_S)


def named_threads(names: Sequence[str], count: int) -> str:
    """Return `` (importer and 2 more)``; nothing if no name is known."""
    shown = [name for name in names if name not in OF_LIBRARY][:_THREADS_NAMED]
    more = [f"{count - len(shown)} more"] if count > len(shown) else []
    return f" ({phrases.listed([*shown, *more])})" if shown else ""


def _first_ends(scene: Scene) -> dict[str, float]:
    """Return by role when the first worker of a pool ended."""
    found: dict[str, float] = {}
    for actor in scene.actors.values():
        if actor.role and actor.role.startswith(POOL_ROLE) and actor.process.exited_at is not None:
            found[actor.role] = min(actor.process.exited_at, found.get(actor.role, actor.process.exited_at))
    return found


def _other_threads(actor: Actor, first_ends: Mapping[str, float]) -> int:
    """Return how many, less those of multiprocessing, and those of the pool that replaces a worker.

    A Pool forks from a thread by design.  Some of its threads may have ended already, in a pool that is being closed.
    """
    role, threads = actor.role or "", actor.threads_at_fork
    if not role.startswith(POOL_ROLE):
        return threads - sum(name in OF_LIBRARY for name in actor.threads_of_parent)
    started_at = actor.process.start_time or 0.0
    replaced = threads >= POOL_THREADS or started_at > first_ends.get(role, float("inf")) - _SEEN_LATE_S
    known = sum(name in OF_LIBRARY or name == _MAIN_THREAD for name in actor.threads_of_parent)
    return threads - max(known, min(threads, POOL_THREADS) if replaced else 0)
