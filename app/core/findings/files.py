"""Findings about files: too many of them open, and locks on them that a process has only inherited.  Pure.

Deadlocks through locks on files are found in the wait graph, as all others.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.core.scene import phrases
from app.core.scene.growth import Growth
from app.core.scene.scene import Actor, HeldFiles, OpenFiles, Scene
from app.core.scene.stability import Candidate
from app.records.resource import ResourceKind
from app.records.waits import Finding, FindingKind
from app.records.wording import kind_label

#: Above this share of the limit it is a finding; of a number that grows, above the other one,
_FULL, _GROWN = 0.8, 0.5
#: or if it has grown for so long, and reaches the limit soon.
_GROWS_S, _SOON_S = 60.0, 600.0
_KINDS = {kind.value: kind for kind in ResourceKind}
_KINDS_NAMED = 3
#: A program that takes over from another one waits until that one is gone.
_WAITS_S = 5.0


def near_limit(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each process that has few descriptors left."""
    for pid, files in scene.open_files.items():
        actor = scene.actors.get(pid)
        count = actor.process.fds if actor and actor.alive else None
        if actor and count and _is_near(scene, count, files.limit, scene.growing_files.get(pid)):
            yield _near_limit(scene, actor, count, files)


def _is_near(scene: Scene, count: int, limit: int, growth: Growth | None) -> bool:
    if count >= limit * _FULL:
        return True
    if growth is None:
        return False
    grows_long = scene.at - growth.since >= _GROWS_S
    return count >= limit * _GROWN or (grows_long and (limit - count) / growth.per_s < _SOON_S)


def _near_limit(scene: Scene, actor: Actor, count: int, files: OpenFiles) -> Candidate:
    growth = scene.growing_files.get(actor.pid)
    faster = f", {growth.words}" if growth else ""
    what = _what(files.held)
    finding = Finding(
        id=f"{FindingKind.FILE_LIMIT}:{actor.process.id}",
        kind=FindingKind.FILE_LIMIT,
        program=actor.process.program,
        text=f"{scene.name(actor.pid)} has {count:,} of {files.limit:,} descriptors open{faster}{what}.",
        why="At its limit every open(), socket(), Queue() and start() raises OSError: [Errno 24] Too many open files.",
        cure=_cure(files.held),
        pids=(actor.pid,),
        since=growth.since if growth else scene.at,
    )
    return Candidate(finding=finding)


def _what(held: tuple[HeldFiles, ...]) -> str:
    """Return what most of them are, or how many of each kind; files of the start are not counted."""
    if not held:
        return ""
    total = sum(one.count for one in held)
    if held[0].count * 2 > total:
        return f"; most are {_kind(held[0])}"
    named = [f"{one.count:,} {_kind(one)}" for one in held[:_KINDS_NAMED]]
    return f"; of the newest {total:,}, {phrases.listed(named)}"


def _kind(one: HeldFiles) -> str:
    """Return ``pipes of queues made at train.py:17``, ``files in /tmp/``, ``sockets``."""
    if one.what == "file":
        return f"files in {phrases.cut(one.of)}" if one.of.endswith("/") else f"{phrases.cut(one.of)}"
    if one.what == "other":
        return f"{phrases.cut(one.of)} descriptors"
    if one.of == "sentinel":
        return "sentinels of child processes"
    place = f" made at {one.place}" if one.place else ""
    kind = _KINDS.get(one.of)
    if kind is None:
        return f"{one.what}s"
    if kind is ResourceKind.PIPE:
        return f"ends of pipes{place}"
    return f"{one.what}s of {kind_label(kind)}s{place}"


def _cure(held: tuple[HeldFiles, ...]) -> str:
    of = _KINDS.get(held[0].of) if held else None
    if of in phrases.QUEUES:
        return (
            "Make the queue once and use it again. A process that never put into a Queue keeps its write end open "
            "even after close() and join_thread(), until the last reference to the queue is gone."
        )
    if held and held[0].of == "sentinel":
        return "Call close() on each Process after join(), and keep no reference to it."
    return (
        "Close each one when it is no longer needed, best with a with statement. A higher limit (ulimit -n) only puts "
        "it off if the number grows."
    )


def inherited(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each wait for a file lock whose holders have inherited it from the process that took it."""
    for edge in scene.edges:
        actor = scene.actors.get(edge.pid)
        if edge.file and edge.taken_by is not None and actor and scene.at - edge.since >= _WAITS_S:
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
