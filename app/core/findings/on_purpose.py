"""Deadlocks that something may end on purpose: then a note says so, and no finding.  Pure.

Only of processes that wait for work or for the exit of others: a cycle of locks, or of full pipes, is never meant.
"""

from app.core.scene import phrases
from app.core.scene.scene import Scene
from app.core.scene.wait_graph import Deadlock
from app.records.waits import HANDLER, MAIN, Edge, Node

_FOR_WORK = frozenset({"join", "end", "get", "recv", "wait", "accept", "thread"})


def ends_it(scene: Scene, deadlock: Deadlock) -> str:
    """Return in a sentence what may end a deadlock on purpose; empty if nothing is known."""
    edges = deadlock.edges
    if len(edges) < 2 or not all(edge.to in _FOR_WORK for edge in edges):
        return ""
    if ender := next((node for node in sorted(scene.enders) if _may_end(scene, deadlock, node)), None):
        return f"{_who(scene, ender)} may end it on purpose: its code ends or interrupts processes."
    waiting = next((edge.pid for edge in edges if edge.main and edge.pid in scene.interruptible), None)
    if waiting is not None and all(_waits_for_the_first(scene, edge) for edge in edges):
        return f"{scene.name(waiting)} may wait for Ctrl-C on purpose: nothing has been put yet."
    return ""


def _may_end(scene: Scene, deadlock: Deadlock, node: Node) -> bool:
    """Return whether a handler of one of its processes, or a thread of the same program that runs, may end it."""
    pid, tid = node
    if tid == HANDLER:
        return pid in deadlock.pids
    actor, member = scene.actors.get(pid), scene.actors.get(deadlock.pids[0])
    if actor is None or member is None or not actor.alive or actor.process.program != member.process.program:
        return False
    return not any((one.edge.pid, one.edge.tid) == node and not one.edge.timed for one in scene.waits)


def _who(scene: Scene, node: Node) -> str:
    pid, tid = node
    if tid == HANDLER:
        return f"A handler of a signal in {scene.name(pid)}"
    return scene.name(pid) if tid == MAIN else phrases.capitalized(scene.thread(pid, tid))


def _waits_for_the_first(scene: Scene, edge: Edge) -> bool:
    """Return whether a process waits for the exit of another one, or for the first item of a queue."""
    return edge.to in {"join", "end"} or scene.for_first(edge)
