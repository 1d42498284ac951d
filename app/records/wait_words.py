"""Who can end a wait, and by doing what, in words.  Pure.

The page has the same labels, in `static/js/words/waits.js`.
"""

from __future__ import annotations

from typing import NamedTuple

from .resource import Resource, ResourceKind
from .waits import Edge

K = ResourceKind


class Unblocking(NamedTuple):
    """What ends a wait: ``label`` before the names of the processes, ``verb`` after "which only worker-1 can"."""

    label: str
    verb: str


_BY_OPERATION = {
    "get": Unblocking("written by", "fill"),
    "recv": Unblocking("written by", "write to"),
    "put": Unblocking("read by", "empty"),
    "flush": Unblocking("read by", "empty"),
    "send": Unblocking("read by", "read from"),
    "notify": Unblocking("acknowledged by", "acknowledge"),
}
#: Over a connection that is no resource, or to a listener or a manager.
_OF_MESSAGES = {
    "recv": Unblocking("sent by", "send"),
    "send": Unblocking("received by", "receive"),
    "answer": Unblocking("served by", "give"),
    "connect": Unblocking("accepted by", "accept"),
    "greet": Unblocking("expected from", "complete"),
}
_BY_KIND = {
    K.CONDITION: Unblocking("notified by", "notify"),
    K.EVENT: Unblocking("set by", "set"),
    K.JOINABLE_QUEUE: Unblocking("processed by", "complete"),
    K.SEMAPHORE: Unblocking("released by", "release"),
    K.BOUNDED_SEMAPHORE: Unblocking("released by", "release"),
}
_BY_POOL = Unblocking("served by", "serve")
_HELD = Unblocking("held by", "release")
_MAY_BE_HELD = Unblocking("may be held by", "release")


def unblocking(edge: Edge, resource: Resource | None, *, several: bool = False) -> Unblocking:
    """Return what ends a wait, e.g. ``notified by``; of a join its label is empty.

    ``several``: more than one process is named after it.
    """
    if edge.of is not None:
        return Unblocking("", "end")
    if resource is None or resource.kind in (K.LISTENER, K.MANAGER):
        return _OF_MESSAGES.get(edge.to, Unblocking("ended by", "end"))
    if resource.kind is K.POOL:
        return _BY_POOL
    if edge.to in _BY_OPERATION:
        return _BY_OPERATION[edge.to]
    if resource.kind is K.BARRIER:
        return Unblocking(f"missing {missing_parties(resource)} of", "reach")
    return _BY_KIND.get(resource.kind) or (_MAY_BE_HELD if several else _HELD)


def unblockers(edge: Edge, resource: Resource | None) -> tuple[int, ...]:
    """Return the pids that can end a wait; a process that waits at a barrier has already arrived there."""
    if resource is None or resource.kind is not K.BARRIER or edge.to != "wait":
        return edge.holders
    arrived = {one.pid for one in resource.waiting if one.to == "wait"}
    return tuple(pid for pid in edge.holders if pid not in arrived)


def missing_parties(barrier: Resource) -> int | str:
    """Return how many parties a barrier still waits for; ``some`` where its counts could not be read."""
    if barrier.parties is None or barrier.arrived is None:
        return "some"
    return max(1, barrier.parties - barrier.arrived)
