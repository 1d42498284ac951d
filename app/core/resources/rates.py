"""Rates and ages from counters that only grow.  Pure; moments are monotonic."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from typing import NamedTuple

#: A rate is over this much of the past; the age of the oldest item reaches as far as the samples do.
RATE_S = 3.0
_SAMPLES = 2400  # ten minutes of looks at four a second


class _Sample(NamedTuple):
    at: float
    puts: int
    gets: int


class Tally:
    """Puts and gets of one queue by all of its users, living and dead."""

    def __init__(self) -> None:
        self._past_puts = self._past_gets = 0
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)

    def bury(self, puts: int, gets: int) -> None:
        """One user is no more; what it did stays counted."""
        self._past_puts += puts
        self._past_gets += gets

    def look(self, puts: int, gets: int, now: float) -> None:
        """What the living have counted by now."""
        sample = _Sample(now, self._past_puts + puts, self._past_gets + gets)
        # A queue at rest needs its newest sample alone.
        if len(self._samples) > 1 and self._samples[-1][1:] == sample[1:] == self._samples[-2][1:]:
            self._samples.pop()
        self._samples.append(sample)

    def rates(self) -> tuple[float | None, float | None]:
        """Puts and gets a second; None until two looks were taken."""
        if len(self._samples) < 2:
            return None, None
        newest = self._samples[-1]
        before = next((one for one in reversed(self._samples) if newest.at - one.at >= RATE_S), self._samples[0])
        # A queue at rest has no sample in between: then its last change is not smeared over the whole of the pause.
        elapsed = max(newest.at - before.at, 1e-6) if newest.at - before.at < 2 * RATE_S else RATE_S
        return round((newest.puts - before.puts) / elapsed, 2), round((newest.gets - before.gets) / elapsed, 2)

    def oldest_s(self) -> float | None:
        """For how long the oldest item has been in there: since the puts came to be more than the gets are by now."""
        if not self._samples or self._samples[-1].puts <= self._samples[-1].gets:
            return None
        newest = self._samples[-1]
        place = bisect_right(self._samples, newest.gets, key=lambda sample: sample.puts)
        return newest.at - self._samples[min(place, len(self._samples) - 1)].at
