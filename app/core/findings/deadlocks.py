"""Findings about deadlocks: processes that wait for each other in a cycle.  Pure."""

from collections.abc import Iterator

from app.core.scene import lines, phrases
from app.core.scene.scene import Scene
from app.core.scene.stability import Candidate
from app.core.scene.wait_graph import Deadlock
from app.records import wait_words
from app.records.process import State
from app.records.resource import ResourceKind
from app.records.waits import Certainty, Edge, Finding, FindingKind
from app.records.wording import signal_name

from . import cures, evidence, locks, on_purpose, queues, stuck_threads, threads

_CURE_OF_DROPPED = f"Kill one of the processes. {queues.CURE_OF_NOT_SENT}"
#: Of a long cycle, the text names this many processes before its last.
_NAMED_FIRST = 4
#: Of a Popen of multiprocessing that starts another Python.
_START = "_launch"
#: A process that waits at a pipe of which it alone has both ends.
_OF_OWN_PIPE = {
    "send": "is blocked writing to a full pipe that no other process has open for reading",
    "recv": "waits for a message from a pipe that no other process has open for writing",
}


def deadlocks(scene: Scene, found: tuple[Deadlock, ...]) -> Iterator[Candidate]:
    """Yield a candidate for each deadlock, told in the order of its cycle.

    One that may be ended on purpose is only possible.
    """
    if not found:
        return
    waits = {wait.edge: wait for wait in scene.waits if wait.apart or wait.idle_users}
    enders = on_purpose.enders(scene)
    for deadlock in filter(_is_told_here, found):
        seen = evidence.gathered(scene, deadlock, waits)
        kept = locks.kept_slots(scene, deadlock)
        why, cure = cures.why_and_cure(scene, deadlock, tuple(filter(scene.has_failed, seen.ended)))
        dropped = queues.not_sent(scene, deadlock.edges)
        purpose = on_purpose.ends_it(scene, deadlock, enders)
        program = _program(scene, deadlock.pids)
        finding = Finding(
            id=finding_id(deadlock),
            kind=FindingKind.DEADLOCK,
            program=program,
            text=_text(scene, deadlock)
            + _blocked_behind(deadlock)
            + evidence.in_words(scene, seen)
            + kept
            + _signalled(scene, deadlock)
            + threads.died_of_the_program(scene, program)
            + (dropped or queues.never_arrived(scene, deadlock.edges)),
            why=purpose or why,
            cure=_CURE_OF_DROPPED if dropped else locks.CURE_OF_KEPT if kept else cure,
            pids=deadlock.pids + deadlock.blocked_behind,
            resources=tuple(dict.fromkeys(edge.resource for edge in deadlock.edges if edge.resource is not None)),
            since=max(edge.since for edge in deadlock.edges),
            certainty=_certainty(seen, purpose),
        )
        # When a join began is worked out from two clocks at each look, and differs in its last digit.
        fingerprint = bool(purpose), *(round(edge.since, 2) for edge in deadlock.edges)
        yield Candidate(finding=finding, fingerprint=fingerprint)


def _is_told_here(deadlock: Deadlock) -> bool:
    """Return whether no other finding says more: of the threads of one process, a feeder thread, an abandoned lock."""
    return not deadlock.hopeless and deadlock.within is None and all(edge.to != "flush" for edge in deadlock.edges)


def is_none(scene: Scene, deadlock: Deadlock) -> bool:
    """Return whether it only looks like a deadlock: it ends by a signal, or when another thread goes on."""
    return _is_idle(scene, deadlock) or _is_blocked_loop(scene, deadlock)


def _is_idle(scene: Scene, deadlock: Deadlock) -> bool:
    """Return whether it leads through a process that waits for a signal on purpose."""
    waiting = ((scene.actors.get(edge.pid), edge) for edge in deadlock.edges if edge.to == "thread" and edge.main)
    return any(actor and stuck_threads.is_idle(scene, actor, handles=edge.handled) for actor, edge in waiting)


def _is_blocked_loop(scene: Scene, deadlock: Deadlock) -> bool:
    """Return whether a secondary thread waits at a pipe of its own process, whose main thread waits for something else.

    The thread of an event loop does: another thread wakes it once that goes on.
    """
    edge = deadlock.edges[0]
    if len(deadlock.edges) > 1 or edge.main or edge.resource is not None:
        return False
    main = (one.edge for one in scene.waits if one.edge.pid == edge.pid and one.edge.main)
    return any(one.to != "thread" for one in main)


def finding_id(deadlock: Deadlock) -> str:
    """Return the id of its finding, which contains the cycle itself."""
    return f"{FindingKind.DEADLOCK}:{'-'.join(map(str, deadlock.cycle))}"


def _text(scene: Scene, deadlock: Deadlock) -> str:
    if len(deadlock.edges) == 1:
        return _text_of_one(scene, deadlock.edges[0])
    # A process holds what the one before it in the cycle waits for.
    before = (deadlock.edges[-1], *deadlock.edges[:-1])
    clauses = [_clause(scene, held, edge) for held, edge in zip(before, deadlock.edges, strict=True)]
    return "; ".join(_shortened(clauses)) + "."


def _shortened(clauses: list[str]) -> list[str]:
    """Return the first and the last clauses of a long cycle: nobody reads thirty of the same kind."""
    rest = len(clauses) - _NAMED_FIRST - 1
    if rest <= 1:
        return clauses
    return [*clauses[:_NAMED_FIRST], f"and so on through {rest} more processes", clauses[-1]]


def _text_of_one(scene: Scene, edge: Edge) -> str:
    text = f"{phrases.who_waits(scene, edge)} {phrases.waits(scene, edge)}"
    if cures.is_semaphore(scene, edge):
        return f"{text}, which it has acquired itself, and no other living process can release."
    if cures.is_lock(scene, edge):
        return f"{text}, which it holds itself."
    if edge.to == "send" and any(frame.function.endswith(_START) for frame in scene.frames(edge.pid, edge.tid)):
        return (
            f"{phrases.who_waits(scene, edge)} hangs in Process.start(): it writes what the child needs into a "
            f"pipe that nobody reads.{_exited_child(scene, edge.pid)}"
        )
    if edge.resource is None and edge.to in _OF_OWN_PIPE:
        return f"{phrases.who_waits(scene, edge)} {_OF_OWN_PIPE[edge.to]}."
    return f"{text}, and no living process can {phrases.verb(scene, edge)} it."


def _exited_child(scene: Scene, pid: int) -> str:
    """Return in a sentence how the child ended that should have read from the pipe."""
    exited = [one for one in scene.actors.values() if one.process.ppid == pid and one.process.state is State.EXITED]
    if not exited:
        return ""
    child = max(exited, key=lambda one: one.process.exited_at or 0.0).pid
    return f" The child has exited: {phrases.name_and_end(scene, child)}."


def _clause(scene: Scene, held: Edge, edge: Edge) -> str:
    who, waits = phrases.who_waits(scene, edge), phrases.waits(scene, edge)
    if edge.to == "thread":
        holds = _held(scene, held, edge) if held.pid != edge.pid and held.holder_tid == edge.tid else ""
        return f"{who} {holds}{waits}"
    return f"{who} {_held(scene, held, edge)}{waits}{_unblockers(scene, edge)}"


def _held(scene: Scene, held: Edge, edge: Edge) -> str:
    """Return ``holds lock a, acquired at train.py:10, and``; nothing if it is no lock that the other one waits for."""
    lock = scene.resources.get(held.resource or "")
    if lock is None or not cures.is_lock(scene, held) or edge.pid not in held.holders:
        return ""
    holds = "holds" if len(held.holders) == 1 else "may hold"
    place = lines.acquired_at(scene, edge, lock)
    return f"{holds} {phrases.resource(scene, lock.id)}{f', acquired at {place},' if place else ''} and "


def _unblockers(scene: Scene, edge: Edge) -> str:
    """Return ``, which only main (pid 10) can set``; nothing for a lock, whose holder the next clause names."""
    resource = scene.resources.get(edge.resource or "")
    pids = tuple(pid for pid in wait_words.unblockers(edge, resource) if scene.lives(pid))
    if resource is None or cures.is_lock(scene, edge) or resource.kind is ResourceKind.LISTENER:
        return ""
    if not pids and resource.kind is ResourceKind.BARRIER and resource.parties and resource.arrived:
        return f", where {resource.arrived} of {resource.parties} have arrived"
    if not pids:
        return ""
    if edge.behind:
        return f" behind {phrases.names(scene, pids)}"
    if resource.kind is ResourceKind.BARRIER:
        return f", which needs {wait_words.missing_parties(resource)} more of {phrases.names(scene, pids)}"
    return f", which only {phrases.names(scene, pids)} can {wait_words.words(edge.to, resource.kind).verb}"


def _certainty(seen: evidence.Evidence, purpose: str) -> Certainty:
    if purpose:
        return Certainty.POSSIBLE
    return Certainty.VERY_LIKELY if seen.rests_on_code else Certainty.CERTAIN


def _signalled(scene: Scene, deadlock: Deadlock) -> str:
    """Return in a sentence which process got a signal from its parent, and has not ended."""
    for pid in deadlock.pids:
        actor = scene.actors.get(pid)
        if actor and actor.signals:
            name = signal_name(min(actor.signals))
            sender = scene.name(actor.process.started_by or 0)
            return f" {sender} has sent {name} to {scene.name(pid)}, which handles it and goes on."
    return ""


def _blocked_behind(deadlock: Deadlock) -> str:
    count = len(deadlock.blocked_behind)
    if not count:
        return ""
    return f" {phrases.number(count, 'other process is', 'other processes are')} blocked behind them."


def _program(scene: Scene, pids: tuple[int, ...]) -> str | None:
    known = (scene.actors[pid].process.program for pid in pids if pid in scene.actors)
    return next((program for program in known if program), None)
