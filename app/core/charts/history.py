"""Ten minutes of samples in memory, for the charts: bounded rings that count what they dropped.

Pure.  All share one time axis: each sweep is a column.  A sample of two series takes 8 bytes: 1,000 processes with full
rings are 5.4 MB.  The ring of a process is dropped when the process is forgotten.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from app.records.errors import NoSuchProcess
from app.records.primitives import JsonDict

SAMPLES = 600
#: The key of the machine's own series: CPU of all cores together, memory in use.
HOST = "host"
#: One value for each series; None if unknown.
Sample: TypeAlias = tuple[float | None, ...]
_UNKNOWN = 0xFFFFFFFF
# What one reply may cost the loop: 60,000 samples take 10 ms.
_SAMPLES_PER_REPLY = 60_000


class Series(Struct, frozen=True):
    """A series; its values are stored in 32 bits, as multiples of ``step`` or in ``parts`` of 1.

    An ``exact`` one takes 64 bits, and stores negative numbers and fractions as they are.
    """

    name: str
    step: int = 1
    parts: int = 1
    exact: bool = False

    def empty(self) -> array[float]:
        """Return an empty array for its values."""
        return array("d" if self.exact else "I")

    def count(self, value: float | None) -> float:
        """Return the value as it is stored; one that is too large becomes the largest."""
        if self.exact:
            return math.nan if value is None else float(value)
        if value is None:
            return _UNKNOWN
        return min(max(round(value * self.parts / self.step), 0), _UNKNOWN - 1)

    def value(self, count: float) -> float | None:
        """Return the value of what was stored."""
        if self.exact:
            return None if math.isnan(count) else count
        if count == _UNKNOWN:
            return None
        return count * self.step if self.parts == 1 else count / self.parts


# RSS comes in pages, CPU in hundredths of a percent; counted so, 32 bits reach 16 TiB and 400,000 cores.
OF_PROCESSES = (Series("cpu_percent", parts=100), Series("rss_bytes", step=4096))
OF_POOLS = (Series("queued"), Series("tasks_per_s", parts=100))
OF_RESOURCES = (
    Series("size"),
    Series("pipe_bytes"),
    Series("put_per_s", parts=100),
    Series("get_per_s", parts=100),
    Series("value", exact=True),
    Series("waiting"),
)


class Ring:
    """The newest ``size`` samples of one thing; ``dropped`` counts the older ones.

    ``end`` is the number of the column after the newest sample.
    """

    def __init__(self, first: int, series: tuple[Series, ...] = OF_PROCESSES, size: int = SAMPLES) -> None:
        self.end = first
        self.dropped = 0
        self._size = size
        self._series = series
        self._counts = tuple(one.empty() for one in series)
        self._last: Sample = (None,) * len(series)
        self._last_counts = self._counted(self._last)

    def __len__(self) -> int:
        return len(self._counts[0])

    def put(self, column: int, sample: Sample) -> None:
        """Add the sample of ``column``, which is newer than the last; skipped columns have no sample."""
        if missed := column - self.end:
            for _ in range(min(missed, self._size)):
                self._append((None,) * len(self._series))
            self.dropped += max(missed - self._size, 0)
        self._append(sample)
        self.end = column + 1

    def at(self, columns: range) -> JsonDict:
        """Return the series at these columns; None where there is no sample."""
        first = self.end - len(self)
        before = len(range(columns.start, min(first, columns.stop), columns.step))
        stored = slice(columns.start + before * columns.step - first, None, columns.step)
        shown: JsonDict = {}
        for series, counts in zip(self._series, self._counts, strict=True):
            values = [series.value(count) for count in counts[stored]]
            shown[series.name] = [None] * before + values + [None] * (len(columns) - before - len(values))
        return shown

    def _append(self, sample: Sample) -> None:
        # Most of a thousand processes are idle: what is the same as before is not counted anew.
        if sample != self._last:
            self._last, self._last_counts = sample, self._counted(sample)
        for counts, count in zip(self._counts, self._last_counts, strict=True):
            counts.append(count)
        if len(self._counts[0]) > self._size:
            # Moves 2.4 kB a series; a ring that wraps around would save that and cost every reader.
            for counts in self._counts:
                del counts[0]
            self.dropped += 1

    def _counted(self, sample: Sample) -> tuple[float, ...]:
        return tuple(series.count(value) for series, value in zip(self._series, sample, strict=True))


class History:
    """The rings of all processes and of the machine (`HOST`), or of all pools, on one axis."""

    def __init__(self, size: int = SAMPLES, series: tuple[Series, ...] = OF_PROCESSES) -> None:
        self._size = size
        self._series = series
        self._axis = array("d")
        self._end = 0
        self._rings: dict[str, Ring] = {}

    def __contains__(self, key: str) -> bool:
        return key in self._rings

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(one.name for one in self._series)

    def record(self, at: float, samples: Mapping[str, Sample]) -> None:
        """Add one sweep, made at wall-clock ``at``."""
        self._axis.append(at)
        if len(self._axis) > self._size:
            del self._axis[0]
        for key, sample in samples.items():
            ring = self._rings.get(key)
            if ring is None:
                ring = self._rings[key] = Ring(self._end, self._series, self._size)
            ring.put(self._end, sample)
        self._end += 1

    def forget(self, key: str) -> None:
        """Drop the ring of a process or of a pool."""
        self._rings.pop(key, None)

    @property
    def dropped(self) -> int:
        """Return how many samples of the present rings were dropped because they are too old."""
        return sum(ring.dropped for ring in self._rings.values())

    def of(self, key: str, points: int = SAMPLES) -> JsonDict:
        """Return the series of one key, with at most ``points`` samples; all None if the key is unknown."""
        columns = self._columns(min(points, _SAMPLES_PER_REPLY))
        return (
            self._rings[key].at(columns) if key in self._rings else {name: [None] * len(columns) for name in self.names}
        )

    def as_reply(self, process: str | None = None, points: int = SAMPLES) -> JsonDict:
        """Return the answer to `control.History`: the series of one process or of all, with at most ``points`` each.

        With fewer points than samples, every n-th is returned, counted back from the newest.  All series together have
        at most 60,000 samples.
        """
        if process is not None and process not in self._rings:
            raise NoSuchProcess(f"no samples of process {process}")
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
