"""Findings about processes that wait for the output of a command that has ended.  Pure."""

from collections.abc import Iterator

from app.records.process import Descendant
from app.records.waits import Edge, Finding, FindingKind

from . import phrases
from .scene import Scene
from .stability import Candidate

#: A command that ends hands its last output over in a moment.
_AFTER_S = 10.0


def kept_outputs(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each process that reads a pipe that only a process left behind by its command has open."""
    for edge in (one.edge for one in scene.waits if one.edge.to == "output"):
        exited = [one for one in scene.others.values() if one.ppid == edge.pid and one.state == "Z"]
        keepers = [scene.others.get(pid) for pid in edge.holders]
        # A child of its own that still runs may write; so may one that is of no program.
        if exited and keepers and all(one and one.ppid != edge.pid for one in keepers):
            yield _kept(scene, edge, exited)


def _kept(scene: Scene, edge: Edge, exited: list[Descendant]) -> Candidate:
    keeps = "keeps" if len(edge.holders) == 1 else "keep"
    commands = phrases.names(scene, [one.pid for one in exited])
    has = "has" if len(exited) == 1 else "have"
    actor = scene.actors.get(edge.pid)
    finding = Finding(
        id=f"{FindingKind.STUCK}:{edge.pid}-output",
        kind=FindingKind.STUCK,
        program=actor.process.program if actor else None,
        text=f"{phrases.who_waits(scene, edge)} waits for the end of the output of {commands}, which {has} exited. "
        f"{phrases.names(scene, edge.holders)}, left behind, {keeps} the pipe open.",
        why="The end of a pipe is reached only when no process has it open for writing, and a background process that "
        "a command starts inherits its output.",
        cure=f"End {phrases.names(scene, edge.holders)}. In the program, redirect the output of what the command "
        "leaves behind (to /dev/null, for example), or write it to a file instead of a pipe, or read with a timeout.",
        pids=(edge.pid, *edge.holders),
        since=edge.since,
    )
    return Candidate(finding=finding, fingerprint=edge.holders, after_s=_AFTER_S)
