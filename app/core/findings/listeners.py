"""Findings about listeners: who connects and says nothing keeps everybody else out.  Pure."""

from __future__ import annotations

from collections.abc import Iterator

from app.records.waits import Finding, FindingKind

from . import phrases as words
from .debounce import Candidate
from .scene import Scene

#: A handshake takes a millisecond, and some more where the other one is on a machine that is far or busy.
_PATIENCE_S = 5.0


def silent_clients(scene: Scene) -> Iterator[Candidate]:
    """A listener is in accept(), and whom it has accepted does not say who it is."""
    for edge in scene.edges:
        resource = scene.resources.get(edge.resource or "")
        if edge.to == "greet" and resource:
            listener = words.thing(scene, resource.id)
            who = words.names(scene, edge.holders) if edge.holders else "somebody whose process is not on this machine"
            finding = Finding(
                id=f"{FindingKind.SILENT_CLIENT}:{edge.pid}-{resource.id}",
                kind=FindingKind.SILENT_CLIENT,
                program=resource.program,
                text=f"{scene.name(edge.pid)} is in accept() of {listener}, and waits for {who}, which has connected "
                "and does not say who it is: until then nobody else can connect.",
                why="accept() does the handshake with the authkey itself, and has no time limit. Whoever connects and "
                "sends nothing, be it a port scanner or a client that has stopped, keeps it there.",
                cure="End the client, or its connection: accept() then raises, and can be called again. Let a thread "
                "of its own accept, and bind to an address that only clients can reach.",
                pids=(*edge.holders, edge.pid),
                resources=(resource.id,),
                since=edge.since,
            )
            yield Candidate(finding=finding, mark=(edge.since, edge.holders), after_s=_PATIENCE_S)
