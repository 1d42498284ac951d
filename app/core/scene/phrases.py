"""How findings and kill costs name processes, resources and waits.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.records import wait_words, wording
from app.records.resource import Resource, ResourceKind
from app.records.waits import MAIN, Edge

from .scene import Scene

#: What is acquired and released, and so can be held by a process that died.
LOCKS = frozenset({ResourceKind.LOCK, ResourceKind.RLOCK, ResourceKind.SEMAPHORE, ResourceKind.BOUNDED_SEMAPHORE})
QUEUES = frozenset({ResourceKind.QUEUE, ResourceKind.JOINABLE_QUEUE, ResourceKind.SIMPLE_QUEUE})
#: What processes wait on until they are woken, by a Condition inside.
WITH_SLEEPERS = frozenset({ResourceKind.CONDITION, ResourceKind.EVENT, ResourceKind.BARRIER})
_NAMED = 5
_IMPORT = "importlib._bootstrap"
_CUT = 160
_MIB = 1024 * 1024


def resource(scene: Scene, key: str) -> str:
    """Return what people call a resource of the scene; see `wording.resource_name`."""
    return wording.resource_name(scene.resources, key)


def capitalized(text: str) -> str:
    """Return the text with a capital first letter, for the start of a sentence."""
    return text[:1].upper() + text[1:]


def waits(scene: Scene, edge: Edge) -> str:
    """Return ``waits for lock a``, without the process that waits."""
    awaited = scene.resources.get(edge.resource or "")
    phrase = wait_words.phrase(edge, wait_words.words(edge.to, awaited.kind if awaited else None))
    if edge.resource is not None:
        return f"{phrase} {resource(scene, edge.resource)}"
    if edge.to == "thread":
        return thread_wait(scene, edge.pid, edge.tid) or phrase
    if edge.to == "recv" and any(frame.module.startswith("asyncio.") for frame in scene.frames(edge.pid, edge.tid)):
        return f"waits in its event loop, which only {names(scene, edge.holders)} could wake"
    if edge.file and edge.holders == (edge.pid,):
        return f"waits for the lock on {edge.file}, which it holds itself through another descriptor"
    return f"{phrase} {names(scene, edge.holders if edge.of is None else (edge.of,))}"


def verb(scene: Scene, edge: Edge) -> str:
    """Return what somebody must do with what is waited for: ``fill``, ``set``, ``release``."""
    resource = scene.resources.get(edge.resource or "")
    return wait_words.words(edge.to, resource.kind if resource else None).verb


def thread_wait(scene: Scene, pid: int, tid: int = MAIN) -> str:
    """Return ``waits in Thread.join() of threading``, what a thread waits for in its process; empty if unknown."""
    if any(frame.module == _IMPORT for frame in scene.frames(pid, tid)[:3]):
        return "waits for the lock of a module that it imports"
    call = scene.call(pid, tid)
    if call and (call.module, call.function) == ("threading", "_shutdown"):
        return "is exiting and waits for its non-daemon threads"
    return f"waits in {call.in_words}" if call else ""


def who_waits(scene: Scene, edge: Edge) -> str:
    """Return ``worker-1 (pid 12), at train.py:12 in work(),``, or ``thread job of worker-1 (pid 12)``."""
    name = scene.thread(edge.pid, edge.tid, edge.thread) if edge.tid else scene.name(edge.pid)
    return with_place(scene, name, edge.pid, edge.tid)


def with_place(scene: Scene, name: str, pid: int, tid: int = MAIN) -> str:
    """Return a name with the line at which the thread stands, if that is known."""
    place = scene.place(pid, tid)
    return f"{name}, at {place}," if place else name


def blocked_behind(scene: Scene, behind: tuple[int, ...], count: int) -> str:
    """Return in a sentence who waits for ``count`` processes that wait; nothing for nobody."""
    if not behind:
        return ""
    what = number(len(behind), "more process is", "more processes are")
    return f" {what} blocked behind {'it' if count == 1 else 'them'}: {names(scene, behind)}."


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
    text = " and ".join(part for part in (", ".join(shown[:-1]), shown[-1] if shown else "") if part)
    return text.replace(",,", ",")  # each may end with an inserted place


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


def name_and_end(scene: Scene, pid: int) -> str:
    """Return ``worker-1 (pid 12, exit code 1: KeyError: 'x')``."""
    actor = scene.actors.get(pid)
    return f"{actor.process.name if actor else 'a process'} (pid {pid}, {how_it_ended(scene, pid)})"


def how_it_ended(scene: Scene, pid: int) -> str:
    """Return the cause of a process's end, as far as it is known: ``exit code 1: ValueError: no file, at a.py:3``."""
    actor = scene.actors.get(pid)
    if actor is None:
        return "cause unknown"
    process, code = actor.process, actor.process.exitcode
    if process.cause:
        begins = f"exit {code}: "
        reason = process.cause.removeprefix(begins)
        return f"exit code {code}: {reason}" if process.cause.startswith(begins) else process.cause
    return "exit code unknown" if code is None else f"exit code {code}"


def how_they_ended(scene: Scene, pids: Sequence[int]) -> str:
    """Return the names of the first few processes with their causes, and how many more there are."""
    told = [f"{scene.name(pid)}, {how_it_ended(scene, pid)}" for pid in pids[:_NAMED]]
    return "; ".join([*told, *([f"and {len(pids) - _NAMED} more"] if len(pids) > _NAMED else [])])
