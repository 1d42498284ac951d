"""A wait in words, and who can end it, as every edge is published with.  Pure."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from .resource import Resource, ResourceKind
from .waits import Edge

K = ResourceKind


class WaitWords(NamedTuple):
    """The words of a wait.

    ``phrase`` comes before what is awaited, ``ended_by`` before the processes that can end the wait (empty: not named),
    ``verb`` after "which only worker-1 can"; ``label`` is for an arrow of the drawing.
    """

    phrase: str
    label: str
    ended_by: str = ""
    verb: str = "end"


W = WaitWords
_HELD = "held by"
#: By `Edge.to`.
_WORDS = {
    "acquire": W("waits for", "waits", _HELD, "release"),
    "wait": W("waits for", "waits", "ended by"),
    "get": W("waits to get from", "in get()", "written by", "fill"),
    "put": W("waits to put into", "in put()", "read by", "empty"),
    "flush": W("is blocked flushing its queue buffer to", "flushing", "read by", "empty"),
    "recv": W("waits to receive from", "in recv()", "written by", "write to"),
    "send": W("waits to send to", "in send()", "read by", "read from"),
    "notify": W("waits in notify() on", "in notify()", "acknowledged by", "acknowledge"),
    "answer": W("waits for a reply from", "waits for reply", "answered by", "give"),
    "accept": W("waits in accept() on", "in accept()"),
    "connect": W("waits to be accepted by", "in connect()", "accepted by", "accept"),
    "greet": W("waits in accept() for a client's handshake on", "in accept()", "expected from", "complete"),
    "join": W("waits in join() for", "in join()"),
    "flock": W("waits for the lock on {file}, held by", "in flock()"),
    "end": W("waits for the exit of", "waits for exit"),
    "output": W("waits for output of", "reading output"),
    "thread": W("waits for another of its threads", "waits for thread"),
}
#: Where they differ; the kind is None for a message that comes over no resource.
_OF_KIND = {
    (None, "recv"): W("waits for a message from", "in recv()"),
    (None, "send"): W("waits to send a message to", "in send()"),
    (K.LISTENER, "recv"): W("waits for a message on", "in recv()", "sent by", "send"),
    (K.LISTENER, "send"): W("waits to send a message on", "in send()", "received by", "receive"),
    (K.CONDITION, "wait"): W("waits for", "waits", "notified by", "notify"),
    (K.EVENT, "wait"): W("waits for", "waits", "set by", "set"),
    (K.BARRIER, "wait"): W("waits for", "waits", "needs {missing} more of", "reach"),
    (K.JOINABLE_QUEUE, "wait"): W("waits in join() on", "in join()", "processed by", "complete"),
    (K.SEMAPHORE, "acquire"): W("waits for", "waits", "released by", "release"),
    (K.BOUNDED_SEMAPHORE, "acquire"): W("waits for", "waits", "released by", "release"),
}


#: The methods that end a wait, by what it is.
_ENDED_BY = {
    "get": frozenset({"put", "put_nowait"}),
    "put": frozenset({"get", "get_nowait"}),
    "flush": frozenset({"get", "get_nowait"}),
    "recv": frozenset({"send", "send_bytes", "close"}),
    "send": frozenset({"recv", "recv_bytes"}),
}
#: Those that end a wait(), or the join() of a queue, by what it is called on.
_WAIT_ENDED_BY = {
    K.EVENT: frozenset({"set"}),
    K.CONDITION: frozenset({"notify", "notify_all"}),
    K.BARRIER: frozenset({"wait", "abort", "reset"}),
    K.JOINABLE_QUEUE: frozenset({"task_done"}),
}


#: Waits that end by a call of somebody else, and not by the end of a process.
ENDED_BY_CALLS = ("get", "put", "flush", "wait")


def methods(to: str, kind: ResourceKind) -> frozenset[str]:
    """Return the methods that end a wait; none of a lock: to release it earlier is rarely what is meant."""
    return (_WAIT_ENDED_BY.get(kind) if to == "wait" else _ENDED_BY.get(to)) or frozenset()


def words(to: str, kind: ResourceKind | None) -> WaitWords:
    """Return the words of a wait for a resource of this kind; for a process, or a message from one, None."""
    found = _OF_KIND.get((kind, to)) or _WORDS.get(to) or _WORDS["wait"]
    return found._replace(ended_by="served by", verb="serve") if kind is K.POOL else found


def worded(edge: Edge, resource: Resource | None) -> Edge:
    """Return the edge with its words and its unblockers, as it is published."""
    found = words(edge.to, resource.kind if resource else None)
    able = unblockers(edge, resource)
    ended_by = "behind" if edge.behind and able else _ended_by(found, able, resource)
    if resource and resource.abandoned and not resource.lost and ended_by:
        able = () if resource.holder is None else (resource.holder,)
        ended_by = "abandoned by" if able else "abandoned by a process that has exited"
    named = None if able == edge.holders else able
    return replace(edge, phrase=phrase(edge, found), label=found.label, ended_by=ended_by, unblockers=named)


def phrase(edge: Edge, found: WaitWords) -> str:
    """Return the phrase of a wait, with the file whose lock is awaited."""
    return found.phrase.format(file=edge.file) if edge.file else found.phrase


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


def _ended_by(found: WaitWords, able: tuple[int, ...], resource: Resource | None) -> str:
    if resource is None or not found.ended_by:
        return ""
    if not able:
        return "with no known process to end the wait"
    if found.ended_by == _HELD and len(able) > 1:
        return "may be held by"
    return found.ended_by.format(missing=missing_parties(resource))
