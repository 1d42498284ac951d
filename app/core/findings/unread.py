"""Findings about what nobody reads: items left in a feeder thread, and pipes that a command left open.  Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from app.core.scene import lines, phrases
from app.core.scene.scene import Scene
from app.core.scene.stability import Candidate
from app.records.process import Descendant
from app.records.resource import Resource
from app.records.waits import MAIN, Certainty, Edge, Finding, FindingKind

#: A command that ends hands its last output over in a moment.
_AFTER_S = 10.0


def kept_outputs(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each process that reads a pipe that only a process left behind by its command has open."""
    for edge in (one.edge for one in scene.waits if one.edge.to == "output"):
        exited = [one for one in scene.others.values() if one.ppid == edge.pid and one.exited]
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


def joins_before_drain(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each join of a process that cannot exit because nothing reads what it put into a queue."""
    flushing = _flushing(scene)
    for edge in scene.edges:
        # A wait for the first of an exit and an item reads the item.
        if edge.of is not None and edge.to == "join" and not edge.timed and scene.lives(edge.of):
            for key in sorted(flushing[edge.of]):
                yield _join_before_drain(scene, edge, edge.of, scene.resources[key])


def exits_before_drain(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each process that waits at its exit for its own feeder thread, whose items nobody reads."""
    joined = {edge.of for edge in scene.edges if edge.to == "join" and not edge.timed}
    for wait in (one for one in scene.waits if one.edge.to == "flush" and one.edge.certain and not one.hopeless):
        edge = wait.edge
        actor, resource = scene.actors.get(edge.pid), scene.resources.get(edge.resource or "")
        if not (actor and actor.alive and actor.exiting and resource) or edge.pid in joined:
            continue
        # The main thread of a process that exits reads no more.
        idle = {(edge.pid, MAIN), (edge.pid, edge.tid)}
        if all(node in idle or not scene.lives(node[0]) for node in wait.able):
            yield _exit_before_drain(scene, edge, resource)


def _exit_before_drain(scene: Scene, edge: Edge, resource: Resource) -> Candidate:
    count = _buffered(resource, edge.pid)
    process, queue = scene.name(edge.pid), phrases.resource(scene, resource.id)
    items = phrases.number(count, "item") if count else "items"
    finding = Finding(
        id=f"{FindingKind.JOIN_BEFORE_DRAIN}:{edge.pid}-{resource.id}",
        kind=FindingKind.JOIN_BEFORE_DRAIN,
        program=resource.program,
        text=f"{process} is exiting and waits for its own feeder thread, which still has {items} to flush to {queue}, "
        f"whose pipe is full, and no other process can read from it.{_ended(scene, resource.ended_users)}",
        why="A process that put items into a Queue does not exit until its feeder thread has written all of them to "
        "the pipe.",
        cure="Put no more items than are read, or read the rest before the program ends. If the items do not matter, "
        "call cancel_join_thread() on the queue in the process that puts them; they are then lost.",
        pids=(edge.pid, *resource.ended_users),
        resources=(resource.id,),
        since=edge.since,
    )
    return Candidate(finding=finding, fingerprint=(count, resource.pipe_bytes))


def _ended(scene: Scene, pids: Iterable[int]) -> str:
    """Return in a sentence how those of ``pids`` ended that could have read from a queue."""
    ended = [pid for pid in pids if not scene.lives(pid)]
    if not ended:
        return ""
    those = (
        "The other process that could have read from it has"
        if len(ended) == 1
        else "The others that could have read from it have"
    )
    return f" {those} ended: {phrases.how_they_ended(scene, ended)}."


def _flushing(scene: Scene) -> defaultdict[int, set[str]]:
    """Return the queues, by pid, that a feeder thread cannot flush, or has items for after the target returned."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for edge in scene.edges:
        if edge.to == "flush" and edge.resource and edge.resource in scene.resources:
            found[edge.pid].add(edge.resource)
    for key, resource in scene.resources.items():
        for pid in map(int, resource.buffered or ()):
            actor = scene.actors.get(pid)
            if actor and actor.exiting and _buffered(resource, pid) and resource.pipe_bytes:
                found[pid].add(key)
    return found


def _buffered(resource: Resource, pid: int) -> int | None:
    """Return how many items its feeder thread has; None where that could not be read."""
    count = (resource.buffered or {}).get(str(pid))
    return count if isinstance(count, int) else None


def _join_before_drain(scene: Scene, join: Edge, pid: int, resource: Resource) -> Candidate:
    count = _buffered(resource, pid)
    child, queue = scene.name(pid), phrases.resource(scene, resource.id)
    items = phrases.number(count, "item") if count else "items"
    # Others that only put something into it end well.
    failed = [one for one in resource.ended_users if one in scene.failed_pids.get(resource.program, ())]
    others = set(resource.users) - {join.pid, pid, *resource.inherited_by}
    finding = Finding(
        id=f"{FindingKind.JOIN_BEFORE_DRAIN}:{join.pid}-{pid}-{resource.id}",
        kind=FindingKind.JOIN_BEFORE_DRAIN,
        program=resource.program,
        text=f"{scene.name(join.pid)} waits in join() for {child}, which cannot exit: its feeder thread still has "
        f"{items} to flush to {queue}, whose pipe is full, and nothing is reading from it."
        f"{_ended(scene, failed)}",
        why="A process that put items into a Queue does not exit until its feeder thread has written all of them to "
        "the pipe, so it must not be joined before its items have been read.",
        cure=_read_first(scene, join, pid, resource),
        pids=(pid, join.pid),
        resources=(resource.id,),
        since=join.since,
        # Another process that can read from it might still do so.
        certainty=Certainty.VERY_LIKELY if any(map(scene.lives, others)) else Certainty.CERTAIN,
    )
    return Candidate(finding=finding, fingerprint=(count, resource.pipe_bytes))


def _read_first(scene: Scene, join: Edge, pid: int, resource: Resource) -> str:
    """Return what to do, with the lines that are in the wrong order where the source shows them."""
    flush = Edge(pid=pid, resource=resource.id, since=join.since, to="flush")
    order = lines.order(scene, flush, join)
    first = f"Read all items from {phrases.resource(scene, resource.id)} first, then join {scene.name(pid)}"
    return (
        f"{first}: {order}. " if order else f"{first}. "
    ) + "If the items do not matter, call cancel_join_thread() in the process that puts them; they are then lost."
