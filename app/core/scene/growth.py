"""Which numbers grow and never fall again: exited children, open files.  Pure; ``at`` is of the wall clock.

Of each number only its *levels* are kept: since when it has never been below a value.  One that goes up and down has
few of them; one that leaks has one for each rise::

    count   2 3 5 4 4 6 7      levels: 2 since the first look, 3 since the second, 4 since the third, 6, 7
"""

from collections.abc import Hashable, Mapping
from typing import Generic, NamedTuple, TypeVar

from app.records.wording import duration

#: So many rises make a growth; fewer may be a program that starts.
_RISES = 5
_MAX_LEVELS = 64
#: A growth is over when no rise came for so many of its usual pauses, and for so long.
_PAUSES, _PAUSE_S = 4.0, 4.0
#: From so many a second on, they are counted by the second.
_MANY_PER_S = 2.5

K = TypeVar("K", bound=Hashable)


class Growth(NamedTuple):
    """A number that grows: how much it grew since ``since``, and by how much a second."""

    grown: int
    per_s: float
    since: float

    @property
    def words(self) -> str:
        """Return ``one more every 0.5 s`` or ``12 more every second``."""
        if self.per_s >= _MANY_PER_S:
            return f"{round(self.per_s)} more every second"
        return f"one more every {duration(1 / self.per_s)}"


class _Level(NamedTuple):
    since: float
    value: int


class Growing(Generic[K]):
    """Remembers the levels of numbers by key."""

    def __init__(self) -> None:
        self._levels: dict[K, list[_Level]] = {}

    def look(self, counts: Mapping[K, int], at: float) -> dict[K, Growth]:
        """Take what was counted, and return what grows steadily; what is not counted any more is forgotten."""
        self._levels = {key: _with(self._levels.get(key, []), count, at) for key, count in counts.items()}
        found = ((key, _growth(levels, at)) for key, levels in self._levels.items())
        return {key: growth for key, growth in found if growth}


def _with(levels: list[_Level], count: int, at: float) -> list[_Level]:
    since = at
    while levels and levels[-1].value > count:
        since = levels.pop().since
    if not levels or levels[-1].value < count:
        levels.append(_Level(since, count))
    # Of many the newest: a growth is judged by how it is now.
    return levels[-_MAX_LEVELS:]


def _growth(levels: list[_Level], at: float) -> Growth | None:
    if len(levels) <= _RISES:
        return None
    first, last = levels[0], levels[-1]
    lasted, grown = last.since - first.since, last.value - first.value
    if lasted <= 0 or at - last.since > max(_PAUSES * lasted / (len(levels) - 1), _PAUSE_S):
        return None
    return Growth(grown, grown / lasted, first.since)
