"""What those that could let a wait end would do, by what is waited for.  Pure.

The page has the same words, in `static/js/words/liberators.js`.
"""

from __future__ import annotations

from .resource import Resource, ResourceKind
from .waits import Edge

K = ResourceKind
_BY_VERB = {
    "get": "could be filled by",
    "recv": "could be filled by",
    "put": "could be emptied by",
    "flush": "could be emptied by",
    "send": "could be emptied by",
    "notify": "must be answered by",
}
_MESSAGES = {
    "recv": "could be sent by",
    "send": "could be taken by",
    "answer": "is served by",
    "connect": "could be accepted by",
    "greet": "could come from",
}
_BY_KIND = {
    K.CONDITION: "could be notified by",
    K.EVENT: "could be set by",
    K.JOINABLE_QUEUE: "could be worked off by",
    K.SEMAPHORE: "could be released by",
    K.BOUNDED_SEMAPHORE: "could be released by",
}
_OF_POOLS = "could be served by"


def ended_by(edge: Edge, resource: Resource | None, *, several: bool) -> str:
    """``held by``, ``could be notified by``, ``2 more must arrive, of``; nothing for a join.

    ``several`` are told after it.
    """
    if edge.of is not None:
        return ""
    if resource is None or resource.kind in (K.LISTENER, K.MANAGER):
        return _MESSAGES.get(edge.to, "could be ended by")
    if resource.kind is K.POOL:
        return _OF_POOLS
    if edge.to in _BY_VERB:
        return _BY_VERB[edge.to]
    if resource.kind is K.BARRIER:
        return f"{_missing(resource)} more must arrive, of"
    if resource.kind in _BY_KIND:
        return _BY_KIND[resource.kind]
    return "may be held by" if several else "held by"


def able(edge: Edge, resource: Resource | None) -> tuple[int, ...]:
    """Those that could; who waits at a barrier has arrived there already."""
    if resource is None or resource.kind is not K.BARRIER or edge.to != "wait":
        return edge.holders
    there = {one.pid for one in resource.waiting if one.to == "wait"}
    return tuple(pid for pid in edge.holders if pid not in there)


def _missing(barrier: Resource) -> int | str:
    if barrier.parties is None or barrier.arrived is None:
        return "some"
    return max(1, barrier.parties - barrier.arrived)
