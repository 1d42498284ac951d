"""Findings about what programs leave in /dev/shm, and what was removed after a crash.  Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from operator import attrgetter

from app.core.scene import phrases
from app.core.scene.scene import Leak, Scene
from app.core.scene.stability import Candidate
from app.records import wording
from app.records.resource import ResourceKind
from app.records.waits import Finding, FindingKind

#: The readers have already waited for a process to use it again.
_AFTER_S = 0.5
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
        if maker and not maker.alive and (maker.process.exitcode or 0) < 0:
            yield _removed(scene, pid, those)


def _left(scene: Scene, leak: Leak) -> Candidate:
    size = f" ({phrases.size(leak.size_bytes)})" if leak.size_bytes is not None else ""
    made_by = f", created by {scene.name(leak.made_by)}," if leak.made_by is not None else ""
    name = f"{wording.kind_label(leak.kind)} {leak.name}".rstrip()
    what = f"Memory {leak.files[0]}" if leak.kind is ResourceKind.SHARED_MEMORY else _semaphores(len(leak.files))
    is_ = "is" if len(leak.files) == 1 else "are"
    finding = Finding(
        id=f"{FindingKind.LEAK}:{leak.files[0]}",
        kind=FindingKind.LEAK,
        program=leak.program,
        text=f"{what} of {name}{size}{made_by} {is_} still in /dev/shm, although no process uses it.",
        why="It exists until unlink() is called, even after its processes have exited. The resource tracker of "
        "multiprocessing removes it when the program ends, unless the tracker was killed or told not to.",
        cure=f"rm {' '.join(map(_FOLDER.__add__, leak.files))} removes it now. In the program, call unlink() "
        "once, in the process that created it, and close() in all others.",
        pids=(leak.made_by,) if leak.made_by is not None else (),
        since=scene.at,
    )
    return Candidate(finding=finding, after_s=_AFTER_S)


def _removed(scene: Scene, pid: int, leaked: list[Leak]) -> Candidate:
    kinds = Counter((wording.kind_label(one.kind), wording.split_name(one.name)[1]) for one in leaked)
    what = [
        phrases.number(count, kind) + (f" made at {place}" if place else "") for (kind, place), count in kinds.items()
    ]
    files = sum(map(len, map(attrgetter("files"), leaked)))
    finding = Finding(
        id=f"{FindingKind.LEAK}:{pid}-removed",
        kind=FindingKind.LEAK,
        program=leaked[0].program,
        text=f"{scene.name(pid)} died before it could clean up {phrases.listed(what)}: "
        f"{phrases.how_it_ended(scene, pid)}. The resource tracker of multiprocessing has removed "
        f"{phrases.number(files, 'file')} of them from /dev/shm, and warned of leaked objects.",
        why="A process that is killed runs no finalizers and no atexit functions, so it unlinks nothing.",
        cure="Find out what ended the process: the crash is the problem, not the warning.",
        pids=(pid,),
        since=scene.at,
    )
    return Candidate(finding=finding, after_s=_AFTER_S)


def _semaphores(count: int) -> str:
    return "The semaphore" if count == 1 else f"{count:,} semaphores"
