"""Findings about processes and how they were started and left.  Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from app.records.process import State
from app.records.waits import Finding, FindingKind

from . import phrases as words
from .debounce import Candidate
from .queues import POOL_ROLE
from .scene import Actor, Scene

#: Who joins its children in order may leave those that ended early for a while.
ZOMBIE_AFTER_S = 10.0
#: They end by themselves when nobody needs them any more.
HELPERS = frozenset({"tracker", "forkserver"})
#: A Pool has them in its parent: for its tasks, its results, and its workers.
POOL_THREADS = 3


def zombies(scene: Scene) -> Iterator[Candidate]:
    """Children that have ended, and that their parent has not joined."""
    unjoined = [actor for actor in scene.actors.values() if _is_zombie(scene, actor)]
    for parent, children in _by_parent(unjoined).items():
        if not scene.lives(parent):
            continue
        pids = tuple(actor.pid for actor in children)
        who = words.number(len(pids), "child that has ended", "children that have ended")
        finding = Finding(
            id=f"{FindingKind.ZOMBIE}:{parent}",
            kind=FindingKind.ZOMBIE,
            program=children[0].process.program,
            text=f"{scene.name(parent)} has not joined {who}: {words.names(scene, pids)}.",
            why="The kernel keeps the pid and the exit code of a child until its parent asks for them. Nothing else of "
            "it is left, but enough zombies use up all pids.",
            cure="Call join(), also after terminate() and kill(); active_children() joins all that have ended. They "
            "also go when their parent ends.",
            pids=(parent, *pids),
            since=min(actor.process.exited_at or scene.at for actor in children),
        )
        yield Candidate(finding=finding, after_s=0.5)


def _is_zombie(scene: Scene, actor: Actor) -> bool:
    process = actor.process
    ended_s = scene.at - (process.exited_at or scene.at)
    # Nobody can join the resource tracker but multiprocessing itself.
    own = process.observed and actor.role not in HELPERS
    return own and process.state is State.EXITED and ended_s >= ZOMBIE_AFTER_S


def orphans(scene: Scene) -> Iterator[Candidate]:
    """Processes that live on although the one that started them was killed."""
    living = [actor for actor in scene.actors.values() if actor.alive and actor.role not in HELPERS]
    for parent, children in _by_parent(living).items():
        dead = scene.actors.get(parent)
        if dead and not dead.alive and _was_killed(dead):
            yield _orphans(scene, dead, tuple(actor.pid for actor in children))
    for root, pids in _unobserved(scene):
        yield _orphans(scene, root, pids)


def _unobserved(scene: Scene) -> list[tuple[Actor, tuple[int, ...]]]:
    """Orphans without observation, by the dead process that they came from."""
    by_id = {actor.process.id: actor for actor in scene.actors.values()}
    found: dict[str, list[int]] = defaultdict(list)
    for one in scene.orphans:
        root = by_id.get(one.root or "")
        if root and not root.alive and _was_killed(root) and one.pid not in scene.actors:
            found[root.process.id].append(one.pid)
    return [(by_id[root], tuple(pids)) for root, pids in found.items()]


def _was_killed(actor: Actor) -> bool:
    """One that ended in order left them behind on purpose: a daemon detaches itself like that."""
    code = actor.process.exitcode
    return code is not None and code < 0


def _orphans(scene: Scene, dead: Actor, pids: tuple[int, ...]) -> Candidate:
    child = words.number(len(pids), "child that lives on", "children that live on")
    kind = "o" if pids[0] in scene.actors else "d"
    finding = Finding(
        id=f"{FindingKind.ORPHAN}:{dead.process.id}-{kind}",
        kind=FindingKind.ORPHAN,
        program=dead.process.program,
        text=f"{scene.name(dead.pid)} was ended ({words.how_it_ended(scene, dead.pid)}) and left {child}: "
        f"{words.names(scene, pids)}.",
        why="terminate() and kill() end one process and not those that it started. Its daemon children are ended only "
        "where it ends in order, which a signal prevents.",
        cure="End them one by one. Have the process end its children itself on SIGTERM, or let the children end "
        "when their parent is gone: multiprocessing.parent_process().sentinel tells them.",
        pids=(dead.pid, *pids),
        since=dead.process.exited_at or scene.at,
    )
    return Candidate(finding=finding, after_s=1.0)


def refused_starts(scene: Scene) -> Iterator[Candidate]:
    """`Process.start()` raised."""
    for actor in scene.actors.values():
        for error in dict.fromkeys(" ".join(error.split()) for error in actor.refused):
            yield _refused(scene, actor, error)


def _refused(scene: Scene, actor: Actor, error: str) -> Candidate:
    kind, why, cure = _about_refusal(error)
    finding = Finding(
        id=f"{kind}:{actor.process.id}-{words.cut(error)}",
        kind=kind,
        program=actor.process.program,
        text=f"{scene.name(actor.pid)} tried to start a process, which was refused: {words.cut(error)}",
        why=why,
        cure=cure,
        pids=(actor.pid,),
        since=scene.at,
    )
    return Candidate(finding=finding, after_s=0.0)


def _about_refusal(error: str) -> tuple[FindingKind, str, str]:
    if "daemonic" in error:
        return (
            FindingKind.DAEMON_WITH_CHILD,
            (
                "A daemonic process is terminated when its parent ends, and would leave children of its own behind. So "
                "it may have none; the workers of a Pool are daemonic too."
            ),
            (
                "Start it with daemon=False and join it, or let its parent start the child. In a pool: "
                "concurrent.futures.ProcessPoolExecutor, whose workers are not daemonic."
            ),
        )
    if "bootstrapping phase" in error:
        return (
            FindingKind.START_REFUSED,
            (
                "With spawn and forkserver each child imports the main module anew. What starts a process at its top "
                "level would do so in every child again."
            ),
            'Put everything that starts processes below: if __name__ == "__main__":',
        )
    # The second is what Python 3.13 says.
    if "pickle" in error.lower() or "local object" in error:
        return (
            FindingKind.START_REFUSED,
            (
                "With spawn and forkserver the target and its arguments are sent to the child by pickle. Lambdas, "
                "local functions, open files and locks of threading cannot be."
            ),
            "Use functions of the top level of a module, and pass them simple values; or start it by fork.",
        )
    return (
        FindingKind.START_REFUSED,
        "start() raised this exception, so there is no such process.",
        "The log of the program has the traceback.",
    )


def forks_from_threads(scene: Scene) -> Iterator[Candidate]:
    """A process with several threads forked."""
    forked = [actor for actor in scene.actors.values() if _other_threads(actor) > 0]
    for parent, children in _by_parent(forked).items():
        threads = words.number(max(map(_other_threads, children)), "other thread")
        pids = tuple(actor.pid for actor in children)
        finding = Finding(
            id=f"{FindingKind.FORK_FROM_THREADS}:{parent}",
            kind=FindingKind.FORK_FROM_THREADS,
            program=children[0].process.program,
            text=f"{scene.name(parent)} had {threads} when it forked {words.names(scene, pids)}.",
            why="fork copies only the thread that calls it. A lock that another thread held at that moment, of logging "
            "or of malloc for example, stays locked in the child for ever.",
            cure="Use the start method forkserver or spawn, or fork before the first thread is started; a Queue starts "
            "one at its first put().",
            pids=(parent, *pids),
            since=min(actor.process.start_time or scene.at for actor in children),
        )
        yield Candidate(finding=finding, after_s=0.0)


def _other_threads(actor: Actor) -> int:
    """Without those of the pool that replaces a worker: a Pool does that from a thread, and is written for it."""
    replaced = (actor.role or "").startswith(POOL_ROLE) and actor.threads_at_fork >= POOL_THREADS
    return actor.threads_at_fork - POOL_THREADS * replaced


def _by_parent(actors: Iterable[Actor]) -> dict[int, list[Actor]]:
    families: dict[int, list[Actor]] = defaultdict(list)
    for actor in actors:
        parent = actor.process.started_by or actor.process.ppid
        if parent:
            families[parent].append(actor)
    return families
