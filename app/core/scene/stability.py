"""Which candidates become findings: only those that last, and without flicker.  Pure; ``now`` is monotonic.

Readings from outside are not of one moment: a lock changes hands between two of them.  So a candidate becomes a
finding only after every look for a while has found it with the same ``fingerprint``, and a finding that one look
misses is reported a moment longer.
"""

from collections.abc import Hashable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from app.records.primitives import Record
from app.records.waits import Finding

#: Longer than any wait of a program that makes progress and is worth a look.
LASTS_S = 2.0
#: Two looks.
MISSED_S = 0.6


class Candidate(Record, frozen=True, kw_only=True):
    """What becomes a finding after ``after_s`` with the same ``fingerprint``; at once (0) if a process reported it.

    For up to ``gaps_s`` looks may miss it before that: a process that polls is not always in its wait.
    """

    finding: Finding
    fingerprint: Hashable = None
    after_s: float = LASTS_S
    gaps_s: float = 0.0


class _Tracked(Struct):
    candidate: Candidate
    since: float
    at: float
    reported: bool = False


class StabilityFilter:
    """Remembers since when each candidate has been the same."""

    def __init__(self) -> None:
        self._tracked: dict[str, _Tracked] = {}

    def update(self, candidates: Iterable[Candidate], now: float) -> tuple[Finding, ...]:
        """Take the candidates of one look; return the findings to report now, in the order first seen."""
        for candidate in candidates:
            self._track(candidate, now)
        self._tracked = {key: one for key, one in self._tracked.items() if _stays(one, now)}
        for one in self._tracked.values():
            one.reported = one.reported or now - one.since >= one.candidate.after_s
        return tuple(one.candidate.finding for one in self._tracked.values() if one.reported)

    def next_deadline(self) -> float | None:
        """Return when the next candidate becomes a finding if nothing changes; None if there is none."""
        waiting = (one.since + one.candidate.after_s for one in self._tracked.values() if not one.reported)
        return min(waiting, default=None)

    def parties(self) -> tuple[int, ...]:
        """Return the processes that the candidates are about, each once."""
        return tuple(dict.fromkeys(pid for one in self._tracked.values() for pid in one.candidate.finding.pids))

    def _track(self, candidate: Candidate, now: float) -> None:
        known = self._tracked.get(candidate.finding.id)
        if known is None or known.candidate.fingerprint != candidate.fingerprint:
            self._tracked[candidate.finding.id] = _Tracked(candidate=candidate, since=now, at=now)
        else:
            known.candidate, known.at = _as_first_seen(candidate, known.candidate.finding.since), now


def _as_first_seen(candidate: Candidate, since: float) -> Candidate:
    return replace(candidate, finding=replace(candidate.finding, since=since))


def _stays(tracked: _Tracked, now: float) -> bool:
    missed_s = max(MISSED_S if tracked.reported else 0.0, tracked.candidate.gaps_s)
    return tracked.at == now or now - tracked.at < missed_s
