"""What is told of what was found: only what lasts, and without flicker.  Pure; ``now`` is monotonic.

What is read from outside is never of one moment: a lock changes hands between two readings.  So a candidate becomes a
finding only when it was found at every look for a while and its ``mark``, what must not change meanwhile, was the
same; and a finding that one look misses is told on for a moment.
"""

from __future__ import annotations

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
    """What may become a finding after ``after_s`` with the same ``mark``; 0 for what was told and not read."""

    finding: Finding
    mark: Hashable = None
    after_s: float = LASTS_S


class _Seen(Struct):
    candidate: Candidate
    since: float
    at: float
    told: bool = False


class Settling:
    """Remembers since when each candidate is the same."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def settle(self, candidates: Iterable[Candidate], now: float) -> tuple[Finding, ...]:
        """What is to be told now, in the order in which it was first seen."""
        for candidate in candidates:
            self._see(candidate, now)
        self._seen = {key: seen for key, seen in self._seen.items() if _stays(seen, now)}
        for seen in self._seen.values():
            seen.told = seen.told or now - seen.since >= seen.candidate.after_s
        return tuple(seen.candidate.finding for seen in self._seen.values() if seen.told)

    def next_deadline(self) -> float | None:
        """When a look would have something new to tell, if nothing changed; None where nothing is about to."""
        waiting = (seen.since + seen.candidate.after_s for seen in self._seen.values() if not seen.told)
        return min(waiting, default=None)

    def _see(self, candidate: Candidate, now: float) -> None:
        seen = self._seen.get(candidate.finding.id)
        if seen is None or seen.candidate.mark != candidate.mark:
            self._seen[candidate.finding.id] = _Seen(candidate=candidate, since=now, at=now)
        else:
            seen.candidate, seen.at = _as_first_seen(candidate, seen.candidate.finding.since), now


def _as_first_seen(candidate: Candidate, since: float) -> Candidate:
    return replace(candidate, finding=replace(candidate.finding, since=since))


def _stays(seen: _Seen, now: float) -> bool:
    return seen.at == now or (seen.told and now - seen.at < MISSED_S)
