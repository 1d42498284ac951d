"""Logs that never block the child and never fill the disk.

A supervised process writes its output straight into HOME/logs/ID.log (O_APPEND), across its restarts, and nobody
stands in between: no pipe that fills up while the supervisor is busy or dead, no copying (0 CPU per MB).  The price
is that the file can only be cut from outside, here::

    child ──write──▶ ID.log ◀──size, 4 to 20 times a second── LogKeeper ──over the cap──▶ HolePuncher: frees the head

The file, for those who read it (the web): bytes as they were written; an offset once given stays valid, because the
file only ever grows; what is no longer kept is a hole at the head.  Read from ``max(offset, first_offset)``, where
``first_offset`` is ``lseek(fd, 0, SEEK_DATA)`` (ENXIO: the file is empty); it is a multiple of 4,096 and may be in
the middle of a line or of a character.  ``st_size`` is the end.  A size below the offset means a new file.

Disk use of a log: the cap plus what is written within two checks.  If all together keep more than their total, each
keeps an equal share of it at most, those of ended processes too, until they are below.  A file system without holes
(ramfs; no usual disk) loses the whole log each time instead of its head.
"""

import itertools
import os
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path

from app.linux import own_files
from app.linux.own_files import NotOurs

from .files import Log, disk_use, first_offset, is_open_elsewhere
from .hole_puncher import WITHOUT_HOLES, HolePuncher
from .space import LOW_CAP, Space

CHECK_S = 0.25
HOT_CHECK_S = 0.05
_BLOCK = 4096
_MIB = 1024 * 1024
_SUFFIX = ".log"


class LogKeeper:
    """Watches the logs in ``folder`` and keeps the last ``cap_bytes`` of each, and ``total_bytes`` of all together.

    It keeps less when the disk is nearly full; ``cap_now`` is the cap at present.  The loop calls `check` when
    `next_deadline` is over; nothing here waits for a disk.
    """

    def __init__(self, folder: Path, cap_bytes: int, total_bytes: int) -> None:
        self.cap_now = cap_bytes
        self._cap, self._total = cap_bytes, total_bytes
        self._folder = folder
        self._logs: dict[str, Log] = {}
        # Logs that go on if they are tracked again, and their bytes: of ended processes, and of an earlier supervisor.
        self._closed: dict[str, int] = {}
        # Deleted, but something that outlived its process may still write into it.
        self._unlinked: list[Log] = []
        # Those of ``_logs`` whose process was reaped.
        self._ended: set[str] = set()
        self._hot: list[Log] = []
        self._full_check_at = self._checked_at = 0.0
        self._puncher = HolePuncher()
        self._numbers = itertools.count(1)
        self._asked: dict[int, Log] = {}
        self._space = Space(folder)
        self._notices: list[str] = []
        self._said: set[str] = set()

    def path(self, process: str) -> Path:
        """Where the output of a process goes."""
        return self._folder / (process + _SUFFIX)

    def track(self, process: str) -> None:
        """Watch the log of a process from now on; it is created (0600) where it is not there.  Raises OSError.

        What is not its log but has its name is set aside.
        """
        self._ended.discard(process)
        if process in self._logs:
            return
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        path = self.path(process)
        try:
            fd = own_files.opened(path, flags if process in self._closed else flags | os.O_EXCL)
        except (NotOurs, FileExistsError):
            what = own_files.found(path)
            aside = own_files.set_aside(path)
            self._notices.append(f"{path} is {what}, not the log of a process; moved it to {aside.name}")
            fd = own_files.opened(path, flags | os.O_EXCL)
        self._closed.pop(process, None)
        size = os.lseek(fd, 0, os.SEEK_END)
        self._logs[process] = Log(next(self._numbers), process, fd, first_offset(fd), size)

    def ended(self, process: str) -> None:
        """Stop watching the log of a process that was reaped, once nobody else has it open; the file stays."""
        if process in self._logs:
            self._ended.add(process)

    def forget(self, process: str) -> None:
        """Delete the log of a process.  It is kept small for as long as somebody else still has it open."""
        self._ended.discard(process)
        self._closed.pop(process, None)
        with suppress(OSError):  # it was removed, or something else has its name
            self.path(process).unlink()
        if log := self._logs.pop(process, None):
            self._unlinked.append(log)

    def sweep(self, keep: Collection[str], is_known: Callable[[str], bool]) -> int:
        """Delete the logs of processes of earlier runs that ``is_known`` knows, but for ``keep``.  Returns how many."""
        self._closed = {process: disk_use(self.path(process)) for process in keep}
        old = [
            path
            for path in self._folder.glob("*" + _SUFFIX)
            if path.stem not in keep and is_known(path.stem) and own_files.found(path) == "a file"
        ]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def next_deadline(self) -> float | None:
        """When `check` is due (monotonic seconds); None while there is nothing to watch."""
        if self._hot:
            return min(self._full_check_at, self._hot[0].seen_at + HOT_CHECK_S)
        return self._full_check_at if self._logs or self._unlinked else None

    def check(self, now: float) -> dict[str, int]:
        """Look at the sizes and have heads punched; returns the new size of each log that changed since."""
        self._hear()
        if now < self._full_check_at:
            return self._measure_all(self._hot, now)
        self._full_check_at = now + CHECK_S
        self._choose_cap()
        self._reopen_too_large()
        self._close_unused()
        changed = self._measure_all([*self._logs.values(), *self._unlinked], now)
        self._checked_at = now
        self._close_ended()
        return changed

    def take_notices(self) -> list[str]:
        """What a person should know, for events."""
        taken, self._notices = self._notices, []
        return taken

    def pids(self) -> tuple[int, ...]:
        """Our own processes: nobody's descendants."""
        return (self._puncher.pid,) if self._puncher.pid else ()

    def close(self) -> None:
        """Stop watching; the files stay."""
        self._puncher.close()
        for log in (*self._logs.values(), *self._unlinked):
            os.close(log.fd)
        self._logs, self._unlinked, self._hot = {}, [], []

    def _measure_all(self, logs: list[Log], now: float) -> dict[str, int]:
        """Note the sizes, and have heads punched; returns the new size of each log that changed."""
        changed: dict[str, int] = {}
        hot: list[Log] = []
        lseek, end, cap = os.lseek, os.SEEK_END, self.cap_now
        for log in logs:
            # 0.2 µs; stat by path 1.7 µs.
            size = lseek(log.fd, 0, end)
            if size != log.size or log.rate:
                if size != log.size and log.process in self._logs:
                    changed[log.process] = size
                log.grow(size, now, self._checked_at)
                if log.rate > self._cap:
                    hot.append(log)
            if size - log.head > cap and log.asked is None:
                self._punch(log)
        self._hot = hot
        return changed

    def _punch(self, log: Log) -> None:
        # A quarter more than needed: one hole for many lines.
        end = (log.size - self.cap_now * 3 // 4) // _BLOCK * _BLOCK
        if end > log.head and self._puncher.ask(log.number, log.fd, log.head, end):
            log.asked = end
            self._asked[log.number] = log

    def _hear(self) -> None:
        answers = self._puncher.answers()
        if answers is None:  # it died; ask anew
            for waiting in self._asked.values():
                waiting.asked = None
            self._asked.clear()
        for number, failure, freed_to in answers or ():
            if log := self._asked.pop(number, None):
                self._punched(log, failure, freed_to)

    def _punched(self, log: Log, failure: int, freed_to: int) -> None:
        # What was written since is not freed: the present size is not the head.
        log.head = freed_to if log.asked else 0
        if failure in WITHOUT_HOLES:
            self._say_once("this file system knows no holes: a log that reaches its cap starts anew")
        elif failure:
            self._say_once(f"the log of process {log.process} cannot be cut: {os.strerror(failure)}")
        log.asked = None

    def _choose_cap(self) -> None:
        if notice := self._space.look():
            self._notices.append(notice)
        self.cap_now = min(self._cap, LOW_CAP) if self._space.is_low else self._cap
        logs = [*self._logs.values(), *self._unlinked]
        if sum(log.size - log.head for log in logs) + sum(self._closed.values()) > self._total:
            share = self._total // (len(logs) + len(self._closed))
            self.cap_now = min(self.cap_now, max(share, LOW_CAP))
            limit = f"all logs together reached their limit of {self._total // _MIB:,} MiB"
            self._say_once(f"{limit}: the oldest output of the largest is dropped")

    def _reopen_too_large(self) -> None:
        """Watch logs of ended processes again that keep more than they may now; once cut, they are closed again."""
        for process in [process for process, size in self._closed.items() if size > self.cap_now]:
            with suppress(OSError):  # no descriptor is free: at the next check
                self.track(process)
                self._ended.add(process)

    def _close_unused(self) -> None:
        unused = [log for log in self._unlinked if log.asked is None and not is_open_elsewhere(log.fd)]
        for log in unused:
            os.close(log.fd)
            self._unlinked.remove(log)

    def _close_ended(self) -> None:
        for process in tuple(self._ended):
            log = self._logs[process]
            if log.asked is None and not is_open_elsewhere(log.fd):
                os.close(log.fd)
                del self._logs[process]
                self._ended.discard(process)
                self._hot = [one for one in self._hot if one is not log]
                self._closed[process] = log.size - log.head

    def _say_once(self, text: str) -> None:
        if text not in self._said:
            self._said.add(text)
            self._notices.append(text)
