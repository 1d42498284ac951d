"""A task for which its worker is killed, and where it stood."""

from __future__ import annotations

import os
import re
from itertools import takewhile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from procession.pool.tasks.task import Task

_MOST_BYTES = 64 * 1024
_FRAME = re.compile(r'^  File "(.*)", line (\d+) in (.*)$', re.MULTILINE)
#: Calls the task: what comes below is not its own.
_RUNS_TASK = "/procession/pool/worker_process/"


class OverdueTask:
    """A task that ran longer than its limit; its worker is killed at ``kill_at``, monotonic."""

    def __init__(self, task: Task, timeout_s: float, kill_at: float, stack: int | None) -> None:
        self.task, self.timeout_s, self.kill_at = task, timeout_s, kill_at
        self._stack = stack

    def stack(self) -> tuple[str, ...]:
        """Return ``train.py:12 in work`` for each frame of the main thread, innermost first; only once."""
        if self._stack is None:
            return ()
        fd, self._stack = self._stack, None
        try:
            text = os.pread(fd, _MOST_BYTES, 0).decode(errors="replace")
        finally:
            os.close(fd)
        # The newest thread comes first, so the main thread last.
        frames = _FRAME.findall(text.rpartition("(most recent call first)")[2])
        own = takewhile(lambda frame: _RUNS_TASK not in frame[0], frames)
        return tuple(f"{file}:{line} in {name}" for file, line, name in own)
