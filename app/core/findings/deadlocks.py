"""Findings about deadlocks: processes that wait for each other in a cycle.  Pure."""

from collections.abc import Iterator
from itertools import islice

from app.records import wait_words
from app.records.process import State
from app.records.resource import ResourceKind
from app.records.waits import Edge, Finding, FindingKind
from app.records.wording import signal_name

from . import cures, phrases, stuck_threads, threads
from .scene import Scene
from .stability import Candidate
from .wait_graph import Deadlock

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
    """Yield a candidate for each deadlock, told in the order of its cycle."""
    for deadlock in (one for one in found if _is_told_here(one) and not _is_idle(scene, one)):
        why, cure = cures.why_and_cure(scene, deadlock)
        program = _program(scene, deadlock.pids)
        finding = Finding(
            id=finding_id(deadlock),
            kind=FindingKind.DEADLOCK,
            program=program,
            text=_text(scene, deadlock)
            + _blocked_behind(deadlock)
            + _evidence(scene, deadlock)
            + threads.died_of_the_program(scene, program),
            why=why,
            cure=cure,
            pids=deadlock.pids + deadlock.blocked_behind,
            resources=tuple(dict.fromkeys(edge.resource for edge in deadlock.edges if edge.resource is not None)),
            since=max(edge.since for edge in deadlock.edges),
        )
        # When a join began is worked out from two clocks at each look, and differs in its last digit.
        yield Candidate(finding=finding, fingerprint=tuple(round(edge.since, 2) for edge in deadlock.edges))


def _is_told_here(deadlock: Deadlock) -> bool:
    """Return whether no other finding says more: of the threads of one process, a feeder thread, an abandoned lock."""
    return not deadlock.hopeless and deadlock.within is None and all(edge.to != "flush" for edge in deadlock.edges)


def _is_idle(scene: Scene, deadlock: Deadlock) -> bool:
    """Return whether it leads through a process that waits for a signal on purpose."""
    waiting = ((scene.actors.get(edge.pid), edge) for edge in deadlock.edges if edge.to == "thread" and edge.main)
    return any(actor and stuck_threads.is_idle(scene, actor, handles=edge.handled) for actor, edge in waiting)


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
    if cures.is_lock(scene, edge):
        return f"{text}, which it holds itself."
    if edge.to == "send" and any(frame.function.endswith(_START) for frame in scene.frames(edge.pid, edge.tid)):
        return (
            f"{phrases.who_waits(scene, edge)} hangs in Process.start(): it writes what the child needs into a "
            f"pipe that nobody reads.{_exited_child(scene, edge.pid)}"
        )
    if edge.resource is None and edge.to in _OF_OWN_PIPE:
        return f"{phrases.who_waits(scene, edge)} {_OF_OWN_PIPE[edge.to]}."
    return f"{text}, and no living process can {_verb(scene, edge)} it."


def _exited_child(scene: Scene, pid: int) -> str:
    """Return in a sentence how the child ended that should have read from the pipe."""
    exited = [one for one in scene.actors.values() if one.process.ppid == pid and one.process.state is State.EXITED]
    if not exited:
        return ""
    child = max(exited, key=lambda one: one.process.exited_at or 0.0).pid
    return f" The child has exited: {phrases.name_and_end(scene, child)}."


def _clause(scene: Scene, held: Edge, edge: Edge) -> str:
    if edge.to == "thread":
        return f"{phrases.who_waits(scene, edge)} {phrases.waits(scene, edge)}"
    holds = "holds" if len(held.holders) == 1 else "may hold"
    what = f"{holds} {phrases.resource(scene, held.resource or '')} and " if cures.is_lock(scene, held) else ""
    return f"{phrases.who_waits(scene, edge)} {what}{phrases.waits(scene, edge)}{_unblockers(scene, edge)}"


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
    if resource.kind is ResourceKind.BARRIER:
        return f", which needs {wait_words.missing_parties(resource)} more of {phrases.names(scene, pids)}"
    return f", which only {phrases.names(scene, pids)} can {wait_words.words(edge.to, resource.kind).verb}"


def _evidence(scene: Scene, deadlock: Deadlock) -> str:
    """Return in sentences who could have ended the waits and has ended, and who has only inherited the means."""
    ended: dict[int, None] = {}
    inherited: dict[int, None] = {}
    for edge in deadlock.edges:
        resource = scene.resources.get(edge.resource or "")
        if resource and not cures.is_lock(scene, edge):
            ended |= dict.fromkeys(pid for pid in resource.ended_users if not scene.lives(pid))
            inherited |= dict.fromkeys(pid for pid in resource.inherited_by if scene.lives(pid))
    text = ""
    if ended:
        those = "The process that could have done so has" if len(ended) == 1 else "Those that could have done so have"
        causes = [f"{scene.name(pid)}, {phrases.how_it_ended(scene, pid)}" for pid in islice(ended, _NAMED_FIRST)]
        causes += [f"and {len(ended) - _NAMED_FIRST} more"] if len(ended) > _NAMED_FIRST else []
        text = f" {those} ended: {'; '.join(causes)}."
    if inherited:
        does = "does" if len(inherited) == 1 else "do"
        text += f" {phrases.names(scene, tuple(inherited))} inherited it, but {does} not use it."
    return text + _signalled(scene, deadlock)


def _signalled(scene: Scene, deadlock: Deadlock) -> str:
    """Return in a sentence which process got a signal from its parent, and has not ended."""
    for pid in deadlock.pids:
        actor = scene.actors.get(pid)
        if actor and actor.signals:
            name = signal_name(min(actor.signals))
            sender = scene.name(actor.process.started_by or 0)
            return f" {sender} has sent {name} to {scene.name(pid)}, which handles it and goes on."
    return ""


def _verb(scene: Scene, edge: Edge) -> str:
    resource = scene.resources.get(edge.resource or "")
    return wait_words.words(edge.to, resource.kind if resource else None).verb


def _blocked_behind(deadlock: Deadlock) -> str:
    count = len(deadlock.blocked_behind)
    if not count:
        return ""
    return f" {phrases.number(count, 'other process is', 'other processes are')} blocked behind them."


def _program(scene: Scene, pids: tuple[int, ...]) -> str | None:
    known = (scene.actors[pid].process.program for pid in pids if pid in scene.actors)
    return next((program for program in known if program), None)
