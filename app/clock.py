"""One time for all records: the wall clock of the start, continued by a clock that nobody can set.

A duration is the difference of two moments, so it stays right when somebody sets the system clock.  The launcher
chooses the epoch, and the supervisor and the web process count from it, also after they were restarted.
"""

import time

from app.linux import proc
from app.records.primitives import Now

#: NTP corrects the clock by less.
_MIN_STEP_S = 2.0


class Clock:
    """Tells the time from an epoch: the given one, or else that of this moment."""

    def __init__(self, since: float = 0.0) -> None:
        self.epoch = since or proc.booted_at()
        self._offset_s = 0.0

    def now(self) -> Now:
        """Return this moment."""
        return Now(mono=time.monotonic(), wall=self.epoch + time.clock_gettime(time.CLOCK_BOOTTIME))

    def notice(self) -> str | None:
        """Return a sentence if the system clock was set since the last call."""
        offset_s = proc.booted_at() - self.epoch
        step_s, self._offset_s = offset_s - self._offset_s, offset_s
        if abs(step_s) < _MIN_STEP_S:
            return None
        text = f"the system clock was set {'forward' if step_s > 0 else 'back'} by {abs(step_s):,.0f} s"
        if abs(offset_s) < _MIN_STEP_S:
            return f"{text}: it agrees again with the times shown here"
        return f"{text}: the times shown here follow the earlier clock until `procession serve` is restarted"
