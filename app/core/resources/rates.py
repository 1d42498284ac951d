"""Rates and ages from counters that only grow.  Pure; moments are monotonic."""

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


class Traffic:
    """The puts and gets of one queue by all its users, living and dead."""

    def __init__(self) -> None:
        self._past_puts = self._past_gets = 0
        self._samples: deque[_Sample] = deque(maxlen=_SAMPLES)

    def add_dead(self, puts: int, gets: int) -> None:
        """Keep counting the puts and gets of a user that has ended."""
        self._past_puts += puts
        self._past_gets += gets

    def look(self, puts: int, gets: int, now: float) -> None:
        """Take what the living users have counted."""
        sample = _Sample(now, self._past_puts + puts, self._past_gets + gets)
        # Of a queue at rest only the newest sample is needed.
        if len(self._samples) > 1 and self._samples[-1][1:] == sample[1:] == self._samples[-2][1:]:
            self._samples.pop()
        self._samples.append(sample)

    @property
    def puts(self) -> int | None:
        """Return how many items were put so far; None before the first look."""
        return self._samples[-1].puts if self._samples else None

    @property
    def left(self) -> int:
        """Return how many items were put and not taken."""
        return self._samples[-1].puts - self._samples[-1].gets if self._samples else 0

    def rates(self) -> tuple[float | None, float | None]:
        """Return puts and gets per second; None before two looks."""
        if len(self._samples) < 2:
            return None, None
        newest = self._samples[-1]
        before = next((one for one in reversed(self._samples) if newest.at - one.at >= RATE_S), self._samples[0])
        # A queue at rest has no samples in between: its last change is not spread over the whole pause.
        elapsed = max(newest.at - before.at, 1e-6) if newest.at - before.at < 2 * RATE_S else RATE_S
        return round((newest.puts - before.puts) / elapsed, 2), round((newest.gets - before.gets) / elapsed, 2)

    def oldest_s(self) -> float | None:
        """Return the age of the oldest item: since the puts first exceeded the present gets."""
        if not self._samples or self._samples[-1].puts <= self._samples[-1].gets:
            return None
        newest = self._samples[-1]
        at = bisect_right(self._samples, newest.gets, key=lambda sample: sample.puts)
        return newest.at - self._samples[min(at, len(self._samples) - 1)].at
