"""Which processes have acquired a semaphore, and how many of its slots dead processes held.  Pure.

A semaphore has a fixed number of slots.  Each is free or acquired by a living process; a missing one was acquired by a
process that died::

    whole = value + acquired by the living + lost

As with locks (`lock_owners`), value and counts are not of one moment, so a sum is believed only after several looks.  A
semaphore that one process releases and another acquires is a signal: its slots have no owner, and none is ever lost.
"""

from collections.abc import Mapping

from msgspec import Struct, field

#: How many looks in a row, and for how long, until a sum is believed.
_LOOKS, _LOOKS_S = 3, 1.0


class SemaphoreSlots(Struct):
    """The slots of a semaphore; ``acquired_by`` is None before the first look, ``dead`` the last that died with one."""

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
        """Take what was read: ``counts`` of all living users (None: unreadable), ``whole`` if it was reported."""
        self._is_signal |= any((count or 0) < 0 for count in counts.values())
        if self._is_signal:
            self.acquired_by, self.lost = (), 0
            return
        self.dead = next((pid for pid in self._counts if pid not in counts), self.dead)
        # Nothing can be read of a process that is just dying.
        now_known = {pid: self._counts.get(pid, 0) if count is None else count for pid, count in counts.items()}
        self._counts = {pid: count for pid, count in now_known.items() if count}
        self.acquired_by = tuple(sorted(self._counts))
        known = whole is not None and None not in counts.values()
        self._believe((whole or 0) - value - sum(self._counts.values()) if known else 0, now)
        if self._looks >= _LOOKS and now - self._since >= _LOOKS_S:
            # More slots than there are: a process released what it had not acquired, and is gone.
            self._is_signal = self._missing < 0
            self.lost = max(0, self._missing) if somebody_died else 0

    def restored(self) -> None:
        """Record that a lost slot was released in the place of its dead holder."""
        self.lost -= 1
        self._looks = 0

    def _believe(self, missing: int, now: float) -> None:
        if missing != self._missing or not missing:
            self._missing, self._looks, self._since = missing, 0, now
        if not missing:
            self.lost = 0
        self._looks += 1
