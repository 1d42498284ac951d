"""Findings about processes of which all threads wait for each other: no thread is left that could go on.  Pure.

A lock between threads of a process can be released by that process only.  What the main thread does is told by its
stack: without one, only that it waits is known.
"""

from collections import defaultdict
from collections.abc import Iterator

from app.core.scene import phrases
from app.core.scene.scene import Actor, Scene
from app.core.scene.stability import Candidate
from app.core.scene.wait_graph import Deadlock
from app.records.waits import MAIN, Certainty, Edge, Finding, FindingKind

from . import threads
from .forks import named_threads

#: A pool that starts or ends is in such a state for a moment.
_AFTER_S = 5.0
#: Of an Event or a Condition; who waits for one may mean to do nothing until a signal ends the process.
_IDLE = frozenset({"wait", "Event.wait", "Condition.wait", "wait_for", "Condition.wait_for"})
#: What the handler of a signal may end: also a wait for an item that it puts, but not one for a lock.
_ENDED_BY_HANDLER = _IDLE | {"get", "Queue.get", "SimpleQueue.get"}
_WORKER_FILE = "concurrent/futures/thread.py"
_WHY_OF_OWN_EXECUTOR = (
    "A job of an executor waits for other jobs. These wait in the queue of the executor, of which every thread is "
    "occupied by a job that waits."
)
_CURE_OF_OWN_EXECUTOR = (
    "Kill the process. In the program, let no job wait for jobs of the same executor: submit them from outside, or to "
    "another executor."
)
_WHY = (
    "A lock, queue or event between threads can be released, filled or set only by a thread of the same process, and "
    "none of its threads can go on."
)
_FOR_A_LOCK = "waits for a lock between threads"
_OF_THREADS = frozenset({"threading", "queue"})


def stuck_threads(scene: Scene, found: tuple[Deadlock, ...]) -> Iterator[Candidate]:
    """Yield a candidate for each process of which all threads wait for each other, without a timeout."""
    within = {deadlock.within: deadlock for deadlock in found}
    waits: dict[int, dict[int, Edge]] = defaultdict(dict)
    for edge in (one.edge for one in scene.waits if one.edge.pid in within and one.edge.to == "thread"):
        waits[edge.pid][edge.tid] = edge
    for pid, edges in waits.items():
        actor = scene.actors.get(pid)
        if actor and not is_idle(scene, actor, handles=any(edge.handled for edge in edges.values())):
            yield _stuck(scene, actor, edges, within[pid].blocked_behind)


def is_idle(scene: Scene, actor: Actor, *, handles: bool) -> bool:
    """Return whether it may wait on purpose, until a signal ends the process or, if it ``handles`` one, the wait."""
    is_first = actor.process.id == actor.process.program
    if not scene.frames(actor.pid):
        return is_first or handles
    call = scene.call(actor.pid)
    function = call.function if call and call.module in _OF_THREADS else ""
    return (is_first and function in _IDLE) or (handles and function in _ENDED_BY_HANDLER)


def _waits_for_own_executor(scene: Scene, pid: int) -> bool:
    """Return whether a thread of an executor waits for a job that only the same kind of thread could execute."""
    threads_of_executors = (
        scene.frames(one.edge.pid, one.edge.tid)
        for one in scene.waits
        if one.edge.pid == pid and one.edge.tid != MAIN and not one.edge.timed
    )
    return any(
        any(frame.file.endswith(_WORKER_FILE) and frame.function == "_worker" for frame in frames)
        and any(frame.function.rpartition(".")[2] == "result" for frame in frames)
        for frames in threads_of_executors
    )


def _stuck(scene: Scene, actor: Actor, edges: dict[int, Edge], behind: tuple[int, ...]) -> Candidate:
    who = phrases.who_waits(scene, edges.get(MAIN) or next(iter(edges.values())))
    since = max(edge.since for edge in edges.values())
    of_executor = _waits_for_own_executor(scene, actor.pid)
    finding = Finding(
        id=f"{FindingKind.STUCK}:{actor.process.id}",
        kind=FindingKind.STUCK,
        program=actor.process.program,
        text=f"{who} {phrases.thread_wait(scene, actor.pid) or _FOR_A_LOCK}, {_nobody(scene, actor, edges)}."
        f"{_at_fork(scene, actor)}{phrases.blocked_behind(scene, behind, 1)}"
        + threads.died_of_the_program(scene, actor.process.program),
        why=_WHY_OF_OWN_EXECUTOR if of_executor else _WHY,
        cure=_CURE_OF_OWN_EXECUTOR if of_executor else _cure(actor),
        pids=(actor.pid, *behind),
        since=since,
        # Without its stack, it may wait for anything; a handler may do more than its code shows.
        certainty=Certainty.CERTAIN
        if scene.frames(actor.pid) and not any(edge.handled for edge in edges.values())
        else Certainty.VERY_LIKELY,
    )
    return Candidate(finding=finding, fingerprint=round(since, 2), after_s=_AFTER_S)


def _nobody(scene: Scene, actor: Actor, edges: dict[int, Edge]) -> str:
    others = {edge.tid: edge for edge in edges.values() if edge.tid != MAIN}
    for edge in (one.edge for one in scene.waits if one.edge.pid == actor.pid):
        # What threads of libraries wait for matters only if they run code of the program.
        if edge.tid != MAIN and not edge.timed and scene.place(actor.pid, edge.tid):
            others.setdefault(edge.tid, edge)
    if not others:
        return "and has no other thread that could end that wait"
    # Those that run code of the program come first.
    each = sorted(others.values(), key=lambda edge: not scene.place(actor.pid, edge.tid))
    return f"and all its other threads wait, too: {phrases.listed([_thread(scene, edge) for edge in each])}"


def _thread(scene: Scene, edge: Edge) -> str:
    """Return ``job at jobs.py:12 in work()``; of one that waits for something outside, also for what."""
    place = scene.place(edge.pid, edge.tid)
    name = (edge.thread or str(edge.tid)) + (f" at {place}" if place else "")
    return name if edge.to == "thread" else f"{name}, which {phrases.waits(scene, edge)}"


def _at_fork(scene: Scene, actor: Actor) -> str:
    parent = scene.actors.get(actor.process.started_by or 0)
    count = (parent.process.threads or 1) - parent.python_threads if parent else 1
    if actor.process.start_method in {"fork", None} and _of_executor(scene, actor):
        return (
            " An executor works only in the process that has made it: a forked copy has none of its threads, and its "
            "lock stays as it was at the fork."
        )
    if not actor.threads_at_fork and actor.process.start_method in {"fork", None} and count > 1:
        return (
            f" {scene.name(actor.process.started_by or 0)}, which forked it, has {count} threads, of a library such as "
            "OpenMP or BLAS for example: what one of them held at the fork stays locked here."
        )
    if not actor.threads_at_fork:
        return ""
    those = phrases.number(actor.threads_at_fork, "other thread")
    those += named_threads(actor.threads_of_parent, actor.threads_at_fork)
    return (
        f" {scene.name(actor.process.started_by or 0)} had {those} when it forked this process: these do not exist "
        "here, and what they held stays locked."
    )


def _of_executor(scene: Scene, actor: Actor) -> bool:
    """Return whether its main thread waits to submit something to a process pool."""
    call = scene.call(actor.pid)
    return call is not None and call.module == "concurrent.futures.process" and call.function.endswith("submit")


def _cure(actor: Actor) -> str:
    if not actor.threads_at_fork:
        return (
            "Kill the process. In the program, give the wait a timeout, and release, fill or set what it waits for in "
            "another thread; to wait for another process use the Lock, Queue or Event of multiprocessing."
        )
    return (
        "Kill the process. In the program, use the start method spawn or forkserver, or fork before starting threads."
    )
