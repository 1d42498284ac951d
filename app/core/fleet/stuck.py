"""Whether a process makes progress, and the reason in words if it does not.

Pure.  A process that reports (`procession.report`) is judged by its reports, busy or not.  Any other is judged by its
CPU time and, once that has not moved for the limit, by what it is blocked on: a wait for a lock, a pipe or a socket may
never end; a timed sleep or a server's wait for events is no reason for alarm.
"""

from msgspec import Struct

from app.records.process import Process, State, Stuck
from app.records.wording import duration

#: One clock tick a second: less than that is no work but a heartbeat thread or a periodic wake-up.
BUSY_PERCENT = 1.0
_PROBE_AGAIN_S = 5.0
_WATCHED = frozenset({State.STARTING, State.RUNNING})


class ProgressWatch(Struct):
    """The progress of one process; times are monotonic seconds."""

    since: float
    reported_at: float | None = None
    complete: bool = False
    busy_at: float = 0.0
    busy_percent: float = 0.0
    probed_at: float = -1e9
    blocked: str = ""
    frame: str = ""

    def reported(self, done: float, total: float | None, now: float) -> None:
        self.reported_at = now
        self.complete = total is not None and done >= total

    def sampled(self, cpu_percent: float | None, now: float) -> None:
        self.busy_percent = cpu_percent or 0.0
        if self.busy_percent > BUSY_PERCENT:
            self.busy_at = now

    def quiet_since(self) -> float:
        """Return since when there is no sign of progress."""
        if self.reported_at is not None:
            return self.reported_at
        return max(self.since, self.busy_at)

    def quiet(self, process: Process, limit_s: float, now: float) -> bool:
        """Return whether there was no progress for the limit."""
        if process.state not in _WATCHED or self.complete:
            return False
        return now - self.quiet_since() >= limit_s

    def wants_probe(self, now: float) -> bool:
        """Return whether it is time to look (again) at what it is blocked on, and count that as done."""
        if now - self.probed_at < _PROBE_AGAIN_S:
            return False
        self.probed_at = now
        return True

    def diagnosis(self, process: Process, now: float, wall: float) -> Stuck:
        """Return the diagnosis in words; its ``since`` is wall clock."""
        quiet_s = now - self.quiet_since()
        detail = "; ".join(filter(None, (self._last_report(process), self.frame or self.blocked)))
        reason = "; ".join(filter(None, (f"no progress for {duration(quiet_s)}", detail)))
        return Stuck(since=wall - quiet_s, reason=reason, detail=detail)

    def _last_report(self, process: Process) -> str:
        if process.progress is None:
            return ""
        of = "" if process.progress.total is None else f" of {process.progress.total:g}"
        busy = f", {self.busy_percent:.0f} % of a core" if self.busy_percent > BUSY_PERCENT else ""
        return f"last report {process.progress.done:g}{of}{busy}"
