"""Findings about how processes were started and left behind.  Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from app.core.scene import phrases
from app.core.scene.scene import Actor, Scene
from app.core.scene.stability import Candidate
from app.records.waits import Finding, FindingKind

from .zombies import HELPERS


def orphans(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each killed process whose children still run."""
    living = [actor for actor in scene.actors.values() if actor.alive and actor.role not in HELPERS]
    for parent, children in by_parent(living).items():
        dead = scene.actors.get(parent)
        if dead and not dead.alive and _was_killed(dead):
            yield _orphans(scene, dead, tuple(actor.pid for actor in children))
    for root, pids in _unobserved(scene):
        yield _orphans(scene, root, pids)


def _unobserved(scene: Scene) -> list[tuple[Actor, tuple[int, ...]]]:
    """Return the orphans that are not observed, by the dead process that they came from."""
    by_id = {actor.process.id: actor for actor in scene.actors.values()}
    found: dict[str, list[int]] = defaultdict(list)
    for one in scene.orphans:
        root = by_id.get(one.root or "")
        if root and not root.alive and _was_killed(root) and one.pid not in scene.actors:
            found[root.process.id].append(one.pid)
    return [(by_id[root], tuple(pids)) for root, pids in found.items()]


def _was_killed(actor: Actor) -> bool:
    """Return whether a signal ended it; one that exits normally leaves children on purpose, as a daemon does."""
    code = actor.process.exitcode
    return code is not None and code < 0


def _orphans(scene: Scene, dead: Actor, pids: tuple[int, ...]) -> Candidate:
    children = phrases.number(len(pids), "child process", "child processes")
    kind = "o" if pids[0] in scene.actors else "d"
    finding = Finding(
        id=f"{FindingKind.ORPHAN}:{dead.process.id}-{kind}",
        kind=FindingKind.ORPHAN,
        program=dead.process.program,
        text=f"{scene.name(dead.pid)} died and left {children} running: {phrases.names(scene, pids)}. "
        f"Cause: {phrases.how_it_ended(scene, dead.pid)}.",
        why="terminate() and kill() end one process, not its children. A process terminates its daemonic children only "
        "if it exits normally, which a signal prevents.",
        cure="End them one by one. In the program, end the children in a SIGTERM handler, or let each child exit when "
        "its parent is gone: wait on multiprocessing.parent_process().sentinel.",
        pids=(dead.pid, *pids),
        since=dead.process.exited_at or scene.at,
    )
    return Candidate(finding=finding, after_s=1.0)


def refused_starts(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each error that `Process.start()` raised."""
    for actor in scene.actors.values():
        for error in dict.fromkeys(" ".join(error.split()) for error in actor.refused):
            yield _refused(scene, actor, error)


def _refused(scene: Scene, actor: Actor, error: str) -> Candidate:
    kind, why, cure = _about_refusal(error)
    finding = Finding(
        id=f"{kind}:{actor.process.id}-{phrases.cut(error)}",
        kind=kind,
        program=actor.process.program,
        text=f"{scene.name(actor.pid)} could not start a process: {phrases.cut(error)}",
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
                "A daemonic process is terminated when its parent exits and would leave its own children behind, so it "
                "may not have any. The workers of a Pool are daemonic too."
            ),
            (
                "Start it with daemon=False and join it, or start the child from its parent. Instead of a Pool, use "
                "concurrent.futures.ProcessPoolExecutor, whose workers are not daemonic."
            ),
        )
    if "bootstrapping phase" in error:
        return (
            FindingKind.START_REFUSED,
            (
                "With spawn and forkserver, each child imports the main module again. Code at its top level that "
                "starts a process would do so in every child."
            ),
            'Put the code that starts processes under: if __name__ == "__main__":',
        )
    # Python 3.13 says "local object".
    if "pickle" in error.lower() or "local object" in error:
        return (
            FindingKind.START_REFUSED,
            (
                "With spawn and forkserver, the target and its arguments are pickled. Lambdas, local functions, open "
                "files and threading locks cannot be."
            ),
            "Use a module-level function and picklable arguments, or the start method fork.",
        )
    return (
        FindingKind.START_REFUSED,
        "start() raised this exception, so no process was created.",
        "See the traceback in the log of the program.",
    )


def by_parent(actors: Iterable[Actor]) -> dict[int, list[Actor]]:
    """Return processes by the pid of the process that started them."""
    children: dict[int, list[Actor]] = defaultdict(list)
    for actor in actors:
        parent = actor.process.started_by or actor.process.ppid
        if parent:
            children[parent].append(actor)
    return children
