"""Ten minutes of samples in memory, for the charts: bounded rings that count what they dropped.

Pure.  One time axis for all: each sweep of the sampler is a column.  8 bytes per sample: 1,000 processes with
full rings are 5.4 MB.  A process's ring goes when the process is forgotten.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import TypeAlias

from .errors import NoSuchProcess
from .model import JsonDict

SAMPLES = 600
#: The key of the machine's own series: CPU of all cores together, memory in use.
HOST = "host"
#: (cpu_percent, rss_bytes); None where a value is not known.
Sample: TypeAlias = tuple[float | None, int | None]
# RSS comes in pages, CPU in hundredths of a percent; counted so, 32 bits reach 16 TiB and 400,000 cores.
_PAGE = 4096
_UNKNOWN = 0xFFFFFFFF
# What one reply may cost the loop: 60,000 samples take 10 ms.
_SAMPLES_PER_REPLY = 60_000


class Ring:
    """The newest ``size`` samples of one process; ``dropped`` counts the older ones.

    ``end`` is the number of the column after the newest sample.
    """

    def __init__(self, first: int, size: int = SAMPLES) -> None:
        self.end = first
        self.dropped = 0
        self._size = size
        self._cpu = array("I")
        self._pages = array("I")

    def __len__(self) -> int:
        return len(self._cpu)

    def put(self, column: int, sample: Sample) -> None:
        """Keep the sample of ``column``, which is newer than the last; skipped columns have no sample."""
        missed = column - self.end
        for _ in range(min(missed, self._size)):
            self._append((None, None))
        self.dropped += max(missed - self._size, 0)
        self._append(sample)
        self.end = column + 1

    def at(self, columns: range) -> JsonDict:
        """The series at these columns; None where there is no sample."""
        first = self.end - len(self)
        before = len(range(columns.start, min(first, columns.stop), columns.step))
        places = slice(columns.start + before * columns.step - first, None, columns.step)
        cpu = [None if value == _UNKNOWN else value / 100 for value in self._cpu[places]]
        rss = [None if value == _UNKNOWN else value * _PAGE for value in self._pages[places]]
        after = len(columns) - before - len(cpu)
        return {
            "cpu_percent": [None] * before + cpu + [None] * after,
            "rss_bytes": [None] * before + rss + [None] * after,
        }

    def _append(self, sample: Sample) -> None:
        cpu_percent, rss_bytes = sample
        self._cpu.append(_UNKNOWN if cpu_percent is None else min(round(cpu_percent * 100), _UNKNOWN - 1))
        self._pages.append(_UNKNOWN if rss_bytes is None else min(rss_bytes // _PAGE, _UNKNOWN - 1))
        if len(self) > self._size:
            # Moves 2.4 kB; a ring that wraps around would save that and cost every reader.
            del self._cpu[0], self._pages[0]
            self.dropped += 1


class History:
    """The rings of all processes and of the machine (`HOST`), on one axis."""

    def __init__(self, size: int = SAMPLES) -> None:
        self._size = size
        self._axis = array("d")
        self._end = 0
        self._rings: dict[str, Ring] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._rings

    def record(self, at: float, samples: Mapping[str, Sample]) -> None:
        """Add one sweep, made at wall-clock ``at``."""
        self._axis.append(at)
        if len(self._axis) > self._size:
            del self._axis[0]
        for key, sample in samples.items():
            if key not in self._rings:
                self._rings[key] = Ring(self._end, self._size)
            self._rings[key].put(self._end, sample)
        self._end += 1

    def forget(self, key: str) -> None:
        """Drop the ring of a process."""
        self._rings.pop(key, None)

    @property
    def dropped(self) -> int:
        """How many samples of the present rings are older than the charts reach."""
        return sum(ring.dropped for ring in self._rings.values())

    def as_reply(self, process: str | None = None, points: int = SAMPLES) -> JsonDict:
        """The answer to `messages.History`: one series with at most ``points`` samples, or (None) all of them.

        With fewer points than samples every n-th is shown, counted back from the newest.  All series together
        have at most 60,000 samples.
        """
        if process is not None and process not in self._rings:
            raise NoSuchProcess(f"there are no samples of a process {process}")
        keys = tuple(self._rings) if process is None else (process,)
        columns = self._columns(min(points, _SAMPLES_PER_REPLY // max(len(keys), 1)))
        first = self._end - len(self._axis)
        return {
            "at": [self._axis[column - first] for column in columns],
            "series": {key: self._rings[key].at(columns) for key in keys},
        }

    def _columns(self, points: int) -> range:
        shown = len(self._axis)
        step = max(math.ceil(shown / max(points, 1)), 1)
        # Whole steps back from the newest column.
        start = self._end - 1 - (shown - 1) // step * step
        return range(start, self._end, step)
