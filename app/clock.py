"""One time for all records: the wall clock of the start, continued by a clock that nobody can set.

A duration is the difference of two moments, so it stays right when somebody sets the system clock.  The launcher
chooses the epoch, and the supervisor and the web process count from it, also after they were restarted.
"""

import time

from app.records.primitives import Now

#: Less is a correction that NTP makes in small steps.
_SET_S = 2.0


def epoch() -> float:
    """Return when the machine started, by the wall clock as it is now."""
    return time.time() - _since_boot()


def _since_boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Clock:
    """Counts from an epoch; without one, from that of this moment."""

    def __init__(self, since: float = 0.0) -> None:
        self.epoch = since or epoch()
        self._noticed = 0.0

    def now(self) -> Now:
        """Return this moment."""
        return Now(mono=time.monotonic(), wall=self.epoch + _since_boot())

    def notice(self) -> str | None:
        """Return a sentence if the system clock was set since the last call."""
        ahead_s = epoch() - self.epoch
        by_s, self._noticed = ahead_s - self._noticed, ahead_s
        if abs(by_s) < _SET_S:
            return None
        text = f"the system clock was set {'forward' if by_s > 0 else 'back'} by {abs(by_s):,.0f} s"
        if abs(ahead_s) < _SET_S:
            return f"{text}: it agrees with the times shown here again"
        return f"{text}: until `procession serve` is started again, times are shown by the clock as it was before"
