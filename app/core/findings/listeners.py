"""Findings about listeners: a client that connects and says nothing keeps all others out.  Pure."""

from collections.abc import Iterator

from app.core.scene import phrases
from app.core.scene.scene import Scene
from app.core.scene.stability import Candidate
from app.records.waits import Finding, FindingKind

#: A handshake takes a millisecond, more where the client is far away or busy.
_HANDSHAKE_S = 5.0


def silent_clients(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each accept() whose client does not complete the handshake."""
    for edge in scene.edges:
        resource = scene.resources.get(edge.resource or "")
        if edge.to == "greet" and resource:
            listener = phrases.resource(scene, resource.id)
            who = phrases.names(scene, edge.holders) if edge.holders else "a client that is not on this machine"
            finding = Finding(
                id=f"{FindingKind.SILENT_CLIENT}:{edge.pid}-{resource.id}",
                kind=FindingKind.SILENT_CLIENT,
                program=resource.program,
                text=f"{scene.name(edge.pid)} is blocked in accept() on {listener}: {who} has connected but not "
                "completed the handshake. Until then no other client can connect.",
                why="accept() performs the authkey handshake itself, without a timeout. A client that connects and "
                "sends nothing, such as a port scanner or a suspended process, blocks it.",
                cure="End the client or its connection; accept() then raises an exception and can be called again. In "
                "the program, call accept() in its own thread, and bind to an address that only your clients can "
                "reach.",
                pids=(*edge.holders, edge.pid),
                resources=(resource.id,),
                since=edge.since,
            )
            yield Candidate(finding=finding, fingerprint=(edge.since, edge.holders), after_s=_HANDSHAKE_S)
