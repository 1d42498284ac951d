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
    """The slots of a semaphore; ``acquired_by`` is None before the first look.

    ``taken``: by pid of a process that died with slots, how many it had acquired.  ``_gone``: those that were seen with
    slots and are gone; they may have released them at the end.
    """

    acquired_by: tuple[int, ...] | None = None
    lost: int = 0
    taken: dict[int, int] = field(default_factory=dict)
    _counts: dict[int, int] = field(default_factory=dict)
    _gone: dict[int, int] = field(default_factory=dict)
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
        self._gone |= {pid: count for pid, count in self._counts.items() if pid not in counts}
        # Nothing can be read of a process that is just dying.
        now_known = {pid: self._counts.get(pid, 0) if count is None else count for pid, count in counts.items()}
        self._counts = {pid: count for pid, count in now_known.items() if count}
        self.acquired_by = tuple(sorted(self._counts))
        known = whole is not None and None not in counts.values()
        missing = (whole or 0) - value - sum(self._counts.values()) if known else 0
        if known and not missing:
            self._gone, self.taken = {}, {}
        self._believe(missing, now)
        if self._looks >= _LOOKS and now - self._since >= _LOOKS_S:
            # More slots than there are: a process released what it had not acquired, and is gone.
            self._is_signal = self._missing < 0
            lost = max(0, self._missing) if somebody_died else 0
            self._attribute(lost - self.lost)
            self.lost = lost

    @property
    def lost_to(self) -> tuple[int, ...]:
        """Return the dead processes that are known to have acquired the lost slots, one for each slot."""
        each = [pid for pid, count in self.taken.items() for _ in range(min(count, self.lost))]
        return tuple(each[-self.lost :]) if self.lost else ()

    @property
    def dead(self) -> int | None:
        """Return the last process that died with a slot."""
        return next(reversed(self.taken), None)

    def restored(self) -> int | None:
        """Record that a lost slot was released in the place of its dead holder, and return that, if it is known."""
        pid = next(iter(self.lost_to), None)
        if pid is not None:
            self.taken[pid] -= 1
            if not self.taken[pid]:
                del self.taken[pid]
        self.lost -= 1
        self._looks = 0
        return pid

    def _attribute(self, newly: int) -> None:
        """Name who acquired the slots that are newly lost: of those that are gone, some may have released theirs."""
        gone, self._gone = self._gone, {}
        if 0 < sum(gone.values()) <= newly:
            self.taken |= gone
        elif newly > 0 and len(gone) == 1:
            self.taken |= dict.fromkeys(gone, newly)

    def _believe(self, missing: int, now: float) -> None:
        if missing != self._missing or not missing:
            self._missing, self._looks, self._since = missing, 0, now
        if not missing:
            self.lost = 0
        self._looks += 1
