"""Findings about queues and the pools of the standard library.  Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice

from app.core.scene import phrases
from app.core.scene.scene import Actor, NotSent, Scene
from app.core.scene.stability import Candidate
from app.records.resource import Resource, ResourceKind
from app.records.waits import Certainty, Edge, Finding, FindingKind

POOL_ROLE = "pool:"
#: A loop that polls is judged after so long; between two polls it may do something else for a while.
_POLLS_S, _POLL_GAP_S = 10.0, 2.0
_MOST_NAMED = 2
CURE_OF_NOT_SENT = (
    "In the program, put only what can be pickled: put() returns at once, and the thread that pickles the item later "
    "only prints the error."
)


def tasks_lost(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each worker of a standard pool that died with its task, unless its pool ended it."""
    broken: set[str] = set()
    lost = [actor for actor in scene.actors.values() if died_with_its_task(actor)]
    for actor in sorted(lost, key=lambda one: one.process.exited_at or scene.at):
        role = actor.role or ""
        # An executor breaks with the first of its workers, and ends the others itself.
        if role not in broken:
            yield _task_lost(scene, actor, pool_of(scene, actor))
        if _is_of_executor(actor):
            broken.add(role)


def died_with_its_task(actor: Actor) -> bool:
    """Return whether a worker of a pool died while it executed a task, and its pool did not end it."""
    is_worker = bool(actor.role and actor.role.startswith(POOL_ROLE))
    died = not actor.alive and actor.process.exitcode != 0 and not actor.ended_by_pool
    return is_worker and died and actor.task is not None


def _is_of_executor(actor: Actor) -> bool:
    return (actor.process.target or "").endswith("._process_worker")


def pool_of(scene: Scene, actor: Actor) -> Resource | None:
    """Return the pool that has its other workers, else the only pool of the process that started it."""
    pools = [one for one in scene.resources.values() if one.kind is ResourceKind.POOL]
    workers = {other.pid for other in scene.actors.values() if other.role == actor.role}
    its = [one for one in pools if workers.intersection(one.workers or ())]
    its = its or [one for one in pools if one.created_by == actor.process.started_by]
    return its[0] if len(its) == 1 else None


def _task_lost(scene: Scene, actor: Actor, pool: Resource | None) -> Candidate:
    process = actor.process
    of = f" of {phrases.resource(scene, pool.id)}" if pool else " of a pool"
    owner = (pool.created_by,) if pool else ()
    outcome, why, cure = _about_loss(actor, ended=scene.has_ended(process.program))
    finding = Finding(
        id=f"{FindingKind.POOL_TASK_LOST}:{process.id}",
        kind=FindingKind.POOL_TASK_LOST,
        program=process.program,
        text=f"{scene.name(actor.pid)}{of} died while executing {actor.task}: {outcome}. "
        f"Cause: {phrases.how_it_ended(scene, actor.pid)}.",
        why=why,
        cure=cure,
        pids=(actor.pid, *owner),
        resources=(pool.id,) if pool else (),
        since=process.exited_at or scene.at,
    )
    return Candidate(finding=finding, after_s=0.0)


def _about_loss(actor: Actor, *, ended: bool) -> tuple[str, str, str]:
    """Return what becomes of the task, or became of it in a program that has ``ended``, why, and what to do."""
    if _is_of_executor(actor):
        return (
            f"all pending jobs {'raised' if ended else 'raise'} BrokenProcessPool",
            (
                "concurrent.futures.ProcessPoolExecutor does not know which job the worker was running, so it ends its "
                "other workers, fails every pending job and accepts no new ones."
            ),
            (
                "Find out why this worker died: an unexpected SIGKILL often comes from the kernel's OOM killer. A new "
                "executor can run the jobs again; a procession.Pool would lose only the running job."
            ),
        )
    return (
        f"its result never {'arrived' if ended else 'arrives'}",
        (
            "multiprocessing.Pool replaces the worker but does not know which task it was running, so a get(), map() "
            "or join() that waits for the result waits forever."
        ),
        (
            "Run the program with a safe pool (procession run --safe-pool), or use procession.Pool in it: the task "
            "then raises WorkerLost or is retried. get(timeout=…) at least lets the program notice."
        ),
    )


def dead_producers(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each process that polls an empty queue into which nobody alive will put anything."""
    for edge in scene.edges:
        queue = scene.resources.get(edge.resource or "")
        if queue is None or queue.kind not in phrases.QUEUES or edge.to != "get" or not edge.timed or not edge.main:
            continue
        failed = [pid for pid in queue.ended_users if scene.has_failed(pid)]
        if any(around.restarts for _, around in scene.surroundings(edge.pid)):
            continue  # it may start another producer itself
        if failed and _is_at_rest(queue) and not _others_that_may_put(scene, edge, queue):
            yield _dead_producers(scene, edge, queue)


def not_sent(scene: Scene, edges: Iterable[Edge]) -> str:
    """Return in sentences which items were not sent to the queues that are waited for."""
    awaited = {edge.resource for edge in edges if edge.to == "get"}
    told = (
        text
        for actor in scene.actors.values()
        for item, text in items_not_sent(scene, actor)
        if item.resource in awaited
    )
    return "".join(f" {text}" for text in islice(told, _MOST_NAMED))


def never_arrived(scene: Scene, edges: Iterable[Edge]) -> str:
    """Return in a sentence how many items were put into the queues that are waited for, and are nowhere."""
    waits = [wait for wait in scene.waits if wait.never_arrived and wait.edge in edges]
    count = sum({wait.edge.resource: wait.never_arrived for wait in waits}.values())
    if not count:
        return ""
    what = phrases.number(count, "item that was put into it", "items that were put into it")
    return (
        f" {what} never arrived: an item is lost if it cannot be pickled, or if its process is killed before it has "
        "sent it."
    )


def items_not_sent(scene: Scene, actor: Actor) -> Iterator[tuple[NotSent, str]]:
    """Yield the first item of each queue and error that a process failed to send, with a sentence about it."""
    for one in {(one.resource, one.error): one for one in reversed(actor.not_sent)}.values():
        if one.resource is not None and one.resource in scene.resources:
            what = phrases.resource(scene, one.resource)
            yield one, f"An item that {scene.name(actor.pid)} put into {what} was not sent: {one.error}."


def _is_at_rest(queue: Resource) -> bool:
    """Return whether it is empty, and nothing was put or taken lately."""
    return not (queue.size or queue.pipe_bytes or queue.put_per_s or queue.get_per_s or queue.buffered)


def _others_that_may_put(scene: Scene, polls: Edge, queue: Resource) -> bool:
    """Return whether a living process may put something: one that neither polls the queue too nor waits forever."""
    polling = {one.pid for one in scene.edges if one.resource == queue.id and one.to == "get" and one.main}
    blocked = {one.pid for one in scene.edges if one.main and not one.timed and one.of in polling}
    return any(scene.lives(pid) and pid not in polling | blocked for pid in polls.holders)


def _dead_producers(scene: Scene, edge: Edge, queue: Resource) -> Candidate:
    ended = [pid for pid in queue.ended_users if not scene.lives(pid)]
    those = phrases.listed([phrases.name_and_end(scene, pid) for pid in ended])
    what = phrases.resource(scene, queue.id)
    finding = Finding(
        id=f"{FindingKind.DEAD_PRODUCERS}:{edge.pid}-{queue.id}",
        kind=FindingKind.DEAD_PRODUCERS,
        program=queue.program,
        text=f"{phrases.who_waits(scene, edge)} polls {what}, which is empty and stays empty. "
        f"Those that could have filled it have ended: {those}.",
        why="A get() with a timeout returns when it is over, but the loop around it goes on: it expects an item, or a "
        "last one that says that no more follow, from a process that has died.",
        cure="Let the loop end when its producers have: check is_alive() or exitcode of each after a timeout, or wait "
        "for the queue and for their sentinels with multiprocessing.connection.wait().",
        pids=(edge.pid, *ended),
        resources=(queue.id,),
        since=max((scene.actors[pid].process.exited_at or 0.0 for pid in ended if pid in scene.actors), default=0.0)
        or scene.at,
        certainty=Certainty.VERY_LIKELY,
    )
    return Candidate(finding=finding, after_s=_POLLS_S, gaps_s=_POLL_GAP_S)
