"""Which processes a capture of the stack is worth: those that a finding may be about, again after each new wait.

::

    Analysis ──suspects, waits──▶ Suspects ──due──▶ Stacking ──frames, sources──▶ Suspects ──▶ the next scene
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from msgspec import Struct

from app.core.scene.python_stack import Frames, frames_of_threads
from app.core.scene.surroundings import Line, Surroundings
from app.records.waits import ThreadWait

#: Processes whose stacks are kept; of a larger deadlock the first ones are told with their lines.
_MOST = 200
#: A capture costs 10 ms of CPU.  As long as it is repeated for the same waits, the pause doubles.
_AGAIN_AFTER_S, _MOST_PAUSE_S = 5.0, 60.0
#: The beginning of a wait is worked out at each look, and differs a little.
_SAME_S = 0.1

#: What a process waits for without a timeout: by thread, since when.
_Waits: TypeAlias = Mapping[int, float]


class _Captured(Struct):
    """A capture that was requested ``at`` (monotonic), and its ``frames`` once it is done.

    It is repeated after ``pause_s`` until two in a row are the same: on a busy machine it may fail, and a thread may
    have come to its line only after it.
    """

    waits: _Waits
    at: float
    pause_s: float = _AGAIN_AFTER_S
    frames: Frames | None = None
    is_same: bool = False

    def is_due(self, waits: _Waits, now: float) -> bool:
        """Return whether the process is to be captured again.

        Always if all of its waits have timeouts: its threads go on between them.
        """
        if not _are_same(self.waits, waits):
            return now - self.at >= _AGAIN_AFTER_S
        is_over = self.frames and self.is_same and waits
        return not is_over and now - self.at >= self.pause_s


class Suspects:
    """Requests captures, and keeps the frames while the process waits for the same."""

    def __init__(self) -> None:
        self._captured: dict[int, _Captured] = {}
        self._wanted: dict[int, _Waits] = {}
        #: What the program's own files say around the lines of the stacks, as far as it is known.
        self.sources: Mapping[Line, Surroundings] = {}

    @property
    def stacks(self) -> Mapping[int, Frames]:
        """Return the frames by pid."""
        return {pid: one.frames for pid, one in self._captured.items() if one.frames is not None}

    def look(self, pids: Sequence[int], waits: Iterable[ThreadWait]) -> None:
        """Take the suspects of a look and all waits; drop frames that are no longer true."""
        suspects = frozenset(pids)
        of_process: dict[int, dict[int, float]] = {}
        for edge in (one.edge for one in waits if one.edge.pid in suspects):
            of_thread = of_process.setdefault(edge.pid, {})
            if not edge.timed:
                of_thread[edge.tid] = max(edge.since, of_thread.get(edge.tid, 0.0))
        first = islice((pid for pid in pids if pid in of_process), _MOST)
        self._wanted = {pid: of_process[pid] for pid in first}
        self._captured = {pid: one for pid, one in self._captured.items() if pid in self._wanted}
        for pid, now in self._wanted.items():
            one = self._captured.get(pid)
            if one and not _are_same(one.waits, now):
                one.frames = None

    def due(self, now: float) -> list[int]:
        """Return the processes to capture now, and count that as done."""
        found = []
        for pid, waits in self._wanted.items():
            one = self._captured.get(pid)
            if one is None or one.is_due(waits, now):
                if one and _are_same(one.waits, waits):
                    # Until the new frames are there, the old ones stay.
                    pause_s = min(2 * one.pause_s, _MOST_PAUSE_S)
                    self._captured[pid] = _Captured(waits, now, pause_s, one.frames)
                else:
                    self._captured[pid] = _Captured(waits, now)
                found.append(pid)
        return found

    def found(self, pid: int, text: str) -> None:
        """Take the text of a capture."""
        if (one := self._captured.get(pid)) and _are_same(self._wanted.get(pid, {}), one.waits):
            frames = frames_of_threads(text)
            one.frames, one.is_same = frames, frames == one.frames


def _are_same(some: _Waits, others: _Waits) -> bool:
    """Return whether the same threads wait, each since the same moment."""
    return some.keys() == others.keys() and all(abs(since - others[tid]) < _SAME_S for tid, since in some.items())
