"""Find who has the lock on a file that a thread of an observed process waits for, in flock() or fcntl().

::

    thread in flock(fd) ──▶ path, inode ──▶ /proc/locks: who took it ──▶ /proc/PID/fdinfo: who has it now

Each wait becomes an edge of the wait graph.  Who has the file open is searched in all processes, the observed ones
first, within a budget of time, and only for a wait that lasts.
"""

from collections.abc import Callable, Iterator

from app.core.resources.book import Book
from app.linux import proc
from app.linux.files import file_locks
from app.linux.files.file_locks import FileLock, OpenFile
from app.linux.thread_waits import Wait
from app.records.primitives import Now
from app.records.waits import HANDLER, MAIN, Edge, Node, ThreadWait

from .process_view import ProcessView, ProcessViews

#: Between two looks; CPU time of one: 30 µs for a process with 20 fds.
_EVERY_S, _BUDGET_S = 2.0, 0.02
_Name = tuple[int, int, int]


class FileLockReader:
    """``waits``: who waits for the lock on a file, by the last look; ``edges`` are those to show."""

    def __init__(self, book: Book, views: ProcessViews, cpu: Callable[[], float]) -> None:
        self.waits: tuple[ThreadWait, ...] = ()
        self._book, self._views, self._cpu = book, views, cpu
        self._at = 0.0
        #: Since when each wait was seen, by pid, thread and token.
        self._since: dict[_Name, float] = {}

    @property
    def edges(self) -> tuple[Edge, ...]:
        """Return the edges to show."""
        return tuple(wait.edge for wait in self.waits)

    def look(self, now: Now) -> None:
        """Look who waits, if that is due."""
        if now.mono < self._at + _EVERY_S:
            return
        self._at = now.mono
        waiting = [
            (view, wait, (view.pid, wait.tid, view.token(wait)))
            for view in self._views.values()
            for wait in view.threads.waits
            if wait.for_ == "file lock"
        ]
        before, self._since = self._since, {name: self._since.get(name, now.wall) for _, _, name in waiting}
        lasting = [(view, wait, self._since[name]) for view, wait, name in waiting if name in before]
        locks = file_locks.all_of_them() if lasting else []
        until = self._cpu() + _BUDGET_S
        found = (self._wait(view, wait, since, locks, until) for view, wait, since in lasting)
        self.waits = tuple(one for one in found if one)

    def _wait(
        self, view: ProcessView, wait: Wait, since: float, locks: list[FileLock], until: float
    ) -> ThreadWait | None:
        file = file_locks.open_file(view.folder, wait.what)
        if file is None:
            return None
        holders, certain, took = self._holders(view, file, locks, until)
        if not holders:
            return None
        edge = Edge(
            pid=view.pid,
            resource=None,
            since=since,
            to="flock",
            holders=holders,
            main=wait.main,
            tid=MAIN if wait.main else wait.tid,
            thread="" if wait.main else self._book.reach.names.get(view.pid, {}).get(wait.tid, ""),
            alone=view.threads.alone,
            certain=certain,
            file=file.path,
            taken_by=took,
        )
        return ThreadWait(edge=edge, able=frozenset(node for pid in holders for node in self._able(pid)))

    def _holders(
        self, view: ProcessView, file: OpenFile, locks: list[FileLock], until: float
    ) -> tuple[tuple[int, ...], bool, int | None]:
        """Return who has the lock, whether these are all, and who took it if that is none of them (0: unknown)."""
        listed = file_locks.awaited(locks, view.pid, file.inode)
        if listed and listed.kind == "POSIX":
            return (listed.pid,), True, None
        found: dict[int, FileLock] = {}
        complete = True
        for pid in self._order(listed):
            if self._cpu() > until:
                complete = False
                break
            folder = self._views[pid].folder if pid in self._views else f"{pid}"
            if held := file_locks.lock_held(folder, file.path, file.inode):
                found[pid] = held[1]
        takers = {lock.pid for lock in found.values()}
        took = takers.pop() if len(takers) == 1 else None
        return tuple(sorted(found)), complete, took if took is not None and took >= 0 and took not in found else None

    def _order(self, listed: FileLock | None) -> Iterator[int]:
        """Yield all processes: the one that took the lock, the observed ones, and the others, newest first."""
        first = dict.fromkeys([*([listed.pid] if listed and listed.pid > 0 else []), *self._views])
        yield from first
        yield from (pid for pid in reversed(proc.pids()) if pid not in first)

    def _able(self, pid: int) -> Iterator[Node]:
        """Yield the threads of a holder that may unlock the file: its main one, and those whose code is not known."""
        yield pid, MAIN
        view = self._views.get(pid)
        yield from ((pid, tid) for tid in (view.threads.tids if view else ()) if self._may_do_anything(pid, tid))
        if self._book.can_use_in_handler(pid, None):
            yield pid, HANDLER

    def _may_do_anything(self, pid: int, tid: int) -> bool:
        return tid != pid and self._book.reach.of_thread(pid, tid, ())
