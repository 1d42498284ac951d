"""Findings about exited children that their parent has not waited for.  Pure.

A fixed set of them does no harm: they were started together, and are joined late.  A finding is a set that grows, or a
large one; a child that failed while its parent waits for something that may never come is worth a note.  Growth
alone is not enough: children that were started together end one by one.  So some of them must have been started after
others had ended; `multiprocessing.Process.start()` joins those that have ended, so these come from ``subprocess`` or
``os.fork``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from string import digits

from app.core.scene import phrases
from app.core.scene.scene import Actor, Scene
from app.core.scene.stability import Candidate
from app.records.primitives import Record
from app.records.process import State
from app.records.waits import Finding, FindingKind

#: A parent that joins its children in order leaves those that ended early for a while.
ZOMBIE_AFTER_S = 10.0
#: So many are a finding even if they do not grow: a user may have 4,096 processes, a container fewer.
MANY = 100
#: multiprocessing starts them for itself; they exit when no process needs them.
HELPERS = frozenset({"tracker", "forkserver"})
_KINDS_NAMED = 3


class Child(Record, frozen=True, kw_only=True):
    """An exited child; ``pid`` is 0 if it is not shown as a process.  ``ended_at``, by the wall clock, if known."""

    name: str
    pid: int
    observed: bool
    started_at: float
    ended_at: float | None = None
    failed: bool = False


def by_parent(scene: Scene) -> dict[int, list[Child]]:
    """Return the exited children that each living process has not waited for."""
    found: dict[int, list[Child]] = defaultdict(list)
    for actor in scene.actors.values():
        parent = actor.process.started_by or actor.process.ppid
        if parent and _is_unjoined(actor):
            found[parent].append(_child(actor))
    for one in (each for each in scene.others.values() if each.exited):
        found[one.ppid].append(Child(name=one.name, pid=one.pid, observed=False, started_at=one.start_time))
    return {parent: children for parent, children in found.items() if parent in scene.actors and scene.lives(parent)}


def _is_unjoined(actor: Actor) -> bool:
    # Only multiprocessing itself can join the resource tracker.
    return actor.process.observed and actor.role not in HELPERS and actor.process.state is State.EXITED


def _child(actor: Actor) -> Child:
    process = actor.process
    return Child(
        name=process.name,
        pid=actor.pid,
        observed=True,
        started_at=process.start_time or 0.0,
        ended_at=process.exited_at,
        failed=process.exitcode not in (0, None),
    )


def zombies(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each parent whose exited children grow, or are many."""
    for parent, children in by_parent(scene).items():
        if _grows(scene, parent, children):
            yield _growing(scene, parent, children)
            continue
        old = [one for one in children if scene.at - (one.ended_at or one.started_at) >= ZOMBIE_AFTER_S]
        if len(old) >= MANY:
            yield _unjoined(scene, parent, old)


def failures(scene: Scene) -> Iterator[tuple[int, str, float]]:
    """Yield each parent that waits although a child of it has failed: the names of its exited children, since when.

    It may be why it waits, or meant so: a process may exit with a code other than 0 on purpose.
    """
    for parent, children in by_parent(scene).items():
        old = [one for one in children if scene.at - (one.ended_at or one.started_at) >= ZOMBIE_AFTER_S]
        if any(one.failed for one in old) and _waits(scene, parent):
            yield parent, _named(scene, old), min(one.ended_at or one.started_at for one in old if one.failed)


def _grows(scene: Scene, parent: int, children: Sequence[Child]) -> bool:
    """Return whether their number grows, and mostly by children that were started while others had ended."""
    growth = scene.growing_children.get(parent)
    return growth is not None and sum(one.started_at > growth.since for one in children) * 2 > growth.grown


def _waits(scene: Scene, parent: int) -> bool:
    """Return whether its main thread has waited without a timeout, for a while, and not for the exit of a process.

    Not in a deadlock, which names those that have ended as its cause.
    """
    return parent not in scene.deadlocked and any(
        edge.pid == parent and edge.main and not edge.timed and edge.to not in {"join", "end"}
        for edge in scene.edges
        if scene.at - edge.since >= ZOMBIE_AFTER_S
    )


def _growing(scene: Scene, parent: int, children: Sequence[Child]) -> Candidate:
    growth = scene.growing_children[parent]
    count = phrases.number(len(children), "exited child", "exited children")
    return _candidate(
        scene,
        parent,
        children,
        text=f"{scene.name(parent)} has not waited for {count} ({_kinds(children)}), {growth.words}.",
        why="The kernel keeps the pid and the exit code of a child until its parent reads them. They only grow: at the "
        "limit of processes, or of pids, no process can be started any more.",
        cure="Wait for each child: call wait() or communicate() on a Popen, or use subprocess.run(); after os.fork() "
        "call os.waitpid(). The zombies also disappear when their parent exits.",
    )


def _unjoined(scene: Scene, parent: int, children: Sequence[Child]) -> Candidate:
    who = phrases.number(len(children), "exited child process", "exited child processes")
    return _candidate(
        scene,
        parent,
        children,
        text=f"{scene.name(parent)} has not joined {who}: {_named(scene, children)}.",
        why="The kernel keeps the pid and the exit code of a child until its parent reads them. A zombie uses "
        "nothing else, but enough of them exhaust the pids.",
        cure="Call join(), also after terminate() and kill(); active_children() joins every child that has "
        "exited. Zombies also disappear when their parent exits.",
    )


def _candidate(scene: Scene, parent: int, children: Sequence[Child], *, text: str, why: str, cure: str) -> Candidate:
    finding = Finding(
        id=f"{FindingKind.ZOMBIE}:{parent}",
        kind=FindingKind.ZOMBIE,
        program=scene.actors[parent].process.program,
        text=text,
        why=why,
        cure=cure,
        pids=(parent, *(one.pid for one in children if one.observed)),
        since=min(one.ended_at or one.started_at for one in children),
    )
    return Candidate(finding=finding, after_s=0.5)


def _named(scene: Scene, children: Sequence[Child]) -> str:
    """Return their names, and of those that failed how they ended."""
    words = []
    for one in sorted(children, key=lambda child: not child.failed):
        how = f", {phrases.how_it_ended(scene, one.pid)}" if one.failed else ""
        words.append(f"{one.name} (pid {one.pid}{how})")
    return phrases.listed(words)


def _kinds(children: Sequence[Child]) -> str:
    """Return ``true ×14``, ``convert ×9, sh ×2``; those that differ only in a number are of one kind."""
    counted = Counter(one.name.rstrip(digits).rstrip(" -") or one.name for one in children).most_common()
    words = [f"{name} ×{count}" if count > 1 else name for name, count in counted[:_KINDS_NAMED]]
    rest = sum(count for _, count in counted[_KINDS_NAMED:])
    return ", ".join([*words, *([f"{rest} more"] if rest else [])])
