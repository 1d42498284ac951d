"""Findings about processes of which all threads wait for each other: no thread is left that could go on.  Pure.

A lock between threads of a process can be released by that process only.  What the main thread does is told by its
stack: without one, only that it waits is known.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from app.records.waits import MAIN, Edge, Finding, FindingKind

from . import phrases
from .processes import named_threads
from .scene import Actor, Scene
from .stability import Candidate
from .wait_graph import Deadlock

#: A pool that starts or ends is in such a state for a moment.
_AFTER_S = 5.0
_IMPORT = "importlib._bootstrap"
#: Of an Event or a Condition; who waits for one may mean to do nothing until a signal ends the process.
_IDLE = frozenset({"wait", "Event.wait", "Condition.wait", "wait_for", "Condition.wait_for"})
#: What the handler of a signal may end: also a wait for an item that it puts, but not one for a lock.
_ENDED_BY_HANDLER = _IDLE | {"get", "Queue.get", "SimpleQueue.get"}
_OF_THREADS = frozenset({"threading", "queue"})


class _Call(NamedTuple):
    """What the main thread waits for: ``what`` in words, ``function`` of the standard library if it called one."""

    what: str
    is_import: bool = False
    function: str = ""
    known: bool = True


def stuck_threads(scene: Scene, found: tuple[Deadlock, ...]) -> Iterator[Candidate]:
    """Yield a candidate for each process of which all threads wait for each other, without a timeout."""
    within = {deadlock.within for deadlock in found}
    waits: dict[int, dict[int, Edge]] = defaultdict(dict)
    for edge in (one.edge for one in scene.waits if one.edge.pid in within and one.edge.to == "thread"):
        waits[edge.pid][edge.tid] = edge
    for pid, edges in waits.items():
        actor = scene.actors.get(pid)
        if actor and not is_idle(scene, actor, handles=any(edge.handled for edge in edges.values())):
            yield _stuck(scene, actor, edges)


def is_idle(scene: Scene, actor: Actor, *, handles: bool) -> bool:
    """Return whether it may wait on purpose, until a signal ends the process or, if it ``handles`` one, the wait."""
    call = _call(scene, actor)
    is_first = actor.process.id == actor.process.program
    if not call.known:
        return is_first or handles
    return (is_first and call.function in _IDLE) or (handles and call.function in _ENDED_BY_HANDLER)


def _stuck(scene: Scene, actor: Actor, edges: dict[int, Edge]) -> Candidate:
    call = _call(scene, actor)
    who = phrases.who_waits(scene, edges.get(MAIN) or next(iter(edges.values())))
    since = max(edge.since for edge in edges.values())
    finding = Finding(
        id=f"{FindingKind.STUCK}:{actor.process.id}",
        kind=FindingKind.STUCK,
        program=actor.process.program,
        text=f"{who} waits {call.what}, {_nobody(scene, actor, edges)}.{_at_fork(scene, actor)}",
        why="A lock, queue or event between threads can be released, filled or set only by a thread of the same "
        "process, and none of its threads can go on.",
        cure=_cure(actor, call),
        pids=(actor.pid,),
        since=since,
    )
    return Candidate(finding=finding, fingerprint=round(since, 2), after_s=_AFTER_S)


def _call(scene: Scene, actor: Actor) -> _Call:
    """Return what the main thread waits for, by the function of the standard library that it called."""
    frames = scene.frames(actor.pid)
    if any(frame.module == _IMPORT for frame in frames[:3]):
        return _Call("for the lock of a module that it imports", is_import=True)
    call = scene.call(actor.pid)
    if call is None:
        return _Call("for a lock between threads", known=bool(frames))
    return _Call(f"in {call.in_words}", function=call.function if call.module in _OF_THREADS else "")


def _nobody(scene: Scene, actor: Actor, edges: dict[int, Edge]) -> str:
    others = [edge for edge in edges.values() if edge.tid != MAIN]
    if not others:
        return "and has no other thread that could end that wait"
    places = [(edge.thread or str(edge.tid), scene.place(actor.pid, edge.tid)) for edge in others]
    named = [f"{name} at {place}" if place else name for name, place in places]
    return f"and all its other threads wait, too: {phrases.listed(named)}"


def _at_fork(scene: Scene, actor: Actor) -> str:
    parent = scene.actors.get(actor.process.started_by or 0)
    count = (parent.process.threads or 1) if parent else 1
    if not actor.threads_at_fork and actor.process.start_method in {"fork", None} and count > 1:
        return (
            f" {scene.name(actor.process.started_by or 0)}, which forked it, has {count} threads, of a library such as "
            "OpenMP or BLAS for example: what one of them held at the fork stays locked here."
        )
    if not actor.threads_at_fork:
        return ""
    threads = phrases.number(actor.threads_at_fork, "other thread")
    threads += named_threads(actor.threads_of_parent, actor.threads_at_fork)
    return (
        f" {scene.name(actor.process.started_by or 0)} had {threads} when it forked this process: these do not exist "
        "here, and what they held stays locked."
    )


def _cure(actor: Actor, call: _Call) -> str:
    if not actor.threads_at_fork:
        return (
            "Kill the process. In the program, give the wait a timeout, and release, fill or set what it waits for in "
            "another thread; to wait for another process use the Lock, Queue or Event of multiprocessing."
        )
    first = "import the module before threads are started" if call.is_import else "fork before starting threads"
    return f"Kill the process. In the program, use the start method spawn or forkserver, or {first}."
