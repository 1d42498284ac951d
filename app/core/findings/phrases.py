"""How findings and prices speak of processes and things.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.records import wording
from app.records.resource import Resource, ResourceKind
from app.records.waits import Edge

from .scene import Scene

#: What is acquired and released, and so can be held by one that died.
HELD = frozenset({ResourceKind.LOCK, ResourceKind.RLOCK, ResourceKind.SEMAPHORE, ResourceKind.BOUNDED_SEMAPHORE})
QUEUES = frozenset({ResourceKind.QUEUE, ResourceKind.JOINABLE_QUEUE, ResourceKind.SIMPLE_QUEUE})
#: What several wait at until they are woken, by a Condition within.
GATHERING = frozenset({ResourceKind.CONDITION, ResourceKind.EVENT, ResourceKind.BARRIER})
_NAMED = 5
_CUT = 160
_MIB = 1024 * 1024

_WAITS = {
    "acquire": "waits for {thing}",
    "get": "waits to get from {thing}",
    "put": "waits to put into {thing}",
    "flush": "has items to write into {thing}, whose pipe is full",
    "recv": "waits to receive from {thing}",
    "send": "waits to send into {thing}",
    "wait": "waits at {thing}",
    "notify": "waits at {thing} for a sleeper to say that it is awake",
    "answer": "waits for an answer of {thing}",
    "accept": "waits for somebody to connect to {thing}",
    "connect": "waits to be accepted by {thing}",
    "greet": "is in accept() of {thing} and waits for who has connected to say who it is",
}
#: Of a connection of a listener, and of one that belongs to nothing.
_OVER = {"recv": "waits for a message over {thing}", "send": "waits to send over {thing}"}
_WITH = {"recv": "waits for a message of {who}", "send": "waits for {who} to take its message"}


def thing(scene: Scene, key: str) -> str:
    """As `wording.thing` says it."""
    return wording.thing(scene.resources, key)


def at_start(text: str) -> str:
    """As the first words of a sentence that does not begin with a name."""
    return text[:1].upper() + text[1:]


def waits(scene: Scene, edge: Edge) -> str:
    """``waits for lock a``, without who does."""
    if edge.of is not None:
        return f"waits {'in join() for' if edge.to == 'join' else 'for the end of'} {scene.name(edge.of)}"
    if edge.resource is None:
        return _WITH.get(edge.to, "waits for {who}").replace("{who}", names(scene, edge.holders))
    words = _WAITS.get(edge.to, "waits for {thing}")
    resource = scene.resources.get(edge.resource)
    if resource and resource.kind is ResourceKind.LISTENER:
        words = _OVER.get(edge.to, words)
    if edge.to == "wait" and resource and resource.kind is ResourceKind.JOINABLE_QUEUE:
        words = "waits in join() of {thing}"
    return words.replace("{thing}", thing(scene, edge.resource))


def names(scene: Scene, pids: Sequence[int]) -> str:
    """The first few, and how many more."""
    return listed([scene.name(pid) for pid in pids])


def cut(text: str) -> str:
    """Its beginning, where it is long."""
    return text if len(text) <= _CUT else f"{text[:_CUT]}…"


def listed(words: Sequence[str]) -> str:
    """``a, b and c``; ``a, b, c, d, e and 4 more``."""
    shown = list(words[:_NAMED])
    if len(words) > _NAMED:
        shown.append(f"{len(words) - _NAMED} more")
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1] if shown else "") if part)


def number(count: int, one: str, many: str | None = None) -> str:
    """``1 process``, ``3 processes``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def waiters(resource: Resource, apart_from: Iterable[int] = ()) -> tuple[int, ...]:
    """Who waits for it, each once."""
    without = set(apart_from)
    return tuple(dict.fromkeys(one.pid for one in resource.waiting if one.pid not in without))


def wait_for_it(count: int) -> str:
    """``3 processes wait for it``, or nothing."""
    return f"{number(count, 'process', 'processes')} {'waits' if count == 1 else 'wait'} for it" if count else ""


def size(count: int) -> str:
    """``1.0 MiB``, ``4096 bytes``."""
    return f"{count / _MIB:.1f} MiB" if count >= _MIB else number(count, "byte")


def how_it_ended(scene: Scene, pid: int) -> str:
    """The cause of an end, as far as it is known."""
    actor = scene.actors.get(pid)
    if actor is None:
        return "nobody saw how"
    process = actor.process
    if process.cause:
        return process.cause
    return "its exit code was not seen" if process.exitcode is None else f"exit code {process.exitcode}"
