"""Which fields of the pool's state the supervisor has to be sent: those that changed.

Durations change all the time.  A list in which nothing else has changed is sent only now and then, so that an idle pool
costs next to nothing, and a busy one of 256 workers no more than necessary.
"""

from typing import Any

#: Fields of the lists' records that change by themselves.
_CLOCKS = {
    "workers": frozenset(("busy_s", "uptime_s", "working_share")),
    "jobs": frozenset(("elapsed_s", "tasks_per_s", "left_s")),
}
BUSY_S = 1.0
IDLE_S = 10.0


class Changes:
    """Remembers what was sent, and when."""

    def __init__(self) -> None:
        self._told: dict[str, Any] = {}
        self._still: dict[str, Any] = {}
        self._at: dict[str, float] = {}

    def since(self, state: dict[str, Any], now: float) -> dict[str, Any]:
        """Return the fields to send now, and remember them as sent."""
        is_busy = bool(state["running"] or state["queued"])
        changed = {name: value for name, value in state.items() if self._has_changed(name, value, now, is_busy)}
        self._told |= changed
        for name in changed.keys() & _CLOCKS.keys():
            self._still[name], self._at[name] = _without_clocks(name, changed[name]), now
        return changed

    def _has_changed(self, name: str, value: Any, now: float, is_busy: bool) -> bool:  # noqa: FBT001 - private
        if name in self._told and self._told[name] == value:
            return False
        if name not in self._at or now - self._at[name] >= (BUSY_S if is_busy else IDLE_S):
            return True
        return bool(_without_clocks(name, value) != self._still[name])


def _without_clocks(name: str, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    clocks = _CLOCKS[name]
    return [{key: value for key, value in record.items() if key not in clocks} for record in records]
