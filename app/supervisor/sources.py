"""Read the source around the lines at which suspects stand; done aside, because its disk may not answer.

::

    Suspects ──frames──▶ Sources ──paths──▶ aside: open, parse ──Surroundings──▶ Sources ──▶ the next scene
"""

import ast
import contextlib
import os
import stat
import time
import warnings
from collections.abc import Iterable, Mapping
from functools import partial

import msgspec

from app.core.scene.python_stack import Frames, own_frames
from app.core.scene.surroundings import Line, Surroundings, surroundings
from app.linux import proc
from app.records.errors import NotPossible
from app.records.primitives import Record

from .aside import Aside, Done

#: How long reading may take, and after which pause it is tried again.
_WITHIN_S, _AGAIN_AFTER_S = 5.0, 30.0
_MOST_BYTES = 1024 * 1024
#: Lines that are read at a time, and known at a time.
_MOST = 500
#: Start times are rounded down, and clocks differ a little.
_ROUNDED_S = 1.0
_LATE = NotPossible("the source could not be read in time")


class _Read(Record, frozen=True):
    line: Line
    around: Surroundings


class Sources:
    """Keeps what is around the lines at which suspects stand now."""

    def __init__(self, aside: Aside[frozenset[Line]]) -> None:
        self._aside = aside
        self.next_deadline, self.pids = aside.next_deadline, aside.pids
        # Nothing while it is being read, and where it cannot be read.
        self._known: dict[Line, Surroundings] = {}
        self._stacks: Mapping[int, Frames] = {}
        self._again_at: float | None = None

    @property
    def known(self) -> Mapping[Line, Surroundings]:
        """Return what is around the lines, as far as it could be read."""
        return self._known

    def look(self, stacks: Mapping[int, Frames], now: float) -> None:
        """Take what has been read, begin to read what is new, and forget what is over."""
        self._take(now)
        if stacks == self._stacks and (self._again_at is None or now < self._again_at):
            return
        self._stacks, self._again_at = stacks, None
        lines = dict.fromkeys(
            Line(pid, frame.file, frame.line)
            for pid, threads in stacks.items()
            for frames in threads.values()
            for frame in own_frames(frames)
        )
        self._known = {line: around for line, around in self._known.items() if line in lines}
        new = [line for line in lines if line not in self._known][: _MOST - len(self._known)]
        if new:
            try:
                self._aside.run(frozenset(new), partial(_read, new), _LATE, _WITHIN_S, now)
            except NotPossible:
                self._again_at = now + _AGAIN_AFTER_S
            else:
                self._known |= dict.fromkeys(new, Surroundings())

    def _take(self, now: float) -> None:
        self._aside.tick(now)
        while self._aside.finished:
            lines, result = self._aside.finished.popleft()
            if isinstance(result, Done):
                read = msgspec.json.decode(result.payload, type=list[_Read])
                self._known |= {one.line: one.around for one in read if one.line in self._known}
            else:
                self._known = {line: around for line, around in self._known.items() if line not in lines}
                self._again_at = now + _AGAIN_AFTER_S


def _read(lines: Iterable[Line]) -> bytes:
    """Return as JSON what is around each line whose file can be read, and is older than its process."""
    warnings.simplefilter("ignore")  # of the user's source
    trees: dict[str, ast.Module | None] = {}
    found = []
    for one in lines:
        path = one.file if one.file.startswith("/") else f"/proc/{one.pid}/cwd/{one.file}"
        if path not in trees:
            trees[path] = _parsed(path, one.pid)
        tree = trees[path]
        if tree is not None:
            with contextlib.suppress(RecursionError):
                found.append(_Read(one, surroundings(tree, one.line)))
    return msgspec.json.encode(found)


def _parsed(path: str, pid: int) -> ast.Module | None:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_mtime > _started_at(pid) + _ROUNDED_S:
                return None
            return ast.parse(file.read(_MOST_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _started_at(pid: int) -> float:
    """Return when a process was started (wall clock); 0 if it has ended."""
    found = proc.stat(pid)
    if found is None:
        return 0.0
    uptime = time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.time() - uptime + found.start_ticks / proc.TICKS_PER_S
