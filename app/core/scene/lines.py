"""What the lines of a program say about a wait: which call comes too late, and where a lock was acquired.  Pure.

Only where the source could be read, and a variable has the name under which the resource was created.
"""

from collections.abc import Iterable

from app.records import wait_words
from app.records.resource import Resource
from app.records.waits import Edge
from app.records.wording import split_name

from .scene import Scene
from .surroundings import Call


def order(scene: Scene, waits: Edge, blocked: Edge) -> str:
    """Return which call, after the line at which ``blocked`` stands, would end the other wait; empty if unknown.

    As in ``stop.set() at a.py:27 must come before a.py:26, where main (pid 10) waits``.
    """
    resource = scene.resources.get(waits.resource or "")
    if resource is None or waits.pid == blocked.pid:
        return ""
    methods = wait_words.methods(waits.to, resource.kind)
    for frame, around in scene.surroundings(blocked.pid, blocked.tid):
        if call := _first(around.later, resource, methods):
            here = f"{frame.file_name}:{frame.line}"
            return (
                f"{call.name}.{call.method}() at {frame.file_name}:{call.line} must come before {here}, where "
                f"{scene.name(blocked.pid)} waits"
            )
    return ""


def acquired_at(scene: Scene, edge: Edge, lock: Resource) -> str:
    """Return ``a.py:12``, where a thread that waits has acquired a lock; empty if unknown."""
    for frame, around in scene.surroundings(edge.pid, edge.tid):
        if call := _first(around.acquired, lock, frozenset({"acquire"})):
            return f"{frame.file_name}:{call.line}"
    return ""


def _first(calls: Iterable[Call], resource: Resource, methods: frozenset[str]) -> Call | None:
    """Return the first call of one of the methods of a variable that the resource was assigned to."""
    names = {name.rpartition(".")[2] for name in split_name(resource.name)[0].split(", ")}
    return next((call for call in calls if call.method in methods and call.name in names), None)
