"""Who has acquired some of a semaphore, and how many of its places the dead have taken along.  Pure.

A semaphore begins with so many places.  Those that are free and those that living processes have acquired make all of
them; what is missing was acquired by somebody who died::

    whole = value + acquired by the living + lost

Care is due, as with locks (`ownership`): value and counts are not of one moment, so nothing is said before it was so
several times.  A semaphore that one releases and another acquires is a signal: its places belong to nobody, and none
of them is ever lost.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Looks in a row, and for how long, until a sum is believed.
_LOOKS, _LOOKS_S = 3, 1.0


@dataclass(slots=True)
class Places:
    """``acquired_by`` is None before the first look; ``dead`` was the last that died with some."""

    acquired_by: tuple[int, ...] | None = None
    lost: int = 0
    dead: int | None = None
    _counts: dict[int, int] = field(default_factory=dict)
    _is_signal: bool = False
    _missing: int = 0
    _looks: int = 0
    _since: float = 0.0

    def look(
        self, value: int, counts: Mapping[int, int | None], whole: int | None, now: float, *, somebody_died: bool
    ) -> None:
        """Take what was seen: ``counts`` of all living users (None: not readable), ``whole`` where it was told."""
        self._is_signal |= any((count or 0) < 0 for count in counts.values())
        if self._is_signal:
            self.acquired_by, self.lost = (), 0
            return
        self.dead = next((pid for pid in self._counts if pid not in counts), self.dead)
        # Of one that is just dying nothing can be read any more.
        now_known = {pid: self._counts.get(pid, 0) if count is None else count for pid, count in counts.items()}
        self._counts = {pid: count for pid, count in now_known.items() if count}
        self.acquired_by = tuple(sorted(self._counts))
        known = whole is not None and None not in counts.values()
        self._believe((whole or 0) - value - sum(self._counts.values()) if known else 0, now)
        if self._looks >= _LOOKS and now - self._since >= _LOOKS_S:
            # More than there are: somebody released what he had not acquired, and is gone.
            self._is_signal = self._missing < 0
            self.lost = max(0, self._missing) if somebody_died else 0

    def restored(self) -> None:
        """One of those that were lost was released in the place of the dead."""
        self.lost -= 1
        self._looks = 0

    def _believe(self, missing: int, now: float) -> None:
        if missing != self._missing or not missing:
            self._missing, self._looks, self._since = missing, 0, now
        if not missing:
            self.lost = 0
        self._looks += 1
