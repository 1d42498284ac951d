"""Who could have ended the waits of a deadlock, and why nobody does.  Pure."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from app.core.scene import phrases
from app.core.scene.scene import Scene
from app.core.scene.wait_graph import Deadlock
from app.records.waits import Edge, Node, ThreadWait

from . import cures


class Evidence(NamedTuple):
    """Who could have ended the waits of a deadlock and has ended, and who has the means without using them.

    ``inherited``: processes that only inherited what is waited for; ``idle``: those that use it without ending the
    wait, by the verb for what they do not do and the resource; ``apart``: threads of the processes of the deadlock,
    with the verb and id of what each does not end.  ``rests_on_code``: the code of one of them was read to know that.
    """

    ended: tuple[int, ...]
    inherited: tuple[int, ...]
    idle: Mapping[tuple[str, str], dict[int, None]]
    apart: Mapping[Node, list[tuple[str, str]]]
    rests_on_code: bool


def gathered(scene: Scene, deadlock: Deadlock, waits: Mapping[Edge, ThreadWait]) -> Evidence:
    """Return what is known of those who could end the waits of a deadlock."""
    ended: dict[int, None] = {}
    inherited: dict[int, None] = {}
    idle: dict[tuple[str, str], dict[int, None]] = defaultdict(dict)
    apart: dict[Node, list[tuple[str, str]]] = defaultdict(list)
    members = {(edge.pid, edge.tid) for edge in deadlock.edges}
    for edge in deadlock.edges:
        resource = scene.resources.get(edge.resource or "")
        if resource and not cures.is_lock(scene, edge):
            wait, verb = waits.get(edge, ThreadWait(edge=edge)), phrases.verb(scene, edge)
            gone = (pid for pid in resource.ended_users if pid not in wait.idle_users)
            ended |= dict.fromkeys(pid for pid in gone if not scene.lives(pid))
            inherited |= dict.fromkeys(pid for pid in resource.inherited_by if scene.lives(pid))
            users = (pid for pid in sorted(wait.idle_users) if scene.lives(pid) and pid not in deadlock.pids)
            idle[verb, resource.id] |= dict.fromkeys(users)
            for node in sorted(wait.apart - members):
                apart[node].append((verb, resource.id))
    # What threads use that execute no code of the program is known.
    of_program = {node: what for node, what in apart.items() if scene.place(*node)}
    rests_on_code = bool(inherited or any(idle.values()) or of_program) or not all(
        scene.frames(*node) for node in apart
    )
    return Evidence(tuple(ended), tuple(inherited), idle, of_program, rests_on_code)


def in_words(scene: Scene, evidence: Evidence) -> str:
    """Return in sentences who has ended, and who does not use what could end a wait."""
    text = ""
    if ended := evidence.ended:
        those = "The process that could have done so has" if len(ended) == 1 else "Those that could have done so have"
        text = f" {those} ended: {phrases.how_they_ended(scene, ended)}."
    if evidence.inherited:
        does = "does" if len(evidence.inherited) == 1 else "do"
        text += f" {phrases.names(scene, evidence.inherited)} inherited it, but {does} not use it."
    for (verb, key), pids in evidence.idle.items():
        if pids:
            does = "does" if len(pids) == 1 else "do"
            what = phrases.resource(scene, key)
            text += f" {phrases.names(scene, tuple(pids))} can access {what}, but {does} not {verb} it."
    if evidence.apart:
        names = [phrases.with_place(scene, scene.thread(*node), *node) for node in evidence.apart]
        pairs = {pair for those in evidence.apart.values() for pair in those}
        verbs, keys = {verb for verb, _ in pairs}, {key for _, key in pairs}
        does = "does" if len(evidence.apart) == 1 else "do"
        it = phrases.resource(scene, keys.pop()) if len(keys) == 1 else "them"
        verb = verbs.pop() if len(verbs) == 1 else "end the waits for"
        text += f" {phrases.capitalized(phrases.listed(names))} {does} not {verb} {it}."
    return text
