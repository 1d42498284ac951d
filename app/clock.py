"""One time for all records: the wall clock of the start, continued by a clock that nobody can set.

A duration is the difference of two moments, so it stays right when somebody sets the system clock.  The launcher
chooses the epoch, and the supervisor and the web process count from it, also after they were restarted.
"""

import time

from app.records.primitives import Now

#: NTP corrects the clock by less.
_MIN_STEP_S = 2.0


def epoch() -> float:
    """Return when the machine started, by the wall clock as it is now."""
    return time.time() - _since_boot()


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """Tells the time from an epoch: the given one, or else that of this moment."""

    def __init__(self, since: float = 0.0) -> None:
        self.epoch = since or epoch()
        self._offset_s = 0.0

    def now(self) -> Now:
        """Return this moment."""
        return Now(mono=time.monotonic(), wall=self.epoch + _since_boot())

    def notice(self) -> str | None:
        """Return a sentence if the system clock was set since the last call."""
        offset_s = epoch() - self.epoch
        step_s, self._offset_s = offset_s - self._offset_s, offset_s
        if abs(step_s) < _MIN_STEP_S:
            return None
        text = f"the system clock was set {'forward' if step_s > 0 else 'back'} by {abs(step_s):,.0f} s"
        if abs(offset_s) < _MIN_STEP_S:
            return f"{text}: it agrees again with the times shown here"
        return f"{text}: the times shown here follow the earlier clock until `procession serve` is restarted"
