"""Which processes a capture of the stack is worth: those that a finding may be about, again after each new wait.

::

    Analysis ──suspects, waits──▶ Suspects ──next──▶ Stacking ──frames──▶ Suspects ──▶ the next scene
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

from msgspec import Struct

from app.core.findings.python_stack import Frames, frames_of_threads
from app.records.waits import ThreadWait

#: Processes whose stacks are kept; of a larger deadlock the first ones are told with their lines.
_MOST = 200
#: A capture costs 10 ms of CPU.
_AGAIN_AFTER_S = 5.0

#: What a process waits for: by thread, since when.
_Waits = frozenset[tuple[int, float]]


class _Captured(Struct):
    """A capture that was requested ``at`` (monotonic), and its ``frames`` once it is done."""

    waits: _Waits
    at: float
    frames: Frames | None = None


class Suspects:
    """Requests captures, and keeps the frames while the process waits for the same."""

    def __init__(self) -> None:
        self._captured: dict[int, _Captured] = {}
        self._wanted: dict[int, _Waits] = {}

    @property
    def stacks(self) -> Mapping[int, Frames]:
        """Return the frames by pid."""
        return {pid: one.frames for pid, one in self._captured.items() if one.frames is not None}

    def look(self, pids: Sequence[int], waits: Iterable[ThreadWait]) -> None:
        """Take the suspects of a look and all waits; drop frames that are no longer true."""
        suspects = frozenset(pids)
        of_process: dict[int, set[tuple[int, float]]] = {}
        for edge in (one.edge for one in waits if one.edge.pid in suspects):
            of_process.setdefault(edge.pid, set()).add((edge.tid, round(edge.since, 1)))
        first = islice((pid for pid in pids if pid in of_process), _MOST)
        self._wanted = {pid: frozenset(of_process[pid]) for pid in first}
        self._captured = {pid: one for pid, one in self._captured.items() if pid in self._wanted}
        for pid, now in self._wanted.items():
            one = self._captured.get(pid)
            if one and one.waits != now:
                one.frames = None

    def due(self, now: float) -> list[int]:
        """Return the processes to capture now, and count that as done."""
        found = []
        for pid, waits in self._wanted.items():
            one = self._captured.get(pid)
            if one is None or (one.waits != waits and now - one.at >= _AGAIN_AFTER_S):
                self._captured[pid] = _Captured(waits, now)
                found.append(pid)
        return found

    def found(self, pid: int, text: str) -> None:
        """Take the text of a capture."""
        if (one := self._captured.get(pid)) and self._wanted.get(pid) == one.waits:
            one.frames = frames_of_threads(text)
