"""Why a deadlock does not end, and what to do about it, now and in the program.  Pure."""

from app.core.scene import lines, phrases
from app.core.scene.scene import Scene
from app.core.scene.wait_graph import Deadlock
from app.records.resource import ResourceKind
from app.records.waits import Edge

_RECEIVES = frozenset({"get", "recv"})
_SENDS = frozenset({"put", "send"})
_IN_THE_PROGRAM = "In the program, "
_WITH_HOLDER = frozenset({ResourceKind.LOCK, ResourceKind.RLOCK})


def why_and_cure(scene: Scene, deadlock: Deadlock, failed: tuple[int, ...] = ()) -> tuple[str, str]:
    """Return in sentences why a deadlock does not end, and what to do about it.

    ``failed``: processes that could have ended it, and have failed.
    """
    why, cure = _why_and_cure(scene, deadlock, failed)
    if failed or any(_waits_on(scene, edge, ResourceKind.JOINABLE_QUEUE) for edge in deadlock.edges):
        return why, cure
    # A process holds or has what the one before it in the cycle waits for.
    after = (*deadlock.edges[1:], deadlock.edges[0])
    orders = (
        lines.order(scene, waits, blocked)
        for waits, blocked in zip(deadlock.edges, after, strict=True)
        # Where items have come before, the process has been at its later lines already.
        if waits.to != "get" or scene.for_first(waits)
    )
    return why, _in_order(cure, next(filter(None, orders), ""))


def _why_and_cure(scene: Scene, deadlock: Deadlock, failed: tuple[int, ...]) -> tuple[str, str]:
    all_locks = all(is_lock(scene, edge) for edge in deadlock.edges)
    if all_locks and len(deadlock.edges) == 1 and is_semaphore(scene, deadlock.edges[0]):
        return (
            "It was acquired more often than it was released, and only this process could release it.",
            (
                "Kill this process, then break the semaphore. In the program, release it as often as it is acquired, "
                "also after an exception."
            ),
        )
    if all_locks and len(deadlock.edges) == 1:
        return (
            "A Lock is not reentrant: a process that acquires it twice blocks itself.",
            "Kill this process, then release its lock. In the program, acquire the lock only once or use an RLock.",
        )
    if all_locks and len({edge.resource for edge in deadlock.edges}) == 1:
        return (
            "Each of these processes holds the semaphore and waits to acquire it again.",
            (
                "Kill one process, then break the semaphore; another one will continue. In the program, acquire it "
                "only once, or hold a lock while acquiring all the slots that are needed."
            ),
        )
    needs = "the lock the other needs" if len(deadlock.edges) == 2 else "a lock that another one needs"
    if all_locks and any(_is_managed(scene, edge) for edge in deadlock.edges):
        return (
            (
                f"Each process holds {needs}. A managed lock lives in its manager's process and stays locked when its "
                "holder dies."
            ),
            (
                "Restart the program: killing one process does not release its managed lock. In the program, acquire "
                "these locks in the same order everywhere, or with a timeout."
            ),
        )
    if all_locks:
        others = "the other" if len(deadlock.edges) == 2 else "the others"
        return (
            f"Each process holds {needs}.",
            (
                f"Kill one process, then release its lock; {others} will continue. In the program, acquire these locks "
                "in the same order everywhere."
            ),
        )
    between = [edge for edge in deadlock.edges if edge.to != "thread"]
    if len(between) == 1 and is_lock(scene, between[0]) and between[0].pid not in between[0].holders:
        return (
            "One process holds a lock while it waits for the result of another one, which needs that lock.",
            "Kill one of the processes. In the program, release the lock before waiting for results.",
        )
    return _of_messages(scene, between, failed)


def _in_order(cure: str, order: str) -> str:
    """Return a cure with the lines that are in the wrong order instead of the same in general words."""
    return f"{cure.partition(_IN_THE_PROGRAM)[0]}{_IN_THE_PROGRAM}{order}." if order else cure


def _of_messages(scene: Scene, edges: list[Edge], failed: tuple[int, ...]) -> tuple[str, str]:
    """Return why and cure of a deadlock that is not only of locks."""
    why = "Every process that could end one of these waits is itself blocked without a timeout."
    for edge in edges:
        resource = scene.resources.get(edge.resource or "")
        if edge.to == "recv" and resource and resource.kind is ResourceKind.PIPE and resource.ended_users:
            holders = tuple(dict.fromkeys((*edge.holders, edge.pid)))
            return (
                (
                    "recv() raises EOFError only once no process has the write end of the pipe open. A forked child "
                    "inherits that end."
                ),
                (
                    "Kill one of the processes. In the program, close the write end in "
                    f"{phrases.names(scene, holders)} as soon as the processes that write have been started, or let "
                    "these send a last message."
                ),
            )
    if len(edges) == 1 and edges[0].holders in ((), (edges[0].pid,)):
        return _of_one(edges[0])
    if failed:
        return why, (
            f"Kill one of the processes. In the program, fix the error that ended {phrases.names(scene, failed)}, and "
            "wait with a timeout: check is_alive() or exitcode of the process that should end the wait."
        )
    return why, _cure_of_messages(scene, edges)


def _cure_of_messages(scene: Scene, edges: list[Edge]) -> str:
    if any(_waits_on(scene, edge, ResourceKind.JOINABLE_QUEUE) for edge in edges):
        return (
            "Kill one of the processes. In the program, call task_done() for each item that get() has returned, in a "
            "finally block so that an exception does not skip it."
        )
    if all(edge.to in _SENDS for edge in edges):
        return (
            "Kill one of the processes. In the program, read results while tasks are still being put, in another "
            "thread for example: a pipe or queue takes only so much before its writer has to wait."
        )
    if cure := _of_command({edge.to for edge in edges}):
        return f"Kill the command. In the program, {cure}"
    if any(_waits_on(scene, edge, ResourceKind.CONDITION) for edge in edges):
        return (
            "Kill one of the processes. In the program, call wait() only while what it waits for is not true yet, with "
            "the lock held, or use wait_for(): a notify() that comes before the wait is lost."
        )
    if joins := [edge for edge in edges if edge.to == "join"]:
        join = joins[0]
        return (
            f"Kill one of the processes. In the program, {scene.name(join.pid)} must not join "
            f"{scene.name(join.of or 0)} before it has sent, set or released what that process waits for; "
            "join(timeout=…) at least lets it notice."
        )
    return (
        "Kill one of the processes. In the program, send, set or release what the other process needs before "
        "waiting for it, or give the waits a timeout."
    )


def _waits_on(scene: Scene, edge: Edge, kind: ResourceKind) -> bool:
    """Return whether it is for wait(), or the join() of a queue, on a resource of this kind."""
    resource = scene.resources.get(edge.resource or "")
    return edge.to == "wait" and resource is not None and resource.kind is kind


def _of_command(waits: set[str]) -> str:
    """Return what to do in the program about a wait for a command; empty if there is none in a cycle of these waits."""
    if {"output", "send"} <= waits:
        return (
            "read all outputs of the command at the same time, as subprocess.run() and Popen.communicate() do, or send "
            "those that do not matter to /dev/null."
        )
    if "output" in waits:
        return (
            "close the input of the command before its output is read to the end, or use Popen.communicate(), which "
            "does both."
        )
    if {"end", "send"} <= waits:
        return (
            "read the output of a command before waiting for its exit, as subprocess.run() and Popen.communicate() do."
        )
    return ""


def _of_one(edge: Edge) -> tuple[str, str]:
    """Return why and cure where nobody is left who could end the wait."""
    if edge.to in _RECEIVES:
        return (
            (
                "The process has the write end itself, so it never sees the end of the file, and no other process puts "
                "anything into it any more."
            ),
            (
                "Kill the process. In the program, let the producer put a last item in a finally block, or call get() "
                "with a timeout and check is_alive() of the producers; multiprocessing.connection.wait() can wait for "
                "their sentinels as well."
            ),
        )
    if edge.to in _SENDS:
        return (
            "The process has the read end itself, so writing neither fails nor ends, and no other process reads.",
            (
                "Kill the process. In the program, call put() with a timeout, check is_alive() of the consumers, and "
                "close the read end in the process that only writes."
            ),
        )
    return (
        "No other process is left that could set, notify or release what it waits for.",
        (
            "Kill the process. In the program, wait with a timeout and check is_alive() of the processes that should "
            "end the wait."
        ),
    )


def is_semaphore(scene: Scene, edge: Edge) -> bool:
    """Return whether a wait is for a semaphore that processes have acquired."""
    return is_lock(scene, edge) and scene.resources[edge.resource or ""].kind not in _WITH_HOLDER


def is_lock(scene: Scene, edge: Edge) -> bool:
    """Return whether a wait is for what has a holder: a lock, or a semaphore that processes have acquired."""
    resource = scene.resources.get(edge.resource or "")
    if resource is None or edge.to != "acquire":
        return False
    # One that nobody has acquired is a signal, which is released by another than the one that waits.
    return resource.kind in _WITH_HOLDER or (resource.kind in phrases.LOCKS and bool(resource.acquired_by))


def _is_managed(scene: Scene, edge: Edge) -> bool:
    resource = scene.resources.get(edge.resource or "")
    return resource is not None and resource.manager is not None
