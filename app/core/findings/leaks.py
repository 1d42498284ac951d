"""Findings about what programs leave in /dev/shm, and what was removed after a crash.  Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from operator import attrgetter
from signal import SIGINT

from app.core.scene import phrases
from app.core.scene.scene import Actor, Leak, Scene
from app.core.scene.stability import Candidate
from app.records import wording
from app.records.resource import ResourceKind
from app.records.waits import Finding, FindingKind

#: The readers have already waited for a process to use it again.
_AFTER_S = 0.5
_TRACKER = (
    "The resource tracker of multiprocessing removes it when the program ends, unless it was killed or told not to."
)
_WHY_MEMORY = f"It exists until unlink() is called, even after its processes have exited. {_TRACKER}"
_WHY_SEMAPHORES = f"The process that created it removes it at its exit, unless it is killed. {_TRACKER}"
_CURE_MEMORY = "call unlink() once, in the process that created it, and close() in all others."
_CURE_SEMAPHORES = "let the process that created it exit by itself: end it by SIGTERM and a handler, not by SIGKILL."
_FOLDER = "/dev/shm/"  # noqa: S108 - no place for temporary files here


def leaks(scene: Scene) -> Iterator[Candidate]:
    """Yield a candidate for each object left in /dev/shm, and for each crash after which such objects were removed."""
    removed: dict[int, list[Leak]] = defaultdict(list)
    for leak in scene.leaks:
        if not leak.removed:
            yield _left(scene, leak)
        elif leak.made_by is not None:
            removed[leak.made_by].append(leak)
    for pid, those in removed.items():
        maker = scene.actors.get(pid)
        if maker and not maker.alive and _crashed(maker):
            yield _removed(scene, pid, those)


def _crashed(actor: Actor) -> bool:
    """Return whether a signal ended the process that neither its parent nor its pool has sent.

    Python ends by SIGINT itself where nothing handles Ctrl-C, after it has run all finalizers.
    """
    signum = -(actor.process.exitcode or 0)
    return signum > 0 and signum != SIGINT and signum not in actor.signals and not actor.ended_by_pool


def _left(scene: Scene, leak: Leak) -> Candidate:
    details = [f"{wording.kind_label(leak.kind)} {leak.name}".rstrip()]
    if leak.size_bytes is not None:
        details.append(phrases.size(leak.size_bytes))
    if leak.made_by is not None:
        details.append(f"created by {scene.name(leak.made_by)}")
    what = phrases.capitalized(", ".join(details)) + ("," if len(details) > 1 else "")
    is_memory = leak.kind is ResourceKind.SHARED_MEMORY
    how = f" as {leak.files[0]}" if is_memory else f" ({phrases.number(len(leak.files), 'semaphore')})"
    finding = Finding(
        id=f"{FindingKind.LEAK}:{leak.files[0]}",
        kind=FindingKind.LEAK,
        program=leak.program,
        text=f"{what} is still in /dev/shm{how}, although no process uses it.",
        why=_WHY_MEMORY if is_memory else _WHY_SEMAPHORES,
        cure=f"rm {' '.join(map(_FOLDER.__add__, leak.files))} removes it now. In the program, "
        + (_CURE_MEMORY if is_memory else _CURE_SEMAPHORES),
        pids=(leak.made_by,) if leak.made_by is not None else (),
        since=scene.at,
    )
    return Candidate(finding=finding, after_s=_AFTER_S)


def _removed(scene: Scene, pid: int, leaked: list[Leak]) -> Candidate:
    kinds = Counter((wording.kind_label(one.kind), wording.split_name(one.name)[1]) for one in leaked)
    what = [
        phrases.number(count, kind) + (f" created at {place}" if place else "")
        for (kind, place), count in kinds.items()
    ]
    files = sum(map(len, map(attrgetter("files"), leaked)))
    finding = Finding(
        id=f"{FindingKind.LEAK}:{pid}-removed",
        kind=FindingKind.LEAK,
        program=leaked[0].program,
        text=f"{scene.name(pid)} died before it could clean up {phrases.listed(what)}: "
        f"{phrases.how_it_ended(scene, pid)}. The resource tracker of multiprocessing then removed "
        f"their {phrases.number(files, 'file')} from /dev/shm and warned of leaked objects.",
        why="A process that is killed runs no finalizers and no atexit functions, so it unlinks nothing.",
        cure="Find out what ended the process: the crash is the problem, not the warning.",
        pids=(pid,),
        since=scene.at,
    )
    return Candidate(finding=finding, after_s=_AFTER_S)
