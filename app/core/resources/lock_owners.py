"""Who holds a lock, and whether its holder is dead.  Pure.

A semaphore does not record who acquired it.  Each process counts how often it acquired it less how often it released it
(`layouts.SemLock.taken`), and a process under owner tracking notes in its page, which outlives it, when it last
acquired it.  A lock that is taken although no living process has it is abandoned.  The readings are not of one moment,
so:

- a process that has just acquired the lock counts it only when it runs in Python again: a lock is called abandoned
  only after several looks in a row;
- a lock that one process acquires and another releases (a baton) leaves meaningless counts: its holder is unknown;
- a process whose memory may not be read may have it.
"""

from collections.abc import Mapping

from msgspec import Struct

#: How many looks in a row, and for how long, until a lock that no process has is called abandoned: if its dead holder
#: was seen, and if not.
_SEEN_LOOKS, _SEEN_S = 2, 0.2
_UNSEEN_LOOKS, _UNSEEN_S = 3, 1.0


class Holding(Struct):
    """The holder of a lock, by its thread ``tid`` (0: the main thread, or unknown); ``since`` is monotonic.

    ``last``: the process last seen to hold it, maybe dead.
    """

    holder: int | None = None
    tid: int = 0
    since: float | None = None
    unknown: bool = False
    abandoned: bool = False
    last: int | None = None
    _nobody_looks: int = 0
    _nobody_since: float = 0.0

    def free(self) -> None:
        self.holder = self.since = self.last = None
        self.unknown = self.abandoned = False
        self._nobody_looks = 0

    def held_by(self, pid: int, since: float) -> None:
        """Record the holder; ``since``: when it was first seen, or reported."""
        if self.holder != pid or self.since is None:
            self.since, self.tid = since, 0
        self.holder = self.last = pid
        self.unknown = self.abandoned = False
        self._nobody_looks = 0

    def unclear(self) -> None:
        """Record that it is taken, by an unknown process."""
        self.holder = self.since = None
        self.unknown, self.abandoned = True, False
        self._nobody_looks = 0

    def no_living_holder(self, dead_holder: int | None, now: float, *, somebody_died: bool) -> None:
        """Record that it is taken, but by no living process; ``dead_holder`` had it when it died."""
        if not self._nobody_looks:
            self._nobody_since = now
        self._nobody_looks += 1
        looks, seconds = (_UNSEEN_LOOKS, _UNSEEN_S) if dead_holder is None else (_SEEN_LOOKS, _SEEN_S)
        lasts = self._nobody_looks >= looks and now - self._nobody_since >= seconds
        if lasts and (somebody_died or dead_holder is not None):
            self.holder, self.unknown, self.abandoned = dead_holder, dead_holder is None, True
            self.since = self.since or self._nobody_since
        elif not self.abandoned:
            self.holder, self.unknown = None, True


def judge(
    holding: Holding,
    counts: Mapping[int, int | None],
    owners: Mapping[int, float],
    dead_owners: Mapping[int, float],
    now: float,
    *,
    somebody_died: bool,
) -> None:
    """Record who holds a lock that is taken.

    ``counts``: of all living users (None: unreadable); ``owners``, ``dead_owners``: when each noted an acquisition.
    """
    having = [pid for pid, count in counts.items() if count is not None and count > 0]
    noted = {**owners, **dead_owners}
    newest = max(noted, key=noted.__getitem__, default=None)
    if len(having) == 1 and not _is_baton(counts):
        holding.held_by(having[0], owners.get(having[0], now))
    elif newest is not None and newest in owners and (newest in having or counts.get(newest) is None):
        holding.held_by(newest, owners[newest])
    elif having or (newest not in dead_owners and (None in counts.values() or _is_baton(counts))):
        holding.unclear()
    else:
        last = holding.last if holding.last not in counts else None
        holding.no_living_holder(newest if newest in dead_owners else last, now, somebody_died=somebody_died)


def _is_baton(counts: Mapping[int, int | None]) -> bool:
    return any(count is not None and count < 0 for count in counts.values())
