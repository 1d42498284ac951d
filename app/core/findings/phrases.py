"""How findings and kill costs name processes, resources and waits.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.records import wording
from app.records.resource import Resource, ResourceKind
from app.records.waits import Edge

from .scene import Scene

#: What is acquired and released, and so can be held by a process that died.
LOCKS = frozenset({ResourceKind.LOCK, ResourceKind.RLOCK, ResourceKind.SEMAPHORE, ResourceKind.BOUNDED_SEMAPHORE})
QUEUES = frozenset({ResourceKind.QUEUE, ResourceKind.JOINABLE_QUEUE, ResourceKind.SIMPLE_QUEUE})
#: What processes wait on until they are woken, by a Condition inside.
WITH_SLEEPERS = frozenset({ResourceKind.CONDITION, ResourceKind.EVENT, ResourceKind.BARRIER})
_NAMED = 5
_CUT = 160
_MIB = 1024 * 1024

_WAITS = {
    "acquire": "waits for {resource}",
    "get": "waits to get from {resource}",
    "put": "waits to put into {resource}",
    "flush": "is blocked flushing its queue buffer to {resource}, whose pipe is full",
    "recv": "waits to receive from {resource}",
    "send": "waits to send to {resource}",
    "wait": "waits for {resource}",
    "notify": "waits in notify() on {resource} for a sleeper to confirm that it is awake",
    "answer": "waits for a reply from {resource}",
    "accept": "waits in accept() on {resource}",
    "connect": "waits to be accepted by {resource}",
    "greet": "waits in accept() on {resource} for a client's handshake",
}
#: Over a connection of a listener, and over one that belongs to no resource.
_WAITS_OVER_LISTENER = {"recv": "waits for a message on {resource}", "send": "waits to send on {resource}"}
_WAITS_FOR_PROCESS = {"recv": "waits for a message from {names}", "send": "waits for {names} to receive its message"}


def resource(scene: Scene, key: str) -> str:
    """Return what people call a resource of the scene; see `wording.resource_name`."""
    return wording.resource_name(scene.resources, key)


def capitalized(text: str) -> str:
    """Return the text with a capital first letter, for the start of a sentence."""
    return text[:1].upper() + text[1:]


def waits(scene: Scene, edge: Edge) -> str:
    """Return ``waits for lock a``, without the process that waits."""
    if edge.of is not None:
        name = scene.name(edge.of)
        return f"waits in join() for {name}" if edge.to == "join" else f"waits for the exit of {name}"
    if edge.resource is None:
        return _WAITS_FOR_PROCESS.get(edge.to, "waits for {names}").replace("{names}", names(scene, edge.holders))
    words = _WAITS.get(edge.to, "waits for {resource}")
    awaited = scene.resources.get(edge.resource)
    if awaited and awaited.kind is ResourceKind.LISTENER:
        words = _WAITS_OVER_LISTENER.get(edge.to, words)
    if edge.to == "wait" and awaited and awaited.kind is ResourceKind.JOINABLE_QUEUE:
        words = "waits in join() on {resource}"
    return words.replace("{resource}", resource(scene, edge.resource))


def names(scene: Scene, pids: Sequence[int]) -> str:
    """Return the names of the first few processes, and how many more there are."""
    return listed([scene.name(pid) for pid in pids])


def cut(text: str) -> str:
    """Return the text, or its beginning if it is long."""
    return text if len(text) <= _CUT else f"{text[:_CUT]}…"


def listed(words: Sequence[str]) -> str:
    """Return ``a, b and c``; of many ``a, b, c, d, e and 4 more``."""
    shown = list(words[:_NAMED])
    if len(words) > _NAMED:
        shown.append(f"{len(words) - _NAMED} more")
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1] if shown else "") if part)


def number(count: int, one: str, many: str | None = None) -> str:
    """Return ``1 process``, ``3 processes``, ``1,131 items``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def waiters(awaited: Resource, apart_from: Iterable[int] = ()) -> tuple[int, ...]:
    """Return the pids that wait for a resource, each once."""
    without = set(apart_from)
    return tuple(dict.fromkeys(one.pid for one in awaited.waiting if one.pid not in without))


def wait_for_it(count: int) -> str:
    """Return ``3 processes wait for it``; nothing for none."""
    return number(count, "process waits for it", "processes wait for it") if count else ""


def size(count: int) -> str:
    """Return ``1.0 MiB``, ``4,096 bytes``."""
    return f"{count / _MIB:.1f} MiB" if count >= _MIB else number(count, "byte")


def how_it_ended(scene: Scene, pid: int) -> str:
    """Return the cause of a process's end, as far as it is known."""
    actor = scene.actors.get(pid)
    if actor is None:
        return "cause unknown"
    process = actor.process
    if process.cause:
        return process.cause
    return "exit code unknown" if process.exitcode is None else f"exit code {process.exitcode}"
