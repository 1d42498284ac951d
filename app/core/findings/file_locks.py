"""Findings about locks on files: one that a process holds without having taken it.  Pure.

Deadlocks through such locks are found in the wait graph, as all others.
"""

from collections.abc import Iterator

from app.records.waits import Finding, FindingKind

from . import phrases
from .scene import Scene
from .stability import Candidate

#: A program that takes over from another one waits until that one is gone.
_LASTS_S = 5.0


def inherited(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each wait for a file lock whose holders have inherited it from the process that took it."""
    for edge in scene.edges:
        actor = scene.actors.get(edge.pid)
        if edge.file and edge.taken_by is not None and actor and scene.at - edge.since >= _LASTS_S:
            finding = Finding(
                id=f"{FindingKind.FILE_LOCK}:{edge.pid}-{edge.tid}",
                kind=FindingKind.FILE_LOCK,
                program=actor.process.program,
                text=f"{phrases.who_waits(scene, edge)} is blocked in flock() on {edge.file}. Its lock is held by "
                f"{phrases.names(scene, edge.holders)}, inherited from {_taker(scene, edge.taken_by)}.",
                why="A lock of flock() belongs to the open file, and fork() shares that with the child: the lock stays "
                "until every process has closed the file, or one of them unlocks it.",
                cure="End the holder if it does not need the lock. In the program, unlock the file before or right "
                "after fork(), close it in the child, or use spawn or forkserver, which pass on no files.",
                pids=(*edge.holders, edge.pid),
                since=edge.since,
            )
            yield Candidate(finding=finding, fingerprint=(edge.since, edge.holders))


def _taker(scene: Scene, pid: int) -> str:
    actor = scene.actors.get(pid)
    if actor is None:
        return f"a process that has exited (pid {pid})" if pid else "a process that has exited"
    if actor.alive:
        return f"{scene.name(pid)}, which has closed it"
    return f"{scene.name(pid)}, which has ended: {phrases.how_it_ended(scene, pid)}"
