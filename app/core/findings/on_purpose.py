"""Deadlocks that something may end on purpose: then a note says so, and no finding.  Pure.

Only of processes that wait for work or for the exit of others: a cycle of locks, or of full pipes, is never meant.
"""

from collections.abc import Mapping

from app.core.scene import phrases
from app.core.scene.scene import Scene
from app.core.scene.wait_graph import Deadlock
from app.records.primitives import Record
from app.records.waits import HANDLER, MAIN, Edge, Node

_FOR_WORK = frozenset({"join", "end", "get", "recv", "wait", "accept", "thread"})


class Enders(Record, frozen=True):
    """Who may end processes on purpose: of each program the first such thread that runs, and handlers by pid."""

    threads: Mapping[str | None, Node]
    handlers: Mapping[int, Node]


def enders(scene: Scene) -> Enders:
    """Return the threads and handlers of a scene whose code ends or interrupts processes."""
    waiting = {(one.edge.pid, one.edge.tid) for one in scene.waits if not one.edge.timed}
    threads: dict[str | None, Node] = {}
    for node in sorted(scene.enders - waiting):
        actor = scene.actors.get(node[0])
        if actor and actor.alive and node[1] != HANDLER:
            threads.setdefault(actor.process.program, node)
    return Enders(threads, {node[0]: node for node in scene.enders if node[1] == HANDLER})


def ends_it(scene: Scene, deadlock: Deadlock, known: Enders) -> str:
    """Return in a sentence what may end a deadlock on purpose; empty if nothing is known."""
    edges = deadlock.edges
    if len(edges) < 2 or not all(edge.to in _FOR_WORK for edge in edges):
        return ""
    member = scene.actors.get(deadlock.pids[0])
    found = (known.threads.get(member.process.program) if member else None, *map(known.handlers.get, deadlock.pids))
    if ender := next(filter(None, found), None):
        return f"{_who(scene, ender)} may end this wait intentionally: its code terminates or signals processes."
    waiting = next((edge.pid for edge in edges if edge.main and edge.pid in scene.interruptible), None)
    if waiting is not None and all(_waits_for_the_first(scene, edge) for edge in edges):
        return f"{scene.name(waiting)} may be waiting for Ctrl-C: no item has been put yet."
    return ""


def _who(scene: Scene, node: Node) -> str:
    pid, tid = node
    if tid == HANDLER:
        return f"A handler of a signal in {scene.name(pid)}"
    return scene.name(pid) if tid == MAIN else phrases.capitalized(scene.thread(pid, tid))


def _waits_for_the_first(scene: Scene, edge: Edge) -> bool:
    """Return whether a process waits for the exit of another one, or for the first item of a queue."""
    return edge.to in {"join", "end"} or scene.for_first(edge)
